"""Goods that come back."""

from __future__ import annotations

import pytest

from inventory_site.common.errors import StaleVersion
from orders import services
from orders.errors import InvalidLines, NothingToDo, TooMuch, WrongState
from orders.models import Customer, DemandCorrection, Return, SalesOrder, SalesOrderLine
from stock.errors import InsufficientStock
from stock.models import StockLevel, StockMovement

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]
Outcome = services.Outcome


@pytest.fixture
def cup(make_product):
    return make_product("CUP")


@pytest.fixture
def shipped(place, cup, receive):
    """An order of five, all of them shipped."""
    receive(cup, 5)
    return services.ship_sales_order(order=place((cup, 5)), actor=None)


def announce(order: SalesOrder, pieces: int) -> Return:
    return services.register_return(order=order, quantities={order.lines.get().pk: pieces}, actor=None)


def inspect(document: Return, *pieces: int, **fields) -> Return:
    outcomes = {document.lines.get().pk: Outcome(*pieces)}
    return services.inspect_return(document=document, outcomes=outcomes, actor=None, **fields)


def stock() -> tuple[int, int, int]:
    level = StockLevel.objects.get()
    assert not StockLevel.objects.differing_from_ledger().exists()
    return level.on_hand, level.unsellable, level.available


def test_what_is_found_goes_on_sale_is_set_aside_or_scrapped(shipped):
    document = announce(shipped, 4)
    assert (document.number, document.state, stock()) == (f"R{document.pk:06d}", "announced", (0, 0, 0))
    document = inspect(document, 2, 1, 1)
    assert (document.state, document.version, stock()) == ("inspected", 1, (3, 1, 2))
    line = shipped.lines.get()
    assert (line.shipped, line.returned) == (5, 4)
    correction = DemandCorrection.objects.get()
    assert (correction.quantity, correction.on_date) == (4, line.demand_on)


def test_less_than_announced_may_come_and_the_rest_may_be_announced_again(shipped):
    inspect(announce(shipped, 4), 1)
    assert shipped.lines.get().returned == 1
    inspect(announce(shipped, 4), 4)
    assert SalesOrder.objects.with_stage().get().stage == "returned"
    assert sorted(DemandCorrection.objects.values_list("quantity", flat=True)) == [1, 4]


def test_never_more_comes_back_than_was_shipped(shipped):
    announce(shipped, 3)
    with pytest.raises(TooMuch, match="CUP: 3 asked to return, at most 2 possible"):
        announce(shipped, 3)
    assert Return.objects.count() == 1


def test_a_cancelled_return_may_be_announced_again(shipped):
    document = services.cancel_return(document=announce(shipped, 5), actor=None)
    assert document.state == "cancelled"
    with pytest.raises(WrongState, match=r"is cancelled: of \S+ \d+ were asked, 0 can be inspected"):
        inspect(document, 1)
    announce(shipped, 5)


def test_what_was_not_shipped_does_not_come_back(place, cup, receive):
    receive(cup, 1)
    with pytest.raises(WrongState, match=r"is open: of \S+ \d+ were asked, 0 can be returned"):
        announce(place((cup, 1)), 1)


@pytest.mark.parametrize(
    ("pieces", "refusal", "sentence"),
    [
        ((3, 1, 1), TooMuch, "CUP: 5 found, only 4 announced from riga"),
        ((-1, 0, 0), InvalidLines, "CUP: “-1” is not a number of pieces"),
        ((True, 0, 0), InvalidLines, "CUP: “True” is not a number of pieces"),
        ((1.5, 0, 0), InvalidLines, "CUP: “1.5” is not a number of pieces"),
        ((2**63, 0, 0), InvalidLines, "is not a number of pieces"),
        ((0, 0, 0), NothingToDo, "nothing came back. Cancel it instead"),
    ],
)
def test_outcomes_that_cannot_be_are_refused(pieces, refusal, sentence, shipped):
    document = announce(shipped, 4)
    with pytest.raises(refusal, match=sentence):
        inspect(document, *pieces)
    document.refresh_from_db()
    assert (document.state, stock(), DemandCorrection.objects.count()) == ("announced", (0, 0, 0), 0)


def test_the_line_of_another_return_and_an_old_version_are_refused(shipped):
    first, second = announce(shipped, 1), announce(shipped, 1)
    with pytest.raises(InvalidLines, match="is not on this return"):
        services.inspect_return(document=first, outcomes={second.lines.get().pk: Outcome(1)}, actor=None)
    with pytest.raises(StaleVersion):
        inspect(first, 1, version=3)
    assert stock() == (0, 0, 0)


def test_pieces_go_back_to_where_they_were_shipped_from(place, cup, receive, warehouse, make_warehouse):
    tartu = make_warehouse("tartu", priority=200)
    receive(cup, 2)
    receive(cup, 3, tartu)
    order = services.ship_sales_order(order=place((cup, 5), strategy="priority"), actor=None)
    document = announce(order, 4)
    assert list(document.lines.order_by("pk").values_list("warehouse__code", "quantity")) == [("riga", 2), ("tartu", 2)]
    outcomes = {row.pk: Outcome(sellable=row.quantity) for row in document.lines.all()}
    services.inspect_return(document=document, outcomes=outcomes, actor=None)
    assert order.lines.get().returned == 4
    assert dict(StockLevel.objects.values_list("warehouse__code", "on_hand")) == {"riga": 2, "tartu": 2}
    assert list(announce(order, 1).lines.values_list("warehouse__code", "quantity")) == [("tartu", 1)]


def test_an_imported_sale_comes_back_to_its_own_warehouse(shipped):
    SalesOrderLine.objects.update(holder="00000000-0000-0000-0000-000000000001")  # history has no promises
    inspect(announce(shipped, 2), 2)
    assert stock() == (2, 0, 2)


def test_an_inspection_is_undone_while_the_pieces_are_there(shipped):
    document = inspect(announce(shipped, 4), 2, 1, 1)
    document = services.undo_return(document=document, actor=None)
    assert (document.state, stock(), shipped.lines.get().returned) == ("announced", (0, 0, 0), 0)
    assert DemandCorrection.objects.count() == 0
    inspect(document, 0, 0, 4)
    assert (stock(), shipped.lines.get().returned) == ((0, 0, 0), 4)


def test_an_inspection_is_not_undone_once_the_pieces_were_promised(shipped, place, cup):
    document = inspect(announce(shipped, 4), 2, 2)
    place((cup, 1))
    with pytest.raises(InsufficientStock, match="CUP"):
        services.undo_return(document=document, actor=None)
    assert stock() == (4, 2, 1) and shipped.lines.get().returned == 4
    assert not StockMovement.objects.filter(reason="return", quantity__lt=0).exists()


def test_a_customer_is_forgotten_once_nothing_has_to_be_sent(place, cup, receive, customer):
    receive(cup, 1)
    order = place((cup, 1), customer=customer, ship_to="Brivibas 1")
    with pytest.raises(WrongState, match=f"{order.number} of this customer is not finished"):
        services.forget_customer(customer=customer, actor=None)
    assert Customer.objects.get().name == "Anna"
    services.ship_sales_order(order=order, actor=None)
    services.forget_customer(customer=customer, actor=None)
    assert Customer.objects.values_list("name", "email", "external_id").get() == ("", "", "C1")
    assert SalesOrder.objects.get().ship_to == ""
