"""What people see of an order: its stage, its total, and whether it is theirs to see."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from orders import services
from orders.errors import InvalidLines, NothingToDo, TooMuch
from orders.models import SalesOrder, SalesOrderLine
from stock.errors import InsufficientStock
from stock.models import Allocation, StockLevel
from stock.services import set_on_hand

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]


def stage(order: SalesOrder) -> str:
    return SalesOrder.objects.with_stage().get(pk=order.pk).stage


def served_from(order: SalesOrder) -> dict[str, int]:
    holders = order.lines.values("holder")
    return dict(Allocation.objects.open().filter(holder__in=holders).values_list("level__warehouse__code", "quantity"))


@pytest.fixture
def cup(make_product):
    return make_product("CUP", accepts_backorders=True)


def test_an_order_goes_through_its_stages(place, cup, receive, warehouse):
    order = place((cup, 3), is_draft=True)
    seen = [stage(order)]
    services.confirm_sales_order(order=order, actor=None)
    seen.append(stage(order))
    receive(cup, 3)
    services.allocate_sales_order(order=order, actor=None)
    seen.append(stage(order))
    set_on_hand(product=cup, warehouse=warehouse, counted=2, actor=None)
    seen.append(stage(order))
    services.ship_sales_order(order=order, actor=None)
    seen.append(stage(order))
    services.cancel_sales_order(order=order, actor=None)
    seen.append(stage(order))
    document = services.register_return(order=order, quantities={order.lines.get().pk: 2}, actor=None)
    outcomes = {document.lines.get().pk: services.Outcome(sellable=2)}
    services.inspect_return(document=document, outcomes=outcomes, actor=None)
    seen.append(stage(order))
    assert seen == ["draft", "placed", "allocated", "placed", "partly_shipped", "shipped", "returned"]
    order.refresh_from_db()
    assert order.version == 6


def test_a_cancelled_order_is_cancelled(place, cup):
    order = services.cancel_sales_order(order=place((cup, 3)), actor=None)
    assert stage(order) == "cancelled"


def test_the_total_is_what_was_ordered_with_shipping_without_discount(place, cup):
    money = {"shipping_charge": Decimal("4.90"), "discount": Decimal("1.00")}
    order = place((cup, 3, Decimal("0.3333")), (cup, 1, Decimal("2.50")), **money)
    services.cancel_sales_order(order=order, actor=None)
    assert SalesOrder.objects.with_total().get().total == Decimal("7.40")
    assert sorted(str(line.amount) for line in order.lines.all()) == ["1.00", "2.50"]


@pytest.mark.parametrize(
    "money", [{"shipping_charge": Decimal(-1)}, {"discount": Decimal(-1)}, {"discount": Decimal("5.01")}]
)
def test_money_that_cannot_be_is_refused(money, place, cup):
    with pytest.raises(InvalidLines, match=r"a discount is from 0 to 5\.00"):
        place((cup, 1, Decimal(5)), **money)
    assert SalesOrder.objects.count() == 0


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("first_choice", {"riga": 2}),
        ("priority", {"riga": 2, "tartu": 3}),
        ("most_stock", {"tartu": 4, "riga": 1}),
        ("nearest_to_complete", {"tartu": 4, "riga": 1}),
    ],
)
def test_the_strategy_says_which_warehouses_serve(strategy, expected, place, cup, receive, warehouse, make_warehouse):
    tartu, vilnius = make_warehouse("tartu", priority=150), make_warehouse("vilnius", priority=200)
    for place_of, pieces in ((warehouse, 2), (tartu, 4), (vilnius, 1)):
        receive(cup, pieces, place_of)
    order = place((cup, 5), strategy=strategy)
    assert served_from(order) == expected
    assert order.lines.get().warehouse == warehouse  # the demand stays with the first choice


def test_a_warehouse_that_is_closed_serves_nobody(place, make_product, receive, make_warehouse):
    product = make_product("PLATE")
    receive(product, 5, make_warehouse("tartu", is_active=False))
    with pytest.raises(InsufficientStock, match="PLATE: 5 asked, 0 available in riga"):
        place((product, 5), strategy="most_stock")


@pytest.fixture
def two_places(place, cup, receive, warehouse, make_warehouse):
    """An order of six: two promised by riga, three by tartu, one back-ordered."""
    tartu = make_warehouse("tartu", priority=200)
    receive(cup, 2)
    receive(cup, 3, tartu)
    return place((cup, 6), strategy="priority"), tartu


def test_a_clerk_ships_only_what_the_own_warehouse_promised(two_places):
    order, tartu = two_places
    line = order.lines.get()
    with pytest.raises(TooMuch, match="CUP: 4 asked to ship, at most 3 possible"):
        services.ship_sales_order(order=order, actor=None, quantities={line.pk: 4}, within=[tartu.pk])
    services.ship_sales_order(order=order, actor=None, within=[tartu.pk])
    assert served_from(order) == {"riga": 2} and StockLevel.objects.get(warehouse=tartu).on_hand == 0
    with pytest.raises(NothingToDo, match="your role ships nothing"):
        services.ship_sales_order(order=order, actor=None, within=[tartu.pk])


def test_a_clerk_cancels_only_what_the_own_warehouse_promised(two_places, warehouse):
    order, tartu = two_places
    services.cancel_sales_order(order=order, actor=None, within=[tartu.pk])
    assert order.lines.get().cancelled == 3 and served_from(order) == {"riga": 2}
    services.cancel_sales_order(order=order, actor=None, within=[warehouse.pk])
    assert order.lines.get().cancelled == 6 and stage(order) == "cancelled"


def test_a_clerk_promises_only_stock_of_the_own_warehouse(two_places, cup, receive, warehouse):
    order, tartu = two_places
    receive(cup, 1, tartu)
    with pytest.raises(NothingToDo, match="nothing is available"):
        services.allocate_sales_order(order=order, actor=None, within=[warehouse.pk])
    with pytest.raises(NothingToDo, match="nothing is available"):
        services.allocate_sales_order(order=order, actor=None, within=[tartu.pk], strategy="first_choice")
    assert services.allocate_sales_order(order=order, actor=None, within=[tartu.pk]) == 1


def test_an_order_is_seen_by_who_serves_it_and_by_whose_demand_it_is(two_places, make_user, make_warehouse, warehouse):
    order, tartu = two_places
    for place_of, sees in ((warehouse, 1), (tartu, 1), (make_warehouse("vilnius"), 0)):
        person = make_user("clerk", place_of)
        assert SalesOrder.objects.visible_to(person).count() == sees
        assert SalesOrderLine.objects.visible_to(person).count() == sees
    services.cancel_sales_order(order=order, actor=None)  # what was only promised once is nobody's business any more
    assert not SalesOrder.objects.visible_to(make_user("clerk", tartu)).exists()


def test_a_stage_costs_no_query_per_order(place, cup, django_assert_num_queries):
    for pieces in (1, 2, 3):
        place((cup, pieces), (cup, 1), placed_at=timezone.now() - timedelta(days=pieces))
    with django_assert_num_queries(1):
        found = [(order.stage, order.total) for order in SalesOrder.objects.with_stage().with_total()]
    assert found == [("placed", 0)] * 3
