"""The order screen of a supplier: what stands on it, what it writes, the risk of each quantity, whom to chase."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from inventory_site.common.errors import StaleVersion
from inventory_site.common.models import ShopSettings
from orders import services as orders
from orders.models import PromisedDate, PurchaseOrder, Receipt, Reminder
from replenishment.joint_orders import Offer, filled_up
from replenishment.models import Suggestion
from replenishment.services import refresh_positions
from replenishment.services.purchasing import cash_by_week
from replenishment.services.supplier_orders import read_order, save_order
from replenishment.shown_suppliers import overview
from tests.replenishment.conftest import TODAY, propose, published

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
ALL = "/admin/replenishment/suppliers/"
PAGE = f"{ALL}acme/order/?warehouse=riga"


@pytest.fixture
def shop(run, plan, shelf, supplier, warehouse):
    """LOW is at its reorder point (30 suggested); NEXT falls to it in 5 days and LATER in 60; both can join."""
    levels = {"LOW": shelf(15, sku="LOW"), "NEXT": shelf(25, sku="NEXT"), "LATER": shelf(80, sku="LATER")}
    for level in levels.values():
        plan(level.product, pack_size=5)
    propose(run)
    published(run)
    return {sku: level.product for sku, level in levels.items()}


@pytest.fixture
def save(supplier, warehouse):
    def save(quantities: dict, **fields) -> PurchaseOrder | None:
        wanted = {product.pk: quantity for product, quantity in quantities.items()}
        return save_order(supplier=supplier, warehouse=warehouse, quantities=wanted, actor=None, **fields)

    return save


def lines_of(order: PurchaseOrder) -> dict[str, int]:
    return dict(order.lines.values_list("product__sku", "quantity"))


def test_suggestions_stand_first_and_what_is_needed_soonest_may_join(shop, supplier, warehouse):
    known = read_order(supplier, warehouse)
    assert [(row.product.sku, row.quantity, row.is_can_order) for row in known.rows] == [
        ("LOW", 30, False), ("NEXT", 0, True), ("LATER", 0, True),
    ]  # fmt: skip
    assert [row.days_until_needed for row in known.rows] == [-5.0, 5.0, 60.0]
    assert known.value(known.quantities()) == Decimal("120.00")


def test_queries_do_not_grow_with_items(shop, supplier, warehouse, plan, run, shelf, django_assert_max_num_queries):
    for _ in range(3):
        plan(shelf(10).product)
    propose(run)
    published(run)
    with django_assert_max_num_queries(14):
        known = read_order(supplier, warehouse)
        known.risks_at(known.quantities())
    assert len(known.rows) == 6


def test_saving_accepts_suggestions_at_the_pieces_written_and_adds_what_joins(shop, save):
    order = save({shop["LOW"]: 35, shop["NEXT"]: 10, shop["LATER"]: 0})
    assert lines_of(order) == {"LOW": 35, "NEXT": 10}
    suggestion = Suggestion.objects.get(product=shop["LOW"])
    assert (suggestion.state, suggestion.quantity, suggestion.purchase_line.order) == ("accepted", 35, order)
    again = save({shop["LOW"]: 25, shop["NEXT"]: 0}, version=order.version)
    assert (again.pk, lines_of(again)) == (order.pk, {"LOW": 25})


def test_0_takes_a_product_off_and_its_suggestion_is_open_again(shop, save):
    order = save({shop["LOW"]: 30, shop["NEXT"]: 10})
    assert lines_of(save({shop["LOW"]: 0})) == {"NEXT": 10}
    assert Suggestion.objects.get(product=shop["LOW"]).state == "open"
    assert save({shop["NEXT"]: 0}) is None
    order.refresh_from_db()
    assert order.state == "cancelled"


def test_a_draft_that_somebody_changed_meanwhile_is_not_overwritten(shop, save):
    order = save({shop["LOW"]: 30})
    orders.add_purchase_lines(order=order, lines=[orders.NewPurchaseLine(shop["NEXT"], 5)], actor=None)
    with pytest.raises(StaleVersion):
        save({shop["LOW"]: 10}, version=order.version)
    with pytest.raises(StaleVersion):
        save({shop["LOW"]: 10}, version=0)  # a page that was opened before there was a draft
    assert lines_of(order) == {"LOW": 30, "NEXT": 5}


def test_drafts_written_by_hand_are_left_alone_and_counted(shop, save, supplier, warehouse, buy):
    by_hand = buy(shop["NEXT"], 10, confirmed=False)
    order = save({shop["LOW"]: 30})
    assert order != by_hand and lines_of(by_hand) == {"NEXT": 10}
    known = read_order(supplier, warehouse)
    assert (known.draft, known.drafts) == (order, [by_hand])
    assert {row.product.sku: row.stock for row in known.rows}["NEXT"] == 35


def test_taking_all_off_leaves_an_older_draft_of_suggestions_alone(shop, save, buy):
    older = buy(shop["NEXT"], 10, confirmed=False)
    order = save({shop["LOW"]: 30})
    PurchaseOrder.objects.filter(pk=older.pk).update(reference="suggestions 2026-03-01")
    assert save({shop["LOW"]: 0, shop["NEXT"]: 0}) is None
    assert list(PurchaseOrder.objects.filter(state="draft")) == [older] and lines_of(older) == {"NEXT": 10}
    assert not PurchaseOrder.objects.filter(pk=order.pk).exists()


def test_what_needs_a_decision_is_bought_only_where_somebody_writes_how_many(shop, save, supplier, warehouse):
    Suggestion.objects.filter(product=shop["LOW"]).update(needs_decision=True)
    known = read_order(supplier, warehouse)
    assert (known.rows[0].suggestion.quantity, known.quantities()[shop["LOW"].pk]) == (30, 0)
    save({row.product: row.quantity for row in known.rows})
    assert Suggestion.objects.get(product=shop["LOW"]).state == "open" and not PurchaseOrder.objects.exists()
    assert lines_of(save({shop["LOW"]: 30})) == {"LOW": 30}
    assert Suggestion.objects.get(product=shop["LOW"]).state == "accepted"


def test_more_pieces_mean_less_risk_and_what_is_sure_has_none(shop, supplier, warehouse):
    """Ten days' demand of 10 pieces is sure: 15 on the shelf last, and without them nothing would."""
    known = read_order(supplier, warehouse)
    assert known.risks_at(known.quantities())[shop["LOW"].pk] == (0.0, 0.0)
    low = known.rows[0]
    low.position.inventory_position = 4
    assert known.risks_at({})[shop["LOW"].pk] == (1.0, pytest.approx(6 * 5.9))
    assert known.risks_at({shop["LOW"].pk: 3})[shop["LOW"].pk] == (1.0, pytest.approx(3 * 5.9))
    assert known.risks_at({shop["LOW"].pk: 6})[shop["LOW"].pk] == (0.0, 0.0)


