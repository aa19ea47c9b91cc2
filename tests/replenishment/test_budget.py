"""This week's purchase: the open needs under a budget, what limits it, and the drafts that it makes."""

from __future__ import annotations

import html
import re
from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from django.urls import reverse

from catalog.models import PriceBreak, Product, SupplierProduct
from forecasting.engine.panel import GRID, LeadTimeDemand
from orders.models import PurchaseOrder, PurchaseOrderLine
from replenishment import services
from replenishment.lots_ahead import lots_ahead
from replenishment.models import Suggestion
from replenishment.optimise.budget import Limits, Suppliers, plan_purchase
from replenishment.optimise.errors import Infeasible
from replenishment.optimise.greedy import plan_greedily
from replenishment.optimise.lots import Items
from replenishment.services.purchase_plan import weekly_plan
from tests.replenishment.conftest import propose

pytestmark = pytest.mark.django_db


@pytest.fixture
def needs(run, plan, shelf):
    """Three products with nothing on hand, of which 10 are surely asked for until the next delivery."""
    products = [shelf(0).product for _ in range(3)]
    for product in products:
        plan(product)
    run.state, run.published_at = "published", "2026-03-30T23:00Z"
    run.save()
    propose(run)
    return products


def planned(budget, **fields):
    return weekly_plan(Suggestion.objects.all(), budget=None if budget is None else Decimal(budget), **fields)


def bought(plan) -> list[int]:
    return [line.quantity for line in sorted(plan.lines, key=lambda line: line.suggestion.pk)]


def test_without_a_limit_each_need_gets_what_surely_sells(needs):
    plan = planned(None)
    assert bought(plan) == [10, 10, 10]  # the eleventh piece would wait
    assert (plan.goods, plan.freight, plan.binding, plan.coin) == (Decimal("120.00"), 0, [], 0)
    assert plan.gap < 1e-3


def test_a_budget_binds_and_says_what_a_coin_more_would_bring(needs):
    Product.objects.filter(pk=needs[0].pk).update(price=20)
    plan = planned(60)
    assert plan.spent <= 60 and plan.binding[0].limit == "budget"
    assert plan.coin == pytest.approx((float(needs[1].price) - 4) / 4, rel=0.05)  # the margin of a piece for its cost


def test_freight_capacity_minimum_order_packs_and_price_breaks_are_kept(needs, supplier):
    type(supplier).objects.update(freight_cost=7, free_freight_from=1000, weekly_capacity=24)
    SupplierProduct.objects.update(pack_size=4)
    plan = planned(None)
    assert plan.freight == 7 and sum(bought(plan)) <= 24 and {q % 4 for q in bought(plan)} == {0}
    assert "capacity" in {limit.limit for limit in plan.binding}
    type(supplier).objects.update(freight_cost=0, weekly_capacity=None, minimum_order_cost=10_000)
    assert bought(planned(None)) == [0, 0, 0]
    type(supplier).objects.update(minimum_order_cost=0)
    PriceBreak.objects.create(terms=SupplierProduct.objects.get(product=needs[0]), min_quantity=12, unit_cost=1)
    assert bought(planned(None))[0] >= 12


def test_room_that_is_taken_is_not_given_again(needs, warehouse):
    Product.objects.update(volume_ml=1000)
    type(warehouse).objects.update(room_ml=15_000)
    plan = planned(None)
    assert sum(bought(plan)) == 15
    assert [limit.limit for limit in plan.binding] == ["volume"]


def test_a_budget_too_small_for_what_is_promised_is_told_by_how_much(needs, warehouse, place_sale):
    place_sale(needs[0], 8)
    plan = planned(20)
    assert not plan.lines
    assert [(told.limit, told.amount) for told in plan.shortfalls] == [("budget", Decimal("12.00"))]


@pytest.fixture
def place_sale(warehouse):
    """A back-order: accepted, and nothing to allocate."""
    from orders import services as orders
    from orders.models import SalesChannel

    def place_sale(product, quantity):
        Product.objects.filter(pk=product.pk).update(accepts_backorders=True)
        product.refresh_from_db()
        channel = SalesChannel.objects.create(code="web", name="Web")
        line = orders.NewLine(product, warehouse, quantity)
        return orders.place_sales_order(channel=channel, lines=[line], actor=None)

    return place_sale


