"""Splitting and merging orders, and undoing it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import Sum
from django.utils import timezone

from inventory_site.common.errors import StaleVersion
from orders import services
from orders.errors import InvalidLines, NotAlike, NothingToDo, NotUndoable, TooMuch, WrongState
from orders.models import Customer, DemandCorrection, Reshaping, SalesOrder, SalesOrderLine
from stock.models import Allocation, StockLevel

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]


def contents(order) -> list[tuple]:
    """What stands on each line: SKU, ordered, promised, amount."""
    lines = SalesOrderLine.objects.filter(order=order).with_allocated().select_related("product").order_by("pk")
    return [(line.product.sku, line.quantity, line.allocated_now, str(line.amount)) for line in lines]


def money(*orders) -> Decimal:
    totals = SalesOrder.objects.filter(pk__in=[order.pk for order in orders]).with_total()
    return sum(totals.values_list("total", flat=True))


def split(order, by="lines", **fields):
    return services.split_sales_order(order=order, actor=None, by=by, **fields)


def merge(*orders, **fields):
    return services.merge_sales_orders(orders=orders, actor=None, **fields)


def undo_newest():
    return services.undo_reshaping(reshaping=Reshaping.objects.filter(undone_at=None).first(), actor=None)


def fresh(order) -> SalesOrder:
    return SalesOrder.objects.with_stage().get(pk=order.pk)


@pytest.fixture
def cup(make_product):
    return make_product("CUP", accepts_backorders=True)


def test_what_waits_for_stock_goes_to_an_order_of_its_own(place, cup, make_product, receive, customer):
    plate = make_product("PLATE")
    receive(cup, 2)
    receive(plate, 1)
    order = place(
        (cup, 5, Decimal("0.33")), (plate, 1, Decimal("2.00")), customer=customer, external_id="1001",
        discount=Decimal("1.00"), shipping_charge=Decimal("4.00"), ship_to="Brivibas 1",
    )  # fmt: skip
    before = money(order)
    [waiting] = split(order, by="availability")
    assert contents(order) == [("CUP", 2, 2, "0.66"), ("PLATE", 1, 1, "2.00")]
    assert contents(waiting) == [("CUP", 3, 0, "0.99")]
    order = fresh(order)
    assert (order.external_id, order.shipping_charge, order.discount) == ("1001", Decimal(4), Decimal("0.73"))
    assert (waiting.external_id, waiting.shipping_charge, waiting.discount) == (None, 0, Decimal("0.27"))
    assert (waiting.customer, waiting.ship_to, waiting.placed_at) == (customer, "Brivibas 1", order.placed_at)
    assert (order.stage, fresh(waiting).stage) == ("allocated", "placed")
    assert money(order, waiting) == before


def test_each_warehouse_that_serves_an_order_gets_its_own(place, cup, warehouse, make_warehouse, receive):
    tartu, vilnius = make_warehouse("tartu", priority=200), make_warehouse("vilnius", priority=300)
    for place_of, pieces in ((warehouse, 2), (tartu, 3), (vilnius, 1)):
        receive(cup, pieces, place_of)
    order = place((cup, 7, Decimal(1)), strategy="priority")
    made = split(order, by="warehouse")
    assert contents(order) == [("CUP", 3, 2, "3.00")]
    assert [contents(new) for new in made] == [[("CUP", 3, 3, "3.00")], [("CUP", 1, 1, "1.00")]]
    of_new = Allocation.objects.open().filter(holder__in=SalesOrderLine.objects.filter(order__in=made).values("holder"))
    assert list(of_new.order_by("pk").values_list("level__warehouse__code", "quantity").distinct()) == [
        ("tartu", 3),
        ("vilnius", 1),
    ]
    assert SalesOrderLine.objects.filter(order__in=made, warehouse=warehouse).count() == 2  # the demand stays


def test_chosen_pieces_go_promised_ones_first_and_a_cent_is_never_lost(place, cup, receive):
    receive(cup, 2)
    order = place((cup, 3, Decimal("0.3333")))
    line = order.lines.get()
    [new] = split(order, quantities={line.pk: 1})
    assert (contents(order), contents(new)) == ([("CUP", 2, 1, "0.67")], [("CUP", 1, 1, "0.33")])
    assert new.lines.get().unit_price == Decimal("0.3333") and new.lines.get().demand_on == line.demand_on


def test_a_shipped_part_is_left_behind_and_closed(place, cup, receive):
    receive(cup, 2)
    order = place((cup, 5))
    services.ship_sales_order(order=order, actor=None)
    [new] = split(order, by="availability")
    assert (fresh(order).stage, fresh(new).stage, contents(new)) == ("shipped", "placed", [("CUP", 3, 0, "0.00")])
    undo_newest()
    assert (fresh(order).stage, fresh(new).stage) == ("partly_shipped", "merged")
    assert order.lines.get().quantity == 5


@pytest.mark.parametrize("stock", [0, 5])
def test_a_split_that_would_move_nothing_or_everything_is_refused(stock, place, cup, receive):
    if stock:
        receive(cup, stock)
    order = place((cup, 5))
    for by in ("availability", "warehouse"):
        with pytest.raises(NothingToDo, match="nothing to split by that"):
            split(order, by=by)
    assert SalesOrder.objects.count() == 1 and Reshaping.objects.count() == 0 and fresh(order).version == 0


@pytest.mark.parametrize(
    ("by", "pieces", "refusal", "sentence"),
    [
        ("lines", 6, TooMuch, "CUP: 6 asked to split off, at most 5 possible"),
        ("lines", True, InvalidLines, "CUP: “True” is not a quantity"),
        ("lines", 5, NothingToDo, "something must stay"),
        ("colour", 1, InvalidLines, "Split by availability"),
    ],
)
def test_a_split_of_pieces_that_are_not_there_is_refused(by, pieces, refusal, sentence, place, cup):
    order = place((cup, 5))
    with pytest.raises(refusal, match=sentence):
        split(order, by=by, quantities={order.lines.get().pk: pieces})
    assert SalesOrder.objects.count() == 1 and order.lines.get().quantity == 5


def test_a_split_of_what_has_changed_meanwhile_is_refused(place, cup, receive):
    receive(cup, 1)
    order = place((cup, 5))
    services.ship_sales_order(order=order, actor=None)
    with pytest.raises(StaleVersion, match=f"{order.number} was changed meanwhile"):
        split(order, by="availability", version=0)


def test_orders_of_one_customer_become_the_oldest_with_their_promises_and_money(place, cup, receive, customer):
    receive(cup, 4)
    with_money = {"shipping_charge": Decimal("3.00"), "discount": Decimal("0.50"), "customer": customer}
    first = place((cup, 3, Decimal(1)), **with_money)
    second = place((cup, 2, Decimal(2)), ship_to=" ", **with_money)
    holder = second.lines.get().holder
    before = money(first, second)
    merged = merge(second, first)
    assert merged == first and contents(first) == [("CUP", 3, 3, "3.00"), ("CUP", 2, 1, "4.00")]
    assert (merged.shipping_charge, merged.discount, money(first)) == (Decimal(6), Decimal(1), before)
    second = fresh(second)
    assert (second.stage, second.merged_into, money(second)) == ("merged", first, 0)
    assert first.lines.filter(holder=holder).exists()  # a line that goes as a whole stays itself


def test_an_order_that_shipped_something_gives_only_the_rest(place, cup, receive, customer):
    receive(cup, 1)
    first, second = place((cup, 1), customer=customer), place((cup, 2), customer=customer)
    receive(cup, 1)
    services.allocate_sales_order(order=second, actor=None)
    services.ship_sales_order(order=second, actor=None)
    merge(first, second)
    assert (fresh(second).state, [row[:2] for row in contents(second)]) == ("closed", [("CUP", 1)])
    assert [row[:3] for row in contents(first)] == [("CUP", 1, 1), ("CUP", 1, 0)]
    undo_newest()
    assert (fresh(second).stage, second.lines.get().quantity) == ("partly_shipped", 2)
    assert [row[:3] for row in contents(first)] == [("CUP", 1, 1)]


def test_orders_that_are_not_alike_are_not_merged(place, cup, customer):
    other = Customer.objects.create(external_id="C2")
    mine = place((cup, 1), customer=customer)
    cases = [
        (place((cup, 1), customer=other), "are of different customers"),
        (place((cup, 1)), "has no customer"),
        (place((cup, 1), customer=customer, ship_to="elsewhere"), "go to different addresses"),
        (place((cup, 1), customer=customer, reserved_until=timezone.now() + timedelta(hours=1)), "is only reserved"),
        (mine, "takes two orders"),
    ]
    dollars = place((cup, 1), customer=customer)
    SalesOrder.objects.filter(pk=dollars.pk).update(currency="USD")
    for order, sentence in [*cases, (dollars, "are in different currencies")]:
        with pytest.raises(NotAlike, match=sentence):
            merge(mine, order)
    cancelled = services.cancel_sales_order(order=place((cup, 1), customer=customer), actor=None)
    with pytest.raises(WrongState, match="is cancelled: it cannot be merged"):
        merge(mine, cancelled)
    assert mine.lines.count() == 1 and Reshaping.objects.count() == 0
    with pytest.raises(StaleVersion):
        merge(mine, place((cup, 1), customer=customer), versions={mine.pk: 7})


def test_undoing_is_newest_first_and_leaves_everything_as_it_was(place, cup, receive, customer):
    receive(cup, 4)
    order = place((cup, 6, Decimal("0.55")), customer=customer, discount=Decimal("0.10"))
    before, line = contents(order), order.lines.get()
    [second] = split(order, quantities={line.pk: 5})
    [third] = split(second, by="availability")
    first, newest = Reshaping.objects.order_by("pk")
    with pytest.raises(NotUndoable, match=f"undo {newest} first"):
        services.undo_reshaping(reshaping=first, actor=None)
    services.undo_reshaping(reshaping=newest, actor=None)
    services.undo_reshaping(reshaping=first, actor=None)
    assert contents(order) == before and fresh(order).discount == Decimal("0.10")
    assert [(fresh(o).state, fresh(o).merged_into) for o in (second, third)] == [("merged", order), ("merged", second)]
    with pytest.raises(NotUndoable, match="is undone already"):
        services.undo_reshaping(reshaping=first, actor=None)
    assert not StockLevel.objects.differing_from_ledger().exists()


@pytest.mark.parametrize("act", [services.ship_sales_order, services.cancel_sales_order])
def test_what_went_further_is_not_undone(act, place, cup, receive):
    receive(cup, 3)
    order = place((cup, 3))
    [new] = split(order, quantities={order.lines.get().pk: 2})
    act(order=new, actor=None)
    with pytest.raises(NotUndoable, match=r"of CUP on .* some was shipped or cancelled since"):
        undo_newest()
    assert SalesOrderLine.objects.aggregate(Sum("quantity"))["quantity__sum"] == 3


def test_cancelling_the_same_pieces_on_both_sides_of_a_split_corrects_demand_once_each(place, cup, receive):
    receive(cup, 4)
    order = place((cup, 4))
    [new] = split(order, quantities={order.lines.get().pk: 2})
    for each in (order, new):
        services.cancel_sales_order(order=each, actor=None)
    assert list(DemandCorrection.objects.values_list("quantity", flat=True)) == [2, 2]


def test_who_may_enter_the_place_sees_a_merged_order_too(place, cup, customer, make_user, warehouse, make_warehouse):
    first, second = place((cup, 1), customer=customer), place((cup, 1), customer=customer)
    merge(first, second)
    here, elsewhere = make_user("clerk", warehouse), make_user("clerk", make_warehouse("tartu"))
    assert set(SalesOrder.objects.visible_to(here)) == {first, second}
    assert not SalesOrder.objects.visible_to(elsewhere).exists()
