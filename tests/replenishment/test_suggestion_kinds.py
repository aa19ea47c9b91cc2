"""Transfers before purchases, minimums above a year's demand, drafts by the night."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import transaction

from catalog.models import Supplier, SupplierProduct
from inventory_site.common.models import ConfirmedDefault, ShopSettings
from orders import services as orders
from orders.models import DemandSeries, PurchaseOrder
from replenishment import services
from replenishment.errors import CannotReopen, DismissalPast
from replenishment.models import Policy, PolicyMode, Suggestion, TransferLane
from replenishment.readiness import USUAL_LEAD_DAYS, known_enough, lead_time_key
from stock import services as stock
from stock.models import StockLevel, Transfer
from tests.replenishment.conftest import TODAY, accept_all, found, nightly, propose, published, sentence

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]

Kind = Suggestion.Kind


@pytest.fixture
def split_stock(plan, shelf, receive, tallinn):
    """A product with ``here`` in riga (s = 20, Q = 30) and ``there`` in tallinn, where 28 days need 28."""

    def split_stock(here: int, there: int, **fields):
        level = shelf(here)
        receive(level.product, there, tallinn)
        plan(level.product, **fields)
        plan(level.product, place=tallinn, reorder_point=20, order_up_to_level=30, **fields)
        return level.product

    return split_stock


def test_what_another_warehouse_can_spare_is_moved_and_not_bought(run, split_stock):
    split_stock(10, 75)
    propose(run)
    # 40 are missing in riga up to 50, a lot of 30 is wanted; tallinn keeps 30 of 75
    assert found() == [("transfer", "riga", 30)]
    row = Suggestion.objects.get()
    assert (row.source.code, row.cost, row.supplier) == ("tallinn", Decimal("15.00"), None)
    assert sentence(row) == (
        "Move 30 from tallinn: of 75 that are free there it needs 30 itself and can spare 45; here 30 are missing up "
        "to 40. They arrive in 3 days, bought they would take about 9. "
        "Freight costs 15.00 EUR, buying them 120.00 EUR: 105.00 EUR saved."
    ).replace("tallinn", row.source.name)


def test_pieces_that_would_save_no_purchase_stay_where_they_are(run, split_stock):
    split_stock(10, 35)
    propose(run)
    # five to spare do not lift 10 above 20, so a whole lot would still be bought: moving them would only cost
    assert found() == [("purchase", "riga", 30)]


def test_up_to_a_level_both_share_the_need(run, plan, shelf, receive, tallinn):
    level = shelf(10)
    receive(level.product, 45, tallinn)
    fields = {"rule": Policy.Rule.R_S, "reorder_point": 49, "order_up_to_level": 50, "safety_stock": 40}
    plan(level.product, **fields)
    plan(level.product, place=tallinn, order_up_to_level=30)
    propose(run)
    assert found() == [("purchase", "riga", 25), ("transfer", "riga", 15)]
    bought = Suggestion.objects.get(kind=Kind.PURCHASE)
    assert "25 = 10 on hand + 15 to be moved here" in sentence(bought)
    assert "Up to 50, 25 are missing: order 25." in sentence(bought)


def test_a_lane_that_is_closed_or_dearer_than_buying_is_not_taken(run, split_stock, warehouse, tallinn):
    split_stock(10, 75)
    lane = TransferLane.objects.create(source=tallinn, destination=warehouse, days=2, cost_per_piece=5)
    propose(run)
    assert found() == [("purchase", "riga", 30)]
    TransferLane.objects.filter(pk=lane.pk).update(cost_per_piece=0, is_open=False)
    propose(run)
    assert found() == [("purchase", "riga", 30)]


def test_accepting_a_transfer_drafts_it_once_and_undo_takes_it_back(run, split_stock, make_user):
    split_stock(10, 75)
    split_stock(10, 75)
    propose(run)
    actor, rows = make_user("buyer"), list(Suggestion.objects.all())
    [draft] = services.accept_suggestions(suggestions=rows, actor=actor)
    assert services.accept_suggestions(suggestions=rows, actor=actor) == [draft]
    assert (draft.state, draft.source.code, draft.destination.code) == ("draft", "tallinn", "riga")
    assert sorted(draft.lines.values_list("quantity", flat=True)) == [30, 30]
    assert draft.expected_on == TODAY + timedelta(days=3)
    propose(nightly(TODAY + timedelta(days=1)))
    assert found() == []
    services.reopen_suggestions(suggestions=rows[:1], actor=actor)
    assert draft.lines.get().product == rows[1].product
    services.reopen_suggestions(suggestions=rows, actor=actor)
    assert Transfer.objects.get().state == "cancelled" and Suggestion.objects.open().count() == 2


def test_a_transfer_that_has_left_cannot_be_taken_back(run, split_stock):
    split_stock(10, 75)
    propose(run)
    [draft] = accept_all()
    stock.ship_transfer(transfer=draft, actor=None)
    with pytest.raises(CannotReopen, match=f"{draft.number} is in transit"):
        services.reopen_suggestions(suggestions=list(Suggestion.objects.all()), actor=None)
    assert Suggestion.objects.get().state == "accepted"


def test_a_transfer_that_was_turned_down_is_bought(run, split_stock):
    split_stock(10, 75)
    propose(run)
    services.dismiss_suggestion(suggestion=Suggestion.objects.get(), actor=None, because="later")
    propose(run)
    assert found() == [("purchase", "riga", 30)]


def test_when_the_source_sells_its_spare_pieces_the_transfer_is_withdrawn(run, split_stock, receive, tallinn):
    product = split_stock(10, 75)
    propose(run)
    published(run)
    receive(product, -30, tallinn, reason="adjustment")
    services.refresh_positions(level_ids=[StockLevel.objects.get(product=product, warehouse=tallinn).pk])
    assert found() == []


def test_scarce_pieces_go_where_they_earn_most(run, plan, shelf, receive, tallinn, make_warehouse):
    level, vilnius = shelf(0), make_warehouse("vilnius")
    receive(level.product, 60, tallinn)
    receive(level.product, 1, vilnius)
    fields = {"rule": Policy.Rule.R_S, "reorder_point": 39, "order_up_to_level": 40, "safety_stock": 10}
    plan(level.product, a_day=4.0, **fields)
    plan(level.product, place=vilnius, a_day=0.5, **fields)
    plan(level.product, place=tallinn, order_up_to_level=30)
    propose(run)
    moved = dict(Suggestion.objects.filter(kind=Kind.TRANSFER).values_list("warehouse__code", "quantity"))
    # 30 to spare: forty are asked for in riga, five in vilnius of which one is there
    assert moved["riga"] > moved.get("vilnius", 0) and sum(moved.values()) <= 30


def test_a_minimum_above_a_years_demand_is_shown_with_its_cost_and_left_to_people(run, plan, shelf):
    level = shelf(0, accepts_backorders=False)
    plan(level.product, a_day=0.1, min_order_quantity=500, order_quantity=500, order_up_to_level=520)
    other = shelf(5)
    plan(other.product)
    propose(run)
    row = Suggestion.objects.get(product=level.product)
    assert (row.kind, row.needs_decision, row.quantity) == (Kind.PURCHASE, True, 500)
    assert (row.reason_terms["year"], row.reason_terms["beyond"]) == (36, 464)
    assert "only about 36 a year are asked for, so 464 of them would still be here after a year" in sentence(row)
    assert "It costs 2,000.00 EUR, of which 1,856.00 EUR" in sentence(row)


def test_a_shadow_item_gets_no_suggestion_and_an_automatic_one_a_draft(run, plan, shelf):
    watched, automatic, asked = shelf(5), shelf(5), shelf(5)
    plan(watched.product, mode=PolicyMode.SHADOW)
    plan(shelf(1000).product, mode=PolicyMode.SHADOW)  # too much, and not told either
    plan(automatic.product, mode=PolicyMode.AUTOMATIC)
    _sold_since(automatic, 56)
    plan(asked.product)
    minimum = shelf(0)
    plan(minimum.product, mode=PolicyMode.AUTOMATIC, a_day=0.1, min_order_quantity=500, order_quantity=500)
    _sold_since(minimum, 56)
    propose(run)
    assert not Suggestion.objects.filter(product=watched.product).exists()
    for payload in services.split_automatic(run):
        write = services.draft_automatic(run, payload)
        for _twice in range(2):
            with transaction.atomic():
                write()
    states = dict(Suggestion.objects.values_list("product", "state"))
    assert states == {automatic.product_id: "accepted", asked.product_id: "open", minimum.product_id: "open"}
    assert PurchaseOrder.objects.get().lines.get().product == automatic.product


def _sold_since(level, days: int) -> None:
    first_on = TODAY - timedelta(days=days)
    DemandSeries.objects.create(product=level.product, warehouse=level.warehouse, first_on=first_on)


def test_nothing_is_drafted_that_stands_on_a_default_until_somebody_gives_or_confirms_it(run, plan, shelf, supplier):
    known, costless, new = shelf(5), shelf(5), shelf(5)
    for level, fields, days in ((known, {}, 56), (costless, {"unit_cost": 0}, 56), (new, {}, 55)):
        plan(level.product, mode=PolicyMode.AUTOMATIC, **fields)
        _sold_since(level, days)
    propose(run)

    assert list(known_enough(run).values_list("product", flat=True)) == [known.product_id]
    Supplier.objects.update(lead_time_days=USUAL_LEAD_DAYS)
    assert services.split_automatic(run) == []
    ConfirmedDefault.objects.create(key=lead_time_key(supplier.pk))
    assert services.split_automatic(run) == [{"supplier": supplier.pk}]


def test_a_dismissal_holds_until_its_day(run, plan, shelf):
    level = shelf(20)
    plan(level.product)
    propose(run)
    row = Suggestion.objects.get()
    with pytest.raises(DismissalPast):
        services.dismiss_suggestion(suggestion=row, actor=None, until=date(2026, 3, 1))
    services.dismiss_suggestion(suggestion=row, actor=None, because="later", until=TODAY + timedelta(days=60))
    for days, expected in ((59, []), (60, [("purchase", "riga", 30)])):
        later = nightly(TODAY + timedelta(days=days))
        plan(level.product, of=later)
        propose(later)
        assert found() == expected


def test_a_dismissal_without_a_day_holds_four_weeks_of_the_shops_days(run, plan, shelf):
    ShopSettings.objects.update(time_zone="Pacific/Auckland")
    level = shelf(20)
    plan(level.product)
    propose(run)
    evening_in_london = datetime(2026, 3, 30, 20, tzinfo=UTC)  # the morning of the 31st in Auckland
    Suggestion.objects.update(state="dismissed", dismissed_until=None, decided_at=evening_in_london)
    for on, expected in ((date(2026, 4, 27), []), (date(2026, 4, 28), [("purchase", "riga", 30)])):
        later = nightly(on)
        plan(level.product, of=later)
        propose(later)
        assert found() == expected


def test_an_order_of_the_accepted_is_confirmed_like_any_other(run, plan, shelf):
    plan(shelf(5).product)
    propose(run)
    [order] = accept_all()
    assert orders.confirm_purchase_order(order=order, actor=None).state == "confirmed"


@pytest.fixture
def two_suppliers(run, plan, shelf, make_supplier):
    """A product of acme's for 4.00; other sells it for 3.00 in packs of 8."""
    level = shelf(5)
    plan(level.product)
    other = make_supplier("other", lead_time_days=9)
    SupplierProduct.objects.create(supplier=other, product=level.product, unit_cost=3, pack_size=8)
    return level, other