def test_what_has_no_cost_is_left_out_and_the_rest_is_planned(needs):
    Suggestion.objects.filter(product=needs[0]).update(unit_cost=0)
    plan = planned(None)
    assert [(row.product, why) for row, why in plan.left_out] == [(needs[0], "unit_cost")]
    assert bought(plan) == [10, 10]


def test_where_nothing_can_be_weighed_each_is_told_and_nothing_is_bought(needs):
    Suggestion.objects.update(unit_cost=0)
    plan = planned(50)
    assert (len(plan.left_out), plan.lines, plan.spent) == (3, [], 0)


def test_chosen_lots_become_one_draft_at_the_suppliers_price_and_can_be_taken_back(needs, make_user):
    PriceBreak.objects.create(terms=SupplierProduct.objects.get(product=needs[0]), min_quantity=10, unit_cost=3)
    rows = list(Suggestion.objects.order_by("pk"))
    quantities = {rows[0].pk: 10, rows[1].pk: 4}
    [order] = services.accept_suggestions(suggestions=rows[:2], actor=make_user("buyer"), quantities=quantities)
    lines = dict(order.lines.values_list("product", "quantity"))
    assert lines == {needs[0].pk: 10, needs[1].pk: 4}
    assert PurchaseOrderLine.objects.get(product=needs[0]).unit_cost == 3
    services.reopen_suggestions(suggestions=rows[:2], actor=None)
    assert not PurchaseOrder.objects.exists() and Suggestion.objects.open().count() == 3
    again = list(Suggestion.objects.order_by("pk").values_list("quantity", "cost"))
    assert again == [(row.quantity, row.cost) for row in rows]


def text_of(answer) -> str:
    return re.sub(r"\s+", " ", html.unescape(answer.content.decode()))


def test_the_page_plans_applies_once_and_refuses_a_foreign_plan(needs, client_of, make_user):
    client = client_of(make_user("buyer"))
    page = reverse("purchase-plan")
    assert "plan=1" in text_of(client.get(page, {"budget": "60"}))
    answer = text_of(client.get(page, {"budget": "60", "plan": 1}))
    assert "The budget binds: one coin more would bring 1.4" in answer
    assert "of a budget of 10,000" in text_of(client.get(page, {"budget": "10,000", "plan": 1}))
    signed = re.search(r'name="lines" value="([^"]+)"', answer).group(1)
    for _click in range(2):
        done = client.post(reverse("purchase-plan-apply"), {"lines": signed, "once": "k"})
        assert done.status_code == 302
    assert sum(PurchaseOrder.objects.get().lines.values_list("quantity", flat=True)) == 15
    assert client.post(reverse("purchase-plan-apply"), {"lines": signed + "x", "once": "k2"}).status_code == 400
    assert client.get(page, {"budget": "much"}).status_code == 400


def test_the_worst_case_is_told_beside_the_plan(needs, client_of, make_user):
    answer = client_of(make_user("buyer")).get(reverse("purchase-plan"), {"budget": "60", "plan": 1, "caution": 1})
    assert "Worst case of the cautious one" in text_of(answer)


def test_who_may_not_decide_or_see_costs_gets_no_plan(needs, client_of, make_user, make_warehouse):
    assert client_of(make_user("clerk")).get(reverse("purchase-plan")).status_code == 403
    stranger = client_of(make_user("buyer", make_warehouse("elsewhere")))
    assert "No purchase is suggested." in text_of(stranger.get(reverse("purchase-plan"), {"plan": 1}))


