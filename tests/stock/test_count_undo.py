"""A posted count taken back: the ledger as if it had not been posted, refused where others built on it."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from inventory_site.common.errors import WrongState
from inventory_site.common.models import Audit
from stock import services
from stock.errors import CountedSince, InsufficientStock, OfDocument
from stock.models import StockLevel, StockMovement
from stock.services import Sent

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]


@pytest.fixture
def manager(make_user):
    return make_user("manager")


@pytest.fixture
def cup(make_product, receive):
    cup = make_product("CUP")
    receive(cup, 10, effective_at=timezone.now() - timedelta(days=2))
    return cup


def counted(cup, warehouse, manager, pieces: int, ago: int = 60):
    """A posted count of so many minutes ago."""
    count = services.open_count(warehouse=warehouse, actor=manager, products=[cup])
    at = timezone.now() - timedelta(minutes=ago)
    services.record_entries(count=count, entries=[Sent(uuid.uuid4(), cup.sku, pieces, at)], actor=manager)
    return services.post_count(count=count, actor=manager)


def on_hand() -> int:
    return StockLevel.objects.get().on_hand


def test_its_differences_are_reversed_at_their_own_moments(cup, warehouse, manager):
    count = counted(cup, warehouse, manager, 7)
    services.adjust(product=cup, warehouse=warehouse, quantity=-1, reason="adjustment", actor=manager)
    undone = services.undo_count(count=count, actor=manager)
    assert (undone.state, undone.undone_by, on_hand()) == ("undone", manager, 9)
    was, back = StockMovement.objects.filter(reference=count.number).order_by("pk")
    assert (back.quantity, back.reason, back.reverses, back.effective_at) == (3, "reversal", was, was.effective_at)
    assert count.lines.get().state == "counted"
    assert Audit.objects.filter(action="stock.undo_count").count() == 1
    assert not StockLevel.objects.differing_from_ledger().exists()


def test_it_is_undone_once_and_only_when_it_is_posted(cup, warehouse, manager):
    waiting = services.open_count(warehouse=warehouse, actor=manager)
    with pytest.raises(WrongState, match="only a posted count"):
        services.undo_count(count=waiting, actor=manager)
    count = counted(cup, warehouse, manager, 7)
    services.undo_count(count=count, actor=manager)
    with pytest.raises(WrongState, match="is undone"):
        services.undo_count(count=count, actor=manager)
    assert on_hand() == 10


def test_a_count_on_which_another_was_built_stays(cup, warehouse, manager):
    first = counted(cup, warehouse, manager, 7)
    counted(cup, warehouse, manager, 10, ago=30)
    with pytest.raises(CountedSince, match=f"CUP: counted again since {first.number}"):
        services.undo_count(count=first, actor=manager)
    assert (on_hand(), first.__class__.objects.get(pk=first.pk).state) == (10, "posted")


@pytest.mark.parametrize("reference", ["", "inventory"])
def test_so_does_one_after_which_a_quantity_was_typed(cup, warehouse, manager, reference):
    first = counted(cup, warehouse, manager, 7)
    services.set_on_hand(product=cup, warehouse=warehouse, counted=10, actor=manager, reference=reference)
    with pytest.raises(CountedSince):
        services.undo_count(count=first, actor=manager)
    assert on_hand() == 10


def test_the_newest_first_and_then_the_one_before_can_be_undone(cup, warehouse, manager):
    first = counted(cup, warehouse, manager, 7)
    second = counted(cup, warehouse, manager, 10, ago=30)
    services.undo_count(count=second, actor=manager)
    services.undo_count(count=first, actor=manager)
    assert on_hand() == 10
    assert not StockLevel.objects.differing_from_ledger().exists()


def test_pieces_that_it_found_and_that_are_promised_are_not_taken_away(cup, warehouse, manager):
    count = counted(cup, warehouse, manager, 12)
    services.allocate(claims=[services.Claim(uuid.uuid4(), cup.pk, warehouse.pk, 11)])
    with pytest.raises(InsufficientStock, match="2 asked, 1 available"):
        services.undo_count(count=count, actor=manager)
    assert (on_hand(), count.lines.get().state) == (12, "posted")


def test_an_open_count_reads_the_shelf_as_it_is_after_the_undoing(cup, warehouse, manager):
    wrong = counted(cup, warehouse, manager, 7)
    count = services.open_count(warehouse=warehouse, actor=manager, products=[cup])
    services.record_entries(count=count, entries=[Sent(uuid.uuid4(), "CUP", 10, timezone.now())], actor=manager)
    assert count.lines.get().delta == 3
    services.undo_count(count=wrong, actor=manager)
    services.post_count(count=count, actor=manager)
    assert (on_hand(), count.lines.get().delta) == (10, 0)


def test_its_movement_is_not_reversed_alone(cup, warehouse, manager):
    count = counted(cup, warehouse, manager, 7)
    with pytest.raises(OfDocument, match=rf"a count \({count.number}\): undo that count, or count CUP again"):
        services.reverse_movement(movement=StockMovement.objects.get(reference=count.number), actor=manager)
    assert on_hand() == 7
    services.undo_count(count=count, actor=manager)
    assert on_hand() == 10


def test_a_count_without_difference_stays_too_where_a_late_act_was_settled_with_it(cup, warehouse, manager):
    wish = {"product": cup, "warehouse": warehouse, "actor": manager}
    first = counted(cup, warehouse, manager, 10)
    at = timezone.now() - timedelta(minutes=90)
    services.report_damage(damage=services.Damage(cup, warehouse, 3, is_scrapped=True, at=at), actor=manager)
    services.set_on_hand(**wish, counted=9, reference="inventory")
    with pytest.raises(CountedSince, match=f"CUP: counted again since {first.number}"):
        services.undo_count(count=first, actor=manager)
    assert on_hand() == 9


@pytest.mark.api
def test_it_is_undone_over_the_api_by_who_may_approve(cup, warehouse, manager, make_user, api_of):
    count = counted(cup, warehouse, manager, 7)
    address = f"/api/v1/stock-counts/{count.number}/undo/"
    assert api_of(make_user("clerk", warehouse)).post(address, {}, format="json").status_code == 403
    undone = api_of(manager).post(address, {}, format="json")
    assert (undone.status_code, undone.json()["state"], on_hand()) == (200, "undone", 10)
    again = api_of(manager).post(address, {}, format="json")
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")