def test_a_cheaper_supplier_is_named_with_the_difference_and_can_be_taken(run, two_suppliers, make_user):
    _level, other = two_suppliers
    propose(run)
    row, less = Suggestion.objects.get(), f"{other.name} would deliver in 9 days. There it costs 30.00 EUR less."
    assert (row.supplier.code, row.alternative, row.quantity) == ("acme", other, 30)
    usual = row.supplier.name
    assert sentence(row).endswith(less)
    for expected in (("other", 32, Decimal("96.00")), ("acme", 30, Decimal("120.00"))):
        row = services.switch_supplier(suggestion=row, actor=make_user("buyer", username=expected[0]))
        assert (row.supplier.code, row.quantity, row.cost) == expected
        more = f"{usual} would deliver in 9 days. There it costs 30.00 EUR more."
        assert sentence(row).endswith(more if row.supplier == other else less)


def test_a_dearer_supplier_is_named_only_where_the_usual_one_cannot_deliver(run, two_suppliers, supplier):
    _level, other = two_suppliers
    SupplierProduct.objects.filter(supplier=other).update(unit_cost=5)
    propose(run)
    assert Suggestion.objects.get().alternative is None
    type(supplier).objects.filter(pk=supplier.pk).update(weekly_capacity=4)
    propose(run)
    row = Suggestion.objects.get()
    assert row.alternative == other
    assert "Its supplier cannot deliver so many in a week" in sentence(row) and "30.00 EUR more" in sentence(row)