def test_an_item_that_nobody_asks_for_is_never_added():
    from orders.services.purchase_terms import Terms

    dead = Offer(above=-5, daily_demand=0.0, terms=Terms(Decimal(1)))
    assert filled_up([dead], [0], 100.0) == ([0], 100.0)
    assert filled_up([], [], 100.0) == ([], 100.0)


@pytest.fixture
def buyer(client_of, make_user, warehouse):
    return client_of(make_user("buyer", warehouse))


def sent(client, address: str, **fields):
    return client.post(address, {"once": uuid.uuid4().hex, **fields}, follow=True)


def text_of(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_the_page_fills_up_to_a_minimum_and_writes_nothing(shop, supplier, buyer):
    supplier.minimum_order_cost = 200
    supplier.save()
    page = buyer.get(PAGE)
    assert "80.00 missing" in text_of(page)
    filled = sent(buyer, PAGE, fill="minimum", **{f"q-{shop['LOW'].pk}": 30})
    assert "20 pieces proposed" in text_of(filled)
    shown = {row["row"].product.sku: row["quantity"] for row in filled.context["lines"]}
    assert shown == {"LOW": 30, "NEXT": 20, "LATER": 0}
    assert not PurchaseOrder.objects.exists()


def test_a_minimum_above_a_years_need_is_said_and_not_bought(shop, supplier, buyer):
    supplier.minimum_order_cost = 100_000
    supplier.save()
    page = text_of(sent(buyer, PAGE, fill="minimum"))
    assert "need of what is listed here does not reach 100,000.00" in page


def test_a_save_happens_once_and_can_be_undone(shop, buyer, supplier, warehouse):
    fields = {"once": "k", f"q-{shop['LOW'].pk}": "30", f"q-{shop['NEXT'].pk}": "10"}
    for _ in range(2):
        page = buyer.post(PAGE, fields, follow=True)
    order = PurchaseOrder.objects.get()
    assert lines_of(order) == {"LOW": 30, "NEXT": 10}
    assert "Undo the last change" in text_of(page)
    before = {f"q-{pk}": quantity for pk, quantity in page.context["undo"].items()}
    sent(buyer, PAGE, version=order.version, **before)
    assert Suggestion.objects.get(product=shop["LOW"]).state == "open"
    assert not PurchaseOrder.objects.filter(state="draft").exists()


def test_what_is_no_number_changes_nothing(shop, buyer):
    page = sent(buyer, PAGE, **{f"q-{shop['LOW'].pk}": "a dozen"})
    assert "LOW: write a whole number of pieces" in text_of(page)
    assert not PurchaseOrder.objects.exists()


def test_risk_follows_what_is_typed(shop, buyer):
    answer = buyer.post(f"{ALL}acme/risk/?warehouse=riga", {f"q-{shop['LOW'].pk}": "7"})
    text = answer.content.decode()
    assert f'id="risk-{shop["LOW"].pk}"' in text and "Not whole packs of 5" in text and "28.00 EUR" in text


def test_people_without_costs_or_roles_see_no_money_and_change_nothing(shop, client_of, make_user, warehouse, buy):
    buy(shop["NEXT"], 10, expected_on=TODAY)
    clerk = client_of(make_user("clerk", warehouse))
    for address in (PAGE, ALL, "/admin/replenishment/chase/"):
        text = text_of(clerk.get(address))
        assert "120.00" not in text and "at risk" not in text and "To be paid" not in text
    assert clerk.post(PAGE, {"once": "k", f"q-{shop['LOW'].pk}": "30"}).status_code == 403
    assert PurchaseOrder.objects.filter(state="draft").count() == 0


def test_the_order_of_lines_tells_no_costs(run, plan, shelf, supplier, warehouse, make_user, client_of):
    for sku, price in (("A", 5), ("B", 9), ("C", 7)):
        plan(shelf(5, sku=sku, price=price).product)
    propose(run)
    published(run)
    shown = {}
    for role in ("buyer", "clerk"):
        known = client_of(make_user(role)).get(PAGE).context["known"]
        shown[role] = [row.product.sku for row in known.rows]
    assert shown == {"buyer": ["B", "C", "A"], "clerk": ["A", "B", "C"]}


def test_another_warehouse_is_not_found(shop, client_of, make_user, make_warehouse):
    stranger = client_of(make_user("buyer", make_warehouse("tallinn")))
    assert stranger.get(PAGE).status_code == 404
    assert "LOW" not in text_of(stranger.get(f"{ALL}acme/order/"))
    assert "Riga" not in text_of(stranger.get(ALL))


def test_the_list_tells_whose_day_it_is_and_what_is_waiting(shop, buyer, supplier):
    supplier.order_weekdays = [3]
    supplier.save()
    text = text_of(buyer.get(ALL))
    assert "04/02/2026" in text and "120.00" in text


def test_the_page_says_what_is_missing_of_a_supplier(shop, buyer, supplier):
    supplier.lead_time_days = supplier.weekly_capacity = 0
    supplier.save()
    text = text_of(buyer.get(PAGE))
    assert "No e-mail and no phone" in text and "lead time is 0 days" in text and "it is cut off" in text


def test_promises_and_reminders_are_written_in_bulk(shop, buyer, buy):
    first, second = (buy(shop[sku], 10, expected_on=TODAY - DAY).lines.get() for sku in ("NEXT", "LATER"))
    page = buyer.get("/admin/replenishment/chase/")
    assert "NEXT" in text_of(page)
    day = "2026-04-20"
    sent(buyer, f"{ALL}acme/promise/?warehouse=riga", verb="promised", all=day, line=[first.pk, second.pk])
    assert {str(row.promised_on) for row in PromisedDate.objects.all()} == {day}
    own = {f"on-{first.pk}": "2026-04-21", f"was-{first.pk}": day, f"on-{second.pk}": day, f"was-{second.pk}": day}
    sent(buyer, f"{ALL}acme/promise/?warehouse=riga", verb="promised", **own)
    assert PromisedDate.objects.count() == 3
    sent(buyer, "/admin/replenishment/chase/", verb="asked", note="by phone", line=[first.pk])
    assert Reminder.objects.get().note == "by phone"


def test_lines_of_another_warehouse_are_not_promised(shop, client_of, make_user, make_warehouse, buy):
    line = buy(shop["NEXT"], 10).lines.get()
    stranger = client_of(make_user("buyer", make_warehouse("tallinn")))
    answer = stranger.post("/admin/replenishment/chase/", {"once": "k", "verb": "asked", "line": [line.pk]})
    assert (answer.status_code, Reminder.objects.count()) == (403, 0)


def test_cash_is_due_at_the_receipt_or_the_payment_term_after_it(shop, supplier, buy, make_user, save):
    buy(shop["NEXT"], 10, expected_on=TODAY + 8 * DAY)
    buy(shop["LATER"], 5, expected_on=TODAY - 3 * DAY)
    save({shop["LOW"]: 30})
    user = make_user("buyer")
    weeks = cash_by_week(user=user)
    assert [(week.ordered, week.drafted) for week in weeks] == [(20, 120), (40, 0)]
    supplier.payment_days = 14
    supplier.save()
    assert [week.total for week in cash_by_week(user=user, supplier=supplier)] == [0, 0, 140, 40]


def test_what_came_late_in_the_evening_is_paid_by_the_day_of_the_shop(shop, supplier, buy, make_user):
    """Half past eleven in the evening of a Sunday (UTC) is Monday in Riga: two weeks later another week."""
    ShopSettings.objects.update(time_zone="Europe/Riga")
    supplier.payment_days = 14
    supplier.save()
    order = buy(shop["NEXT"], 10)
    orders.receive_purchase_order(order=order, quantities={order.lines.get().pk: 10}, actor=None)
    Receipt.objects.update(received_at=datetime(2026, 3, 29, 23, 30, tzinfo=UTC))
    assert [(week.monday, week.total) for week in cash_by_week(user=make_user("buyer"))][-1] == (date(2026, 4, 13), 40)


@pytest.mark.parametrize("payment_days", [0, 14])
def test_what_was_due_earlier_this_week_belongs_to_this_week(shop, supplier, buy, make_user, payment_days):
    ShopSettings.objects.update(demo_until=TODAY + 3 * DAY)  # a Thursday; TODAY is its Monday
    supplier.payment_days = payment_days
    supplier.save()
    for back in (0, 1):  # due on Monday, and on the Sunday before
        order = buy(shop["NEXT"], 10)
        orders.receive_purchase_order(order=order, quantities={order.lines.get().pk: 10}, actor=None)
        came = datetime.combine(TODAY - (payment_days + back) * DAY, datetime.min.time(), UTC)
        Receipt.objects.filter(line__order=order).update(received_at=came)
    assert [(week.monday, week.total) for week in cash_by_week(user=make_user("buyer"))] == [(TODAY, 40)]


def test_a_promise_for_the_end_of_time_counts_in_the_last_week(shop, supplier, buy, make_user):
    supplier.payment_days = 30
    supplier.save()
    orders.promise_dates(dates={buy(shop["NEXT"], 10).lines.get().pk: date.max}, actor=None)
    weeks = cash_by_week(user=make_user("buyer"))
    assert (len(weeks), weeks[-1].ordered) == (12, 40)


def test_the_order_of_suppliers_tells_no_costs(shop, supplier, make_user, make_supplier, warehouse):
    dear, name = make_supplier("zeta", name="zz"), supplier.name
    lines = [orders.NewPurchaseLine(shop["NEXT"], 100, Decimal(4))]
    orders.create_purchase_order(supplier=dear, warehouse=warehouse, lines=lines, actor=None)
    listed = {role: [row["supplier"].name for row in overview(make_user(role))["busy"]] for role in ("buyer", "clerk")}
    assert listed == {"buyer": ["zz", name], "clerk": [name, "zz"]}


def test_a_promise_moves_the_day_that_the_plan_waits_for(shop, buy):
    line = buy(shop["NEXT"], 10, expected_on=TODAY + 3 * DAY).lines.get()
    level = shop["NEXT"].levels.get()
    refresh_positions(level_ids=[level.pk])
    assert level.position.next_receipt_on == TODAY + 3 * DAY
    orders.promise_dates(dates={line.pk: TODAY + 12 * DAY}, actor=None)
    refresh_positions(level_ids=[level.pk])
    level.position.refresh_from_db()
    assert level.position.next_receipt_on == TODAY + 12 * DAY
