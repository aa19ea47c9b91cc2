"""Acts of a phone that was in a dead spot while the shelf was counted: the count saw them before the server did."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from orders import services
from orders.errors import TooMuch
from stock import services as stock
from stock.errors import CountedSince, OfDocument, UnsettledLines
from stock.models import Allocation, Bin, StockCount, StockLevel, StockMovement

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]


def ago(hours: float) -> datetime:
    return timezone.now() - timedelta(hours=hours)


def earlier() -> datetime:
    """Before the count."""
    return ago(2)


def scrapped(product, warehouse, pieces: int) -> None:
    """Thrown away before the count, and told now."""
    damage = stock.Damage(product, warehouse, pieces, is_scrapped=True, at=earlier())
    stock.report_damage(damage=damage, actor=None)


@pytest.fixture
def cup(make_product, receive):
    cup = make_product("CUP")
    receive(cup, 10, effective_at=ago(24))
    return cup


@pytest.fixture
def count(warehouse, cup):
    """Somebody counts what lies on the shelf, and it is posted."""

    def count(pieces: int, at: datetime | None = None):
        made = stock.open_count(warehouse=warehouse, products=[cup], actor=None)
        stock.record_entries(count=made, entries=[stock.Sent(uuid.uuid4(), "CUP", pieces, at or ago(1))], actor=None)
        return stock.post_count(count=made, actor=None)

    return count


@pytest.fixture
def order(cup, place):
    """Three cups, promised for a day."""
    order = place((cup, 3))
    Allocation.objects.update(created_at=ago(24))
    return order


@pytest.fixture
def bought(cup, warehouse, make_supplier):
    lines = [services.NewPurchaseLine(cup, 5)]
    made = services.create_purchase_order(supplier=make_supplier(), warehouse=warehouse, lines=lines, actor=None)
    made = services.confirm_purchase_order(order=made, actor=None)
    type(made).objects.update(confirmed_at=ago(24))
    return made


def shelf() -> tuple[int, int]:
    """On hand and allocated; the ledger adds up."""
    assert not StockLevel.objects.differing_from_ledger().exists()
    return StockLevel.objects.values_list("on_hand", "allocated").get(warehouse__code="riga")


def test_a_pick_from_before_a_posted_count_is_taken_off_once(order, count, warehouse):
    count(7)  # three were in somebody's hands, and nobody knew
    assert shelf() == (7, 3)
    services.pick_sales_order(order=order, warehouse=warehouse, actor=None, at=earlier())
    assert shelf() == (10, 3)
    count(7, at=timezone.now() - timedelta(minutes=1))
    assert shelf() == (10, 3)
    services.ship_picked(order=order, warehouse=warehouse, actor=None)
    assert shelf() == (7, 0)


def test_a_pick_after_the_count_or_before_an_open_one_changes_nothing(order, count, warehouse, cup):
    count(10, at=earlier())
    made = stock.open_count(warehouse=warehouse, products=[cup], actor=None)
    stock.record_entries(count=made, entries=[stock.Sent(uuid.uuid4(), "CUP", 7, timezone.now())], actor=None)
    services.pick_sales_order(order=order, warehouse=warehouse, actor=None, at=ago(1))
    stock.post_count(count=made, actor=None)
    assert shelf() == (10, 3)


def test_a_count_that_is_undone_takes_with_it_what_was_made_good(order, count, warehouse, make_user):
    posted = count(7)
    services.pick_sales_order(order=order, warehouse=warehouse, actor=None, at=earlier())
    stock.undo_count(count=posted, actor=make_user("manager"))
    assert shelf() == (10, 3)


def test_pieces_that_were_missing_before_a_posted_count_are_taken_off_once(order, count, warehouse):
    count(8)
    wish = {"line": order.lines.get().pk, "quantity": 2, "at": earlier()}
    services.report_missing(order=order, warehouse=warehouse, actor=None, **wish)
    assert shelf() == (8, 1)


def test_what_was_missing_before_a_posted_count_stays_off_where_that_count_is_undone(
    order, count, warehouse, make_user
):
    posted = count(7)
    wish = {"line": order.lines.get().pk, "quantity": 3, "at": earlier()}
    services.report_missing(order=order, warehouse=warehouse, actor=None, **wish)
    assert shelf() == (7, 0)
    stock.undo_count(count=posted, actor=make_user("manager"))
    assert shelf() == (7, 0)


def test_what_was_missing_before_a_count_that_broke_its_promise_is_not_taken_from_what_was_promised_since(
    place, cup, count, bought, warehouse
):
    order = place((cup, 10))
    Allocation.objects.update(created_at=ago(24))
    count(0)
    services.receive_purchase_order(order=bought, actor=None)
    assert shelf() == (5, 5)
    wish = {"line": order.lines.get().pk, "quantity": 5, "at": earlier()}
    services.report_missing(order=order, warehouse=warehouse, actor=None, **wish)
    assert shelf()[0] == 5


@pytest.mark.parametrize("reference", ["", "inventory"])
def test_a_count_that_was_typed_knows_what_is_told_late_of_before(order, cup, warehouse, reference, make_user):
    typed = stock.set_on_hand(product=cup, warehouse=warehouse, counted=5, actor=None, reference=reference)
    told = {"order": order, "warehouse": warehouse, "actor": None, "at": earlier()}
    services.pick_sales_order(**told, quantities={order.lines.get().pk: 1})
    services.report_missing(**told, line=order.lines.get().pk, quantity=2)
    scrapped(cup, warehouse, 2)
    assert shelf() == (6, 1)  # five on the shelf, and one is picked
    with pytest.raises(OfDocument, match="count CUP again"):
        stock.reverse_movement(movement=typed, actor=make_user("manager"))
    stock.reverse_movement(movement=StockMovement.objects.get(reason="write_off"), actor=make_user("owner"))
    assert shelf() == (6, 1)


@pytest.mark.parametrize("hours", [2, 4])
def test_an_act_while_the_bins_of_a_count_were_counted_asks_for_another(order, cup, warehouse, hours):
    level = StockLevel.objects.get()
    made = stock.open_count(warehouse=warehouse, products=[cup], actor=None)
    for code, at in (("A", 3), ("B", 1)):
        Bin.objects.create(warehouse=warehouse, code=code).levels.add(level)
        sent = stock.Sent(uuid.uuid4(), "CUP", 5, ago(at), bin=code)
        stock.record_entries(count=made, entries=[sent], actor=None)
    stock.post_count(count=made, actor=None)
    services.pick_sales_order(order=order, warehouse=warehouse, actor=None, at=ago(hours))
    asked = StockCount.objects.open().filter(lines__level=level)
    note = f"{made.number}: CUP was on the move while its bins were counted"
    assert list(asked.values_list("note", flat=True)) == ([note] if hours == 2 else [])


def test_a_count_from_before_one_that_was_typed_is_left_out(cup, warehouse):
    made = stock.open_count(warehouse=warehouse, products=[cup], actor=None)
    stock.record_entries(count=made, entries=[stock.Sent(uuid.uuid4(), "CUP", 8, ago(1))], actor=None)
    stock.set_on_hand(product=cup, warehouse=warehouse, counted=8, actor=None, reference="inventory")
    stock.post_count(count=made, actor=None)
    assert shelf() == (8, 0)


def test_goods_that_were_put_on_the_shelf_before_a_posted_count_are_added_once(
    count, bought, cup, warehouse, make_warehouse, receive
):
    tartu = make_warehouse("tartu")
    receive(cup, 9, tartu, effective_at=ago(24))
    sent = stock.create_transfer(source=tartu, destination=warehouse, lines=[stock.TransferWish(cup, 4)], actor=None)
    sent = stock.ship_transfer(transfer=sent, actor=None)
    type(sent).objects.update(shipped_at=ago(24))
    count(19)  # both lay there already
    assert shelf() == (19, 0)
    services.receive_purchase_order(order=bought, actor=None, received_at=earlier())
    stock.receive_transfer(transfer=sent, actor=None, at=earlier())
    assert shelf() == (19, 0)


def test_a_return_that_was_inspected_before_a_posted_count_is_added_once(order, count, warehouse):
    services.ship_sales_order(order=order, actor=None)
    sent = services.register_return(order=order, quantities={order.lines.get().pk: 3}, actor=None)
    outcome = services.Outcome(sellable=1, unsellable=1, scrapped=1)
    count(9, at=timezone.now())
    for _again in range(2):
        services.inspect_return(document=sent, outcomes={sent.lines.get().pk: outcome}, actor=None, at=earlier())
        assert shelf() == (9, 0)
        services.undo_return(document=sent, actor=None)
        assert shelf() == (9, 0)


def test_what_was_thrown_away_before_a_posted_count_is_taken_off_once(count, cup, warehouse):
    count(8)
    scrapped(cup, warehouse, 2)
    assert shelf() == (8, 0)


def test_a_pick_cannot_be_older_than_its_promise(cup, place, count, warehouse):
    count(10)
    order = place((cup, 3))
    told = {"order": order, "warehouse": warehouse, "actor": None}
    for _again in range(2):
        services.pick_sales_order(**told, at=earlier())
        assert shelf() == (10, 3)
        services.put_back_sales_order(**told)


def test_what_was_picked_and_put_back_before_a_posted_count_changes_nothing(order, count, warehouse):
    count(10)
    told = {"order": order, "warehouse": warehouse, "actor": None}
    services.pick_sales_order(**told, at=ago(3))
    services.put_back_sales_order(**told, at=earlier())
    assert shelf() == (10, 3)


def test_goods_do_not_arrive_before_they_were_ordered(bought, count):
    type(bought).objects.update(confirmed_at=timezone.now())
    count(10)
    services.receive_purchase_order(order=bought, actor=None, received_at=earlier())
    assert shelf() == (15, 0)


@pytest.mark.parametrize("found", [15, 10])
def test_a_late_receipt_that_is_undone_leaves_the_count_as_it_was_posted(bought, count, found, make_user):
    posted = count(found)
    services.receive_purchase_order(order=bought, actor=None, received_at=earlier())
    assert shelf() == (found, 0)
    receipt = bought.lines.get().receipts.get()
    services.undo_receipt(receipt=receipt, actor=None)
    assert shelf() == (found, 0)
    stock.undo_count(count=posted, actor=make_user("manager"))
    assert shelf() == (10, 0)


def test_a_receipt_that_a_later_count_saw_is_undone_alone(bought, count):
    services.receive_purchase_order(order=bought, actor=None, received_at=earlier())
    count(10)  # five less than received, as many as are taken back
    services.undo_receipt(receipt=bought.lines.get().receipts.get(), actor=None)
    assert shelf() == (5, 0)


def test_a_receipt_that_was_told_in_time_is_undone_alone_beside_one_that_was_told_late(bought, count):
    line = bought.lines.get()
    told = {"order": bought, "actor": None}
    services.receive_purchase_order(**told, quantities={line.pk: 2}, received_at=ago(3))
    count(12)
    services.receive_purchase_order(**told, quantities={line.pk: 2}, received_at=earlier())
    assert shelf() == (12, 0)
    services.undo_receipt(receipt=line.receipts.order_by("pk").first(), actor=None)
    assert shelf() == (10, 0)


def test_a_late_scrap_that_is_reversed_leaves_the_count_as_it_was_posted(count, cup, warehouse, make_user):
    count(9)
    scrapped(cup, warehouse, 1)
    stock.reverse_movement(movement=StockMovement.objects.get(reason="write_off"), actor=make_user("manager"))
    assert shelf() == (9, 0)


def test_the_last_pieces_may_be_thrown_away_though_a_count_missed_them_already(count, cup, warehouse):
    count(0)
    scrapped(cup, warehouse, 10)
    assert shelf() == (0, 0)


def test_what_was_thrown_away_before_an_open_count_is_taken_off_once(count, cup, warehouse):
    made = stock.open_count(warehouse=warehouse, products=[cup], actor=None)
    stock.record_entries(count=made, entries=[stock.Sent(uuid.uuid4(), "CUP", 8, ago(1))], actor=None)
    scrapped(cup, warehouse, 2)
    stock.post_count(count=made, actor=None)
    assert shelf() == (8, 0)


def test_the_last_pieces_that_were_picked_before_a_count_missed_them_are_promised_again(place, cup, count, warehouse):
    order = place((cup, 10))
    Allocation.objects.update(created_at=ago(24))
    count(0)
    assert shelf() == (0, 0)
    told = {"order": order, "warehouse": warehouse, "actor": None}
    line = order.lines.get().pk
    services.pick_sales_order(**told, quantities={line: 4}, at=earlier())
    assert shelf() == (4, 4)
    services.pick_sales_order(**told, quantities={line: 6}, at=earlier())
    assert shelf() == (10, 10)
    with pytest.raises(TooMuch, match=r"at most 0 possible\. If you hold them: put them back"):
        services.pick_sales_order(**told, quantities={line: 1}, at=earlier())
    services.ship_picked(**told)
    assert shelf() == (0, 0)


def test_a_pick_after_the_count_that_broke_its_promise_is_refused(place, cup, count, warehouse):
    order = place((cup, 10))
    Allocation.objects.update(created_at=ago(24))
    count(0, at=earlier())
    with pytest.raises(TooMuch, match="at most 0 possible"):
        services.pick_sales_order(
            order=order, warehouse=warehouse, actor=None, quantities={order.lines.get().pk: 10}, at=ago(1)
        )
    assert shelf() == (0, 0)


def test_an_open_count_expects_what_was_reported_missing_by_mistake(order, cup, warehouse):
    made = stock.open_count(warehouse=warehouse, products=[cup], actor=None)
    wish = {"order": order, "warehouse": warehouse, "actor": None, "line": order.lines.get().pk, "quantity": 2}
    services.report_missing(**wish, at=earlier())
    stock.record_entries(count=made, entries=[stock.Sent(uuid.uuid4(), "CUP", 10, ago(1))], actor=None)
    services.report_found(**wish)
    assert shelf() == (10, 3)
    stock.post_count(count=made, actor=None)
    assert shelf() == (10, 3)


def test_what_was_counted_since_it_was_missing_stands(order, count, warehouse):
    wish = {"order": order, "warehouse": warehouse, "actor": None, "line": order.lines.get().pk, "quantity": 2}
    services.report_missing(**wish, at=earlier())
    count(10)
    with pytest.raises(CountedSince, match="CUP was counted since it was reported as missing"):
        services.report_found(**wish)
    assert shelf() == (10, 1)


@pytest.mark.parametrize(("found", "at"), [(8, None), (8, earlier()), (10, None), (9, None)])
def test_pieces_that_an_open_count_missed_too_are_taken_off_once(order, cup, warehouse, found, at):
    made = stock.open_count(warehouse=warehouse, products=[cup], actor=None)
    stock.record_entries(count=made, entries=[stock.Sent(uuid.uuid4(), "CUP", found, ago(1))], actor=None)
    wish = {"line": order.lines.get().pk, "quantity": 2, "at": at}
    services.report_missing(order=order, warehouse=warehouse, actor=None, **wish)
    assert shelf() == (8, 1)
    is_said_twice = at is None and found < 10
    if is_said_twice:
        with pytest.raises(UnsettledLines, match="CUP: pieces were reported as not found after they were counted"):
            stock.post_count(count=made, actor=None)
    stock.post_count(count=made, actor=None, leave_unsettled=is_said_twice)
    assert shelf() == (8, 1)


@pytest.mark.parametrize("is_told_before", [True, False])
def test_pieces_that_an_open_count_missed_and_others_that_are_missing_since_are_told_apart_by_who_looks_again(
    order, cup, warehouse, is_told_before
):
    made = stock.open_count(warehouse=warehouse, products=[cup], actor=None)
    stock.record_entries(count=made, entries=[stock.Sent(uuid.uuid4(), "CUP", 9, ago(1))], actor=None)
    wish = {"line": order.lines.get().pk, "quantity": 1}
    services.report_missing(order=order, warehouse=warehouse, actor=None, **wish)  # another than the scrapped one
    if is_told_before:
        scrapped(cup, warehouse, 1)
    with pytest.raises(UnsettledLines, match="CUP: pieces were reported as not found"):
        stock.post_count(count=made, actor=None)
    stock.record_entries(count=made, entries=[stock.Sent(uuid.uuid4(), "CUP", 8, timezone.now())], actor=None)
    stock.post_count(count=made, actor=None)
    if not is_told_before:
        scrapped(cup, warehouse, 1)
    assert shelf() == (8, 2)


def test_a_count_while_pieces_were_away_expects_them_away_though_they_are_put_back_since(order, cup, warehouse):
    told = {"order": order, "warehouse": warehouse, "actor": None}
    services.pick_sales_order(**told, at=ago(3))
    made = stock.open_count(warehouse=warehouse, products=[cup], actor=None)
    stock.record_entries(count=made, entries=[stock.Sent(uuid.uuid4(), "CUP", 7, earlier())], actor=None)
    services.put_back_sales_order(**told, at=ago(1))
    stock.post_count(count=made, actor=None)
    assert shelf() == (10, 3)
