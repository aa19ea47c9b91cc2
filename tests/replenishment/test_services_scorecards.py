"""Scorecards from real orders: of all warehouses by night, of one's own over the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from orders import services as orders
from orders.models import PromisedDate
from replenishment import services
from replenishment.models import SupplierScore
from replenishment.services.scorecards import scorecards
from replenishment.shown_suppliers import overview
from tests.replenishment.conftest import TODAY, nightly

pytestmark = [pytest.mark.django_db, pytest.mark.api]
DAY = timedelta(days=1)
NOON = datetime(2026, 3, 30, 12, tzinfo=UTC)
ADDRESS = "/api/v1/supplier-scorecards/"


@pytest.fixture
def order(run, supplier, warehouse, make_product):
    """Confirmed ``ago`` days before TODAY, declared to take 5, received after ``took`` (None: not yet)."""
    product = make_product("CUP")

    def order(ago: int, took: int | None, *, place=None, cost="4"):
        lines = [orders.NewPurchaseLine(product, 10, Decimal(cost))]
        made = orders.create_purchase_order(supplier=supplier, warehouse=place or warehouse, lines=lines, actor=None)
        orders.confirm_purchase_order(order=made, actor=None, confirmed_at=NOON - ago * DAY)
        if took is not None:
            orders.receive_purchase_order(order=made, actor=None, received_at=NOON - (ago - took) * DAY)
        return made

    return order


def learn(run, supplier) -> SupplierScore:
    services.learn_lead_times(run, {"suppliers": [supplier.pk]})()
    return SupplierScore.objects.of_all().get(supplier=supplier)


def test_the_night_flags_a_supplier_after_three_late_receipts(run, order, supplier):
    for ago in (90, 80, 70, 60, 50):
        order(ago, 5)
    order(40, 9)
    order(30, 9)
    assert learn(run, supplier).late_by_days is None
    order(20, 10)
    score = learn(run, supplier)
    assert (score.late_by_days, score.lines, score.on_time_rate, score.late_lines) == (4.0, 8, 0.625, 0)


def test_a_day_made_up_for_later_changes_no_scorecard(run, order, supplier):
    order(20, 10)
    learn(run, supplier)
    earlier = nightly(TODAY - 5 * DAY)
    assert learn(earlier, supplier).until_on == TODAY


def test_people_see_the_scores_of_their_warehouses(run, order, supplier, make_user, make_warehouse, client_of):
    riga, tallinn = order(20, 5).warehouse, make_warehouse("tallinn")
    order(30, 20, place=tallinn)
    learn(run, supplier)
    learn(run, supplier)
    of_riga, of_tallinn = make_user("buyer", riga), make_user("buyer", tallinn)
    seen = {user: SupplierScore.objects.visible_to(user) for user in (of_riga, of_tallinn, make_user("buyer"))}
    told = [list(rows.values_list("warehouse__code", "lines", "on_time_rate")) for rows in seen.values()]
    assert told == [[(riga.code, 1, 1.0)], [("tallinn", 1, 0.0)], [(None, 2, 0.5)]]
    listed = client_of(of_tallinn).get("/admin/replenishment/supplierscore/").context["cl"].result_list
    assert [score.warehouse for score in listed] == [tallinn]
    late = order(9, None, place=tallinn)
    states = {user: overview(user)["busy"][0]["on_time"] for user in (of_tallinn, make_user("buyer", username="all"))}
    assert late.pk and list(states.values()) == ["0 %", "50 %"]


def test_a_line_is_measured_by_its_first_promise(order, supplier):
    made = order(30, 12)
    line = made.lines.get()
    PromisedDate.objects.create(line=line, promised_on=TODAY + (12 - 30) * DAY)
    PromisedDate.objects.create(line=line, promised_on=TODAY + (2 - 30) * DAY)
    card = scorecards(suppliers=[supplier], until=TODAY)[supplier.pk]
    assert (card.on_time_rate, card.in_full_rate) == (1.0, 1.0)


def test_a_receipt_that_was_taken_back_did_not_come(order, supplier):
    made = order(30, 5)
    orders.undo_receipt(receipt=made.lines.get().receipts.get(), actor=None)
    card = scorecards(suppliers=[supplier], until=TODAY)[supplier.pk]
    assert (card.on_time_rate, card.late_lines, card.late_pieces) == (0.0, 1, 10)


def test_queries_do_not_grow_with_orders(order, supplier, django_assert_num_queries):
    for ago in (90, 60, 30):
        order(ago, 5)
    with django_assert_num_queries(4):
        scorecards(suppliers=[supplier], until=TODAY)


def test_people_see_the_orders_of_their_warehouses_and_no_prices_without_leave(
    order, supplier, make_warehouse, make_user, warehouse, api_of
):
    order(30, 5, cost="4")
    order(400, 5, cost="3")
    order(30, 20, place=make_warehouse("tallinn"))
    card = api_of(make_user("buyer", warehouse)).get(f"{ADDRESS}acme/").json()
    assert (card["supplier"], card["lines_due"], card["on_time_rate"]) == ("acme", 1, 1.0)
    assert card["price_rate"] == pytest.approx(4 / 3)
    assert api_of(make_user("buyer")).get(f"{ADDRESS}acme/").json()["lines_due"] == 2
    assert "price_rate" not in api_of(make_user("clerk")).get(ADDRESS).json()["results"][0]


@pytest.mark.parametrize("question", ["window_days=3", "window_days=x", "until=yesterday"])
def test_windows_that_make_no_sense_are_refused(question, supplier, make_user, api_of):
    answer = api_of(make_user("buyer")).get(f"{ADDRESS}?{question}")
    assert (answer.status_code, list(answer.json())) == (400, [question.split("=")[0]])


def test_the_list_in_the_admin_filters_late_suppliers_and_hides_prices(
    run, order, supplier, make_supplier, client_of, make_user
):
    for ago in (50, 40, 30):
        order(ago, 12)
    learn(run, supplier)
    learn(run, make_supplier("punctual", name="Punctual"))
    list_of = "/admin/replenishment/supplierscore/"
    shown = client_of(make_user("buyer")).get(f"{list_of}?judged=late").content.decode()
    assert str(supplier) in shown and "Punctual" not in shown and "7 days" in shown
    assert "column-price" in shown
    assert "column-price" not in client_of(make_user("clerk")).get(list_of).content.decode()
