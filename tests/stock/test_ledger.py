"""Movements, promises and their refusals, one at a time."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest

from inventory_site.common import outbox
from inventory_site.common.models import Audit, OutboxDelivery
from stock import services
from stock.errors import AlreadyReversed, InsufficientStock, InvalidQuantity, NotAllocated, NotInThePast, OfDocument
from stock.models import Allocation, StockLevel, StockMovement

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]
Reason = StockMovement.Reason


def only_level() -> StockLevel:
    return StockLevel.objects.get()


def issue(product, quantity, warehouse):
    entry = services.Entry(product.pk, warehouse.pk, -quantity, Reason.SHIPMENT)
    return services.post_movements(entries=[entry])


def claim(product, warehouse, quantity, **fields):
    return services.Claim(uuid.uuid4(), product.pk, warehouse.pk, quantity, **fields)


def test_issuing_more_than_available_changes_nothing(make_product, warehouse, receive):
    product = make_product("CUP")
    receive(product, 5)
    with pytest.raises(InsufficientStock, match="CUP: 6 asked, 5 available in riga"):
        issue(product, 6, warehouse)
    assert only_level().on_hand == 5
    assert StockMovement.objects.count() == 1


def test_a_batch_is_summed_per_level_and_refused_as_a_whole(make_product, warehouse, receive):
    cup, plate = make_product(), make_product()
    receive(cup, 5)
    receive(plate, 5)
    entries = [services.Entry(p.pk, warehouse.pk, -q, Reason.SHIPMENT) for p, q in ((cup, 3), (plate, 1), (cup, 3))]
    with pytest.raises(InsufficientStock, match="6 asked, 5 available"):
        services.post_movements(entries=entries)
    assert list(StockLevel.objects.order_by("pk").values_list("on_hand", flat=True)) == [5, 5]


@pytest.mark.parametrize("quantity", [0, 1.5, True, "3", 2**63, -(2**60), None])
def test_what_is_no_quantity_is_refused(quantity, make_product, warehouse):
    with pytest.raises(InvalidQuantity, match="is not a quantity"):
        services.post_movements(entries=[services.Entry(make_product().pk, warehouse.pk, quantity, Reason.RECEIPT)])
    assert StockMovement.objects.count() == 0


def test_allocating_the_same_product_twice_is_summed(make_product, warehouse, receive):
    product = make_product()
    receive(product, 5)
    with pytest.raises(InsufficientStock, match="6 asked, 5 available"):
        services.allocate(claims=[claim(product, warehouse, 3), claim(product, warehouse, 3)])
    assert only_level().allocated == 0
    assert Allocation.objects.count() == 0


def test_a_partial_claim_takes_what_the_whole_ones_leave(make_product, warehouse, receive):
    product = make_product()
    receive(product, 5)
    made = services.allocate(claims=[claim(product, warehouse, 4, is_partial=True), claim(product, warehouse, 3)])
    assert sorted(a.quantity for a in made) == [2, 3]
    assert only_level().available == 0


def test_shipping_part_of_a_promise_keeps_the_rest(make_product, warehouse, receive):
    product = make_product()
    receive(product, 10)
    promise = claim(product, warehouse, 6)
    services.allocate(claims=[promise])
    services.ship(quantities={promise.holder: 4}, actor=None, reference="S1")
    level = only_level()
    assert (level.on_hand, level.allocated) == (6, 2)
    assert set(Allocation.objects.values_list("state", "quantity")) == {("open", 2), ("shipped", 4)}


def test_shipping_more_than_promised_changes_nothing(make_product, warehouse, receive):
    product = make_product("CUP")
    receive(product, 10)
    promise = claim(product, warehouse, 2)
    services.allocate(claims=[promise])
    with pytest.raises(NotAllocated, match="S1: 3 of CUP asked, only 2 allocated"):
        services.ship(quantities={promise.holder: 3}, actor=None, reference="S1")
    assert (only_level().on_hand, only_level().allocated) == (10, 2)


def test_releasing_frees_the_newest_promise_first(make_product, warehouse, receive):
    product = make_product()
    receive(product, 10)
    holder = uuid.uuid4()
    for quantity in (2, 3):
        services.allocate(claims=[services.Claim(holder, product.pk, warehouse.pk, quantity)])
    assert services.release(quantities={holder: 4}) == 4
    assert list(Allocation.objects.open().values_list("quantity", flat=True)) == [1]
    assert only_level().allocated == 1


def test_a_count_below_the_promises_breaks_the_newest_of_them(make_product, warehouse, receive, make_user):
    product = make_product()
    receive(product, 10)
    first, second = claim(product, warehouse, 4), claim(product, warehouse, 4)
    services.allocate(claims=[first])
    services.allocate(claims=[second])
    services.set_on_hand(product=product, warehouse=warehouse, counted=5, actor=make_user("clerk"))
    assert (only_level().on_hand, only_level().allocated) == (5, 5)
    states = set(Allocation.objects.values_list("holder", "state", "quantity"))
    assert states == {(first.holder, "open", 4), (second.holder, "open", 1), (second.holder, "short", 3)}


def test_counting_what_the_ledger_says_posts_nothing(make_product, warehouse, receive, make_user):
    product = make_product()
    receive(product, 7)
    clerk = make_user("clerk")
    assert services.set_on_hand(product=product, warehouse=warehouse, counted=7, actor=clerk) is None
    assert StockMovement.objects.count() == 1


def test_an_adjustment_cannot_take_what_is_not_there(make_product, warehouse, receive, make_user):
    product = make_product("CUP")
    receive(product, 3)
    with pytest.raises(InsufficientStock, match="CUP: 4 asked, 3 available"):
        services.adjust(
            product=product, warehouse=warehouse, quantity=-4, reason=Reason.WRITE_OFF, actor=make_user("clerk")
        )
    assert only_level().on_hand == 3
    assert Audit.objects.count() == 0


def test_a_movement_is_reversed_once_and_both_stay(make_product, warehouse, receive, make_user):
    movement, clerk = receive(make_product(), 7, reason=Reason.OPENING), make_user("clerk")
    services.reverse_movement(movement=movement, actor=clerk)
    with pytest.raises(AlreadyReversed):
        services.reverse_movement(movement=movement, actor=clerk)
    assert only_level().on_hand == 0
    assert sorted(StockMovement.objects.values_list("quantity", flat=True)) == [-7, 7]


@pytest.mark.parametrize("reason", [Reason.RECEIPT, Reason.SHIPMENT, Reason.RETURN, Reason.TRANSFER])
def test_what_a_document_posted_is_undone_there(reason, make_product, receive, make_user):
    product = make_product()
    receive(product, 20)
    movement = receive(product, 7, reason=reason, reference="T000001")
    with pytest.raises(OfDocument, match="T000001: undo it there"):
        services.reverse_movement(movement=movement, actor=make_user("clerk"))
    assert only_level().on_hand == 27


def test_nothing_is_dated_before_there_was_a_shop(make_product, warehouse, make_user):
    at = datetime(1, 1, 1, tzinfo=UTC)
    with pytest.raises(NotInThePast, match="from 2000-01-01 on"):
        services.adjust(
            product=make_product(), warehouse=warehouse, quantity=1, reason=Reason.ADJUSTMENT,
            actor=make_user("clerk"), effective_at=at,
        )  # fmt: skip
    assert StockMovement.objects.count() == 0


def test_each_change_tells_each_consumer_once(make_product, receive, monkeypatch):
    monkeypatch.setattr(outbox, "_consumers", {"listener": (frozenset({"stock.changed"}), print)})
    receive(make_product(), 7)
    told = OutboxDelivery.objects.values_list("consumer", "event__topic", "event__payload")
    assert list(told) == [("listener", "stock.changed", {"levels": [only_level().pk]})]