def test_what_one_supplier_can_deliver_is_not_told_of_another(run, two_suppliers, supplier, make_user):
    type(supplier).objects.filter(pk=supplier.pk).update(weekly_capacity=0)
    propose(run)
    share(run)
    row = Suggestion.objects.get()
    assert row.needs_decision and "Decide on it: its supplier delivers 0 of 30" in sentence(row)
    row = services.switch_supplier(suggestion=row, actor=make_user("buyer"))
    row.refresh_from_db()
    assert (row.supplier.code, row.quantity, row.needs_decision) == ("other", 32, False)
    assert "its supplier delivers" not in sentence(row).lower()


def share(run) -> None:
    for payload in services.split_scarce(run):
        with transaction.atomic():
            services.share_scarce(run, payload)()


def test_a_supplier_who_cannot_deliver_all_gives_first_where_a_piece_earns_most(run, plan, shelf, supplier):
    dear, cheap, last = (shelf(0, price=price).product for price in (90, 9, 5))
    for product in (dear, cheap, last):
        plan(product)
    propose(run)
    share(run)
    assert set(Suggestion.objects.values_list("quantity", flat=True)) == {30}  # no limit is known
    type(supplier).objects.filter(pk=supplier.pk).update(weekly_capacity=14)
    for _twice in range(2):
        share(run)
    rows = {row.product: row for row in Suggestion.objects.all()}
    # ten are surely asked for of each until the next delivery: the dear one gets ten, the next one the rest
    assert [rows[p].quantity for p in (dear, cheap, last)] == [10, 4, 30]
    assert [rows[p].needs_decision for p in (dear, cheap, last)] == [False, False, True]
    assert sentence(rows[dear]).endswith("delivers 14 of 90 wanted a week: now 10 of these 30.")
    assert rows[cheap].cost == Decimal("16.00") and "others earn more" in sentence(rows[last])
    propose(run)
    assert set(Suggestion.objects.values_list("quantity", "needs_decision")) == {(30, False)}