def test_the_api_plans_and_accepts_many(needs, api_of, make_user):
    client = api_of(make_user("buyer"))
    plan = client.post("/api/v1/suggestions/plan/", {"budget": "60.00"}, format="json").json()
    chosen = [line for line in plan["lines"] if line["quantity"]]
    assert plan["is_proved"] and sum(line["quantity"] for line in chosen) == 15
    body = {"lines": [{"suggestion": line["suggestion"], "quantity": line["quantity"]} for line in chosen]}
    for _twice in range(2):
        answer = client.post("/api/v1/suggestions/accept-many/", body, format="json", HTTP_IDEMPOTENCY_KEY="k")
        assert answer.json()["accepted"] == len(chosen)
    assert PurchaseOrder.objects.count() == 1
    Suggestion.objects.update(needs_decision=True)
    refused = client.post("/api/v1/suggestions/accept-many/", body, format="json")
    assert (refused.status_code, refused.json()["code"]) == (409, "needs_decision")
    body["lines"].append({"suggestion": 10**9})
    assert client.post("/api/v1/suggestions/accept-many/", body, format="json").status_code == 404


def made_up(seed: int) -> tuple[Items, Suppliers, Limits]:
    rng = np.random.default_rng(seed)
    size = 8
    mean = rng.uniform(1, 30, size)
    grid = mean[:, None] * np.linspace(0.2, 2.5, len(GRID))
    items = Items.of(
        LeadTimeDemand(mean, grid, mean * 0.02), interval_days=np.full(size, 14.0), position=rng.integers(0, 8, size),
        price=rng.uniform(6, 12, size), unit_cost=rng.uniform(1, 6, size), pack_size=rng.integers(1, 5, size),
        supplier=rng.integers(0, 2, size),
    )  # fmt: skip
    return items, Suppliers.of(2, freight_cost=3.0, minimum_order_cost=10.0, capacity=60.0), Limits(80.0)


@pytest.mark.parametrize("seed", range(6))
def test_greedily_every_limit_is_kept_and_no_more_is_gained_than_is_proved_possible(seed):
    items, terms, limits = made_up(seed)
    greedy, best = plan_greedily(items, terms, limits), plan_purchase(items, terms, limits)
    assert greedy.cost.sum() + greedy.freight_cost.sum() <= limits.budget + 1e-6
    goods = np.bincount(items.supplier, greedy.cost, 2)
    assert all(value == 0 or value >= 10 for value in goods)
    assert (np.bincount(items.supplier, greedy.quantity, 2) <= 60).all()
    assert greedy.gain <= best.bound + 1e-6


def test_greedily_what_is_required_and_does_not_fit_is_infeasible():
    items, terms, _limits = made_up(0)
    items = Items.of(items.demand, interval_days=items.interval_days, position=items.position, price=items.price,
                     unit_cost=items.unit_cost, supplier=items.supplier, required=np.full(8, 5))  # fmt: skip
    with pytest.raises(Infeasible):
        plan_greedily(items, terms, Limits(1.0))


def test_lots_over_the_weeks_follow_the_forecast_net_of_what_there_is(run):
    costs = {"unit_cost": Decimal("73"), "shelf_life_days": None, "today": date(2026, 4, 1)}
    found = lots_ahead(mean=[2.0] * 28, position=20, **costs)
    assert [week.demand for week in found.weeks] == [14] * 12
    assert sum(week.lacking for week in found.weeks) == sum(week.lot for week in found.weeks) == 12 * 14 - 20
    assert found.weeks[0].lot == 0 and found.weeks[1].lot > 0
    # an order costs 5.00, a piece 0.35 a week: eleven orders against fewer that are kept
    assert found.each_week == Decimal("55.00") and found.saved >= 0
    short = lots_ahead(mean=[2.0] * 28, position=20, **costs | {"shelf_life_days": 7})
    assert short.lots == 11 and short.cost == Decimal("55.00")


def test_pieces_that_customers_wait_for_are_lacking_in_the_first_week_and_without_need_there_are_no_lots(run):
    costs = {"unit_cost": Decimal("1"), "shelf_life_days": None, "today": date(2026, 4, 1)}
    owed = lots_ahead(mean=[0.0] * 28, position=-6, **costs)
    assert [week.lot for week in owed.weeks][:2] == [6, 0]
    assert lots_ahead(mean=[1.0] * 28, position=500, **costs) is None
