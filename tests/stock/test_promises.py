"""Promises from several warehouses, handed over, and with an end."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest

from stock import services
from stock.errors import InsufficientStock, InvalidQuantity, NotAllocated
from stock.models import Allocation, StockLevel

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]
UNTIL = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def tallinn(make_warehouse):
    return make_warehouse("tallinn", priority=1)


@pytest.fixture
def cup(make_product, receive, warehouse, tallinn):
    """4 in riga, 3 in tallinn."""
    product = make_product("CUP")
    receive(product, 4)
    receive(product, 3, tallinn)
    return product


@pytest.fixture
def promise(cup, warehouse, tallinn):
    def promise(quantity, strategy="priority", **fields) -> uuid.UUID:
        holder = uuid.uuid4()
        claim = services.Claim(holder, cup.pk, warehouse.pk, quantity, elsewhere=(tallinn.pk,), **fields)
        services.allocate(claims=[claim], strategy=strategy)
        return holder

    return promise


def held(**fields) -> list[tuple[str, int]]:
    rows = Allocation.objects.open().filter(**fields).oldest_first()
    return list(rows.values_list("level__warehouse__code", "quantity"))


def counters() -> dict[str, tuple[int, int]]:
    return {level.warehouse.code: (level.on_hand, level.allocated) for level in StockLevel.objects.all()}


def test_priority_starts_at_the_warehouse_with_the_lowest_number(promise):
    promise(5)
    assert held() == [("tallinn", 3), ("riga", 2)]
    assert counters() == {"riga": (4, 2), "tallinn": (3, 3)}


def test_the_first_choice_alone_is_asked_unless_the_caller_says_otherwise(promise):
    with pytest.raises(InsufficientStock, match=r"CUP: 5 asked, 4 available in riga\."):
        promise(5, strategy="first_choice")
    assert held() == []


def test_a_refusal_names_all_places_that_were_asked(promise):
    with pytest.raises(InsufficientStock, match=r"CUP: 8 asked, 7 available in riga, tallinn\."):
        promise(8)
    assert counters() == {"riga": (4, 0), "tallinn": (3, 0)}


def test_no_level_is_made_elsewhere(cup, warehouse, make_warehouse):
    claim = services.Claim(uuid.uuid4(), cup.pk, warehouse.pk, 1, elsewhere=(make_warehouse("vilnius").pk,))
    services.allocate(claims=[claim], strategy="most_stock")
    assert StockLevel.objects.count() == 2


@pytest.mark.parametrize("quantity", [0, -1, 1.5, True, "3", 2**63])
def test_what_is_no_number_of_pieces_is_refused_by_name(quantity, promise):
    with pytest.raises(InvalidQuantity, match=f"CUP: “{quantity}” is not a quantity"):
        promise(quantity)
    assert Allocation.objects.count() == 0


def test_shipping_within_a_warehouse_leaves_the_others_alone(promise, warehouse):
    holder = promise(5)
    with pytest.raises(NotAllocated, match="S1: 3 of CUP asked, only 2 allocated"):
        services.ship(quantities={holder: 3}, actor=None, reference="S1", within=[warehouse.pk])
    services.ship(quantities={holder: 2}, actor=None, reference="S1", within=[warehouse.pk])
    assert counters() == {"riga": (2, 0), "tallinn": (3, 3)}


def test_releasing_within_a_warehouse_leaves_the_others_alone(promise, tallinn):
    holder = promise(5)
    assert services.release(quantities={holder: None}, within=[tallinn.pk]) == 3
    assert held() == [("riga", 2)]


def test_promises_are_handed_over_oldest_first_and_keep_their_age_and_end(promise):
    old, new = promise(2, expires_at=UNTIL), uuid.uuid4()
    before = Allocation.objects.get()
    services.move_promises(moves=[services.PromiseMove(old, new, 1)])
    assert (held(holder=old), held(holder=new)) == ([("tallinn", 1)], [("tallinn", 1)])
    moved = Allocation.objects.get(holder=new)
    assert (moved.created_at, moved.expires_at) == (before.created_at, UNTIL)
    assert counters() == {"riga": (4, 0), "tallinn": (3, 2)}


def test_promises_move_back_within_the_named_warehouse(promise, warehouse):
    first, second = promise(5), uuid.uuid4()
    services.move_promises(moves=[services.PromiseMove(first, second, 2)], within=[warehouse.pk])
    assert (held(holder=first), held(holder=second)) == ([("tallinn", 3)], [("riga", 2)])
    services.move_promises(moves=[services.PromiseMove(second, first, 2)])
    assert held(holder=first) == [("tallinn", 3), ("riga", 2)]


def test_more_than_is_held_cannot_be_handed_over(promise):
    holder = promise(2)
    with pytest.raises(NotAllocated, match="3 of CUP asked, only 2 allocated"):
        services.move_promises(moves=[services.PromiseMove(holder, uuid.uuid4(), 3)])
    assert held(holder=holder) == [("tallinn", 2)]


def test_a_promise_handed_over_in_part_is_as_old_as_the_whole(promise, cup, tallinn, make_user):
    old, newest = promise(2), promise(1)
    heir = uuid.uuid4()
    services.move_promises(moves=[services.PromiseMove(old, heir, 1)])
    services.set_on_hand(product=cup, warehouse=tallinn, counted=2, actor=make_user("clerk"))
    assert (held(holder=newest), held(holder=heir), held(holder=old)) == ([], [("tallinn", 1)], [("tallinn", 1)])


def test_promises_end_when_they_are_told_to_and_become_firm(promise):
    holder = promise(5, expires_at=UNTIL)
    assert set(Allocation.objects.values_list("expires_at", flat=True)) == {UNTIL}
    services.keep_until(holders=[holder], expires_at=None)
    assert set(Allocation.objects.values_list("expires_at", flat=True)) == {None}
