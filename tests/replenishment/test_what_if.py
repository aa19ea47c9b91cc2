"""What-if: expected values by hand, levels and budgets of the shop, and a level that becomes a policy."""

from __future__ import annotations

import numpy as np
import pytest

from catalog.models import Category
from forecasting.engine import GRID, LeadTimeDemand
from forecasting.models import Forecast
from inventory_site.common.models import Audit
from replenishment.errors import CannotTakeBack
from replenishment.models import Policy
from replenishment.services.what_if import Where, apply_level, items_for, last_applied, narrower_policies, take_back
from replenishment.what_if import LEVELS, Items, curve, outcome
from stock.models import StockLevel
from tests.replenishment.conftest import published

pytestmark = pytest.mark.django_db


def even(items=1, *, most=40.0, **fields) -> Items:
    """Demand of ten days, evenly between 0 and ``most``; daily review, lots of 30."""
    one, yes = np.ones(items), np.ones(items, bool)
    law = LeadTimeDemand(one * most / 2, np.outer(one, np.array(GRID) * most), np.zeros(items))
    values = {
        "interval_days": 10 * one, "review_days": one, "gap": 30 * one, "fills": ~yes, "correction": 2 * one,
        "reorder_point": np.full(items, 38), "own_level": 0.9 * one, "is_fixed": ~yes, "is_stocked": yes,
        "unit_cost": 2 * one, "unit_price": 5 * one,
    }  # fmt: skip
    return Items(law, **values | fields)


COSTS = {"holding_rate": 0.25, "order_cost": 3.0}


def test_a_level_is_its_quantile_and_what_the_plan_adds():
    found = outcome(even(), 0.8, **COSTS)
    assert found.reorder_point.tolist() == [34]
    assert found.orders[0] == pytest.approx(2 * 365.25 / 30)
    assert found.order_cost[0] == pytest.approx(3 * found.orders[0])
    # an evenly spread demand above 32 of 40 misses 8^2 / 80 = 0.8 a cycle
    assert found.lost_pieces[0] == pytest.approx(0.8 * found.orders[0], rel=0.01)
    assert found.lost_margin[0] == pytest.approx(3 * found.lost_pieces[0])
    assert found.stock_value[0] == pytest.approx(2 * found.on_hand[0])
    assert found.holding_cost[0] == pytest.approx(0.25 * found.stock_value[0])
    # the position is 34 + 15 on average, and 19 are asked for in nine and a half days
    assert found.on_hand[0] == pytest.approx(30, abs=0.6)


def test_more_is_more_stock_and_less_is_lost():
    told = curve(even(3), **COSTS)
    for name, grows in (("stock_value", True), ("lost_pieces", False), ("orders", None)):
        steps = np.diff([point[name] for point in told.points])
        assert (steps >= 0).all() if grows else (steps <= 0).all() if grows is False else not steps.any()
    assert told.planned == pytest.approx(outcome(even(3), 0.9, **COSTS).total())
    assert told.at(0.91)["stock_value"] == pytest.approx(
        (told.at(0.9)["stock_value"] + told.at(0.92)["stock_value"]) / 2
    )


def test_a_budget_buys_the_highest_level_and_too_small_a_one_none():
    told = curve(even(3), **COSTS)
    values = [point["stock_value"] for point in told.points]
    assert told.highest_within(values[5]) == pytest.approx(LEVELS[5])
    assert told.highest_within(values[-1] * 2) == LEVELS[-1]
    assert told.highest_within(values[0] - 1) is None


def test_what_is_set_by_hand_or_not_stocked_is_left_alone():
    yes = np.ones(1, bool)
    assert outcome(even(is_fixed=yes), 0.99, **COSTS).reorder_point.tolist() == [38]
    idle = outcome(even(is_stocked=~yes), 0.99, **COSTS)
    assert idle.total()["stock_value"] == idle.total()["orders"] == 0


def test_filling_up_to_a_level_orders_at_each_review():
    found = outcome(even(fills=np.ones(1, bool), correction=-np.ones(1), review_days=np.full(1, 5.0)), 0.8, **COSTS)
    assert found.reorder_point.tolist() == [31]  # the level is 32
    assert found.orders[0] == pytest.approx(365.25 / 5)
    assert found.lost_pieces[0] == pytest.approx(0.8 * found.orders[0], rel=0.01)


@pytest.fixture
def shop(run, plan, shelf, supplier):
    """Two items that are planned: 10 days of demand are 10 and 20, s = 20."""
    for a_day in (1.0, 2.0):
        plan(
            shelf(30, category=Category.objects.get_or_create(name="Tea")[0]).product,
            a_day=a_day,
            lead_time_demand=10 * a_day,
        )
    Forecast.objects.update(lead_time_demand_grid=[15 * share for share in GRID])
    return published(run)


@pytest.fixture
def owner(make_user):
    return make_user("owner")


def test_the_items_are_those_of_the_published_run_in_a_handful_of_queries(
    shop, owner, make_user, make_warehouse, django_assert_num_queries
):
    with django_assert_num_queries(5):
        items = items_for(owner, Where())
    assert len(items) == 2 and items.correction.tolist() == [2, 2] and items.interval_days.tolist() == [10, 10]
    assert len(items_for(make_user("owner", make_warehouse("tallinn")), Where())) == 0
    assert len(items_for(owner, Where(category=Category.objects.create(name="Coffee")))) == 0


def test_the_page_answers_the_slider_and_the_budget(shop, owner, client_of):
    client = client_of(owner)
    page = client.get("/admin/replenishment/what-if/")
    assert page.status_code == 200 and "2 items at 95.0 %" in page.content.decode()
    part = client.get("/admin/replenishment/what-if/", {"level": "900"}, headers={"HX-Request": "true"})
    assert "2 items at 90.0 %" in part.content.decode() and "<html" not in part.content.decode()
    rich = client.get("/admin/replenishment/what-if/", {"budget": "100,000"}).content.decode()
    assert "2 items at 99.9 %" in rich
    assert "The budget is too small by" in client.get("/admin/replenishment/what-if/", {"budget": "1"}).content.decode()
    assert "not an amount above 0" in client.get("/admin/replenishment/what-if/", {"budget": "much"}).content.decode()
    assert client.get("/admin/replenishment/what-if/", {"warehouse": "999"}).status_code == 404


def test_a_shop_without_a_run_is_told_so(owner, client_of):
    assert "Nothing is planned here yet" in client_of(owner).get("/admin/replenishment/what-if/").content.decode()


def test_who_may_not_see_costs_sees_pieces_and_orders_only(shop, make_user, client_of, api_of):
    clerk = make_user("clerk")
    page = client_of(clerk).get("/admin/replenishment/what-if/", {"budget": "1"}).content.decode()
    assert "pieces lost a year" in page and "holding cost" not in page and "Make 95.0 %" not in page
    answer = api_of(clerk).get("/api/v1/what-if", {"budget": "1"}).json()
    assert set(answer["then"]) == {"on_hand", "lost_pieces", "orders", "demand"} and answer["level"] == 0.95


def test_the_api_answers_a_level_and_a_budget(shop, owner, api_of, make_user, make_warehouse):
    client = api_of(owner)
    at = client.get("/api/v1/what-if/", {"level": 0.9, "warehouse": "riga"}).json()
    assert at["items"] == 2 and at["then"]["stock_value"] < client.get("/api/v1/what-if").json()["then"]["stock_value"]
    assert client.get("/api/v1/what-if", {"budget": 1}).json()["level"] is None
    assert client.get("/api/v1/what-if", {"level": 2}).status_code == 400
    stranger = api_of(make_user("owner", make_warehouse("tallinn")))
    assert stranger.get("/api/v1/what-if", {"warehouse": "riga"}).status_code == 400
    assert stranger.get("/api/v1/what-if").json()["items"] == 0
    assert api_of(make_user(None)).get("/api/v1/what-if").status_code == 403


def test_one_product_answers_on_its_page(shop, owner, client_of):
    level = StockLevel.objects.first()
    client, address = client_of(owner), f"/admin/catalog/product/{level.product_id}/what-if/"
    page = client.get(f"/admin/catalog/product/{level.product_id}/plan/").content.decode()
    assert address in page and 'value="950"' in page
    part = client.get(address, {"warehouse": "riga", "level": "800"}).content.decode()
    assert "reorder point" in part and "At 80.0 %" in part
    assert client.get(address, {"warehouse": "nowhere"}).status_code == 404


def test_a_level_becomes_a_policy_that_can_be_taken_back(shop, owner, warehouse):
    where = Where(warehouse=warehouse)
    Policy.objects.create(product=StockLevel.objects.first().product, warehouse=warehouse)
    made, applied = apply_level(level=0.9, where=where, actor=owner)
    assert (made.cycle_service_level, made.target, made.warehouse) == (0.9, "cycle_service_level", warehouse)
    assert last_applied(where) == applied
    _same, second = apply_level(level=0.97, where=where, actor=owner)
    with pytest.raises(CannotTakeBack):
        take_back(applied=applied, actor=owner)
    take_back(applied=second, actor=owner)
    assert Policy.objects.get(pk=made.pk).cycle_service_level == 0.9
    assert last_applied(where) is None
    assert list(Audit.objects.order_by("pk").values_list("action", flat=True)) == [
        "policy.what_if", "policy.what_if", "policy.what_if_taken_back",
    ]  # fmt: skip


def test_policies_that_would_win_are_counted_whatever_they_name(
    shop, owner, supplier, warehouse, make_warehouse, make_user
):
    product = StockLevel.objects.first().product
    tools, toys = Category.objects.create(name="Tools"), Category.objects.create(name="Toys")
    product.category = tools
    product.save()
    for scope in (
        {"product": product}, {"product": product, "warehouse": warehouse}, {"category": tools},
        {"category": tools, "supplier": supplier}, {"supplier": supplier}, {"warehouse": warehouse}, {},
        {"category": toys}, {"warehouse": make_warehouse("narva")},
        {"product": StockLevel.objects.last().product, "target": ""},
    ):  # fmt: skip
        Policy.objects.create(**scope)
    counted = {
        Where(): 6, Where(warehouse=warehouse): 5, Where(supplier=supplier): 4, Where(category=tools): 3,
        Where(category=tools, supplier=supplier): 2, Where(category=toys): 0, Where(product=product): 1,
        Where(product=product, warehouse=warehouse): 0,
    }  # fmt: skip
    assert {where: narrower_policies(owner, where) for where in counted} == counted
    assert narrower_policies(make_user("clerk", Policy.objects.get(warehouse__code="narva").warehouse), Where()) == 0


def test_a_new_policy_that_is_taken_back_is_gone(shop, owner):
    _policy, applied = apply_level(level=0.9, where=Where(), actor=owner)
    take_back(applied=applied, actor=owner)
    assert not Policy.objects.exists()


def test_the_button_applies_once_and_only_where_the_role_reaches(shop, owner, warehouse, make_user, client_of):
    form = {"level": "900", "once": "key-1", "next": "/admin/replenishment/what-if/"}
    assert client_of(make_user("clerk")).post("/admin/replenishment/what-if/apply/", form).status_code == 403
    buyer = make_user("buyer", warehouse)
    elsewhere = StockLevel.objects.first().warehouse.__class__.objects.create(code="narva", name="Narva")
    assert client_of(buyer).post("/admin/replenishment/what-if/apply/", form).status_code == 403  # all warehouses
    assert not Policy.objects.exists() and elsewhere.pk
    client = client_of(owner)
    for _ in range(2):
        assert client.post("/admin/replenishment/what-if/apply/", form).status_code == 302
    assert Policy.objects.get().cycle_service_level == 0.9 and Audit.objects.count() == 1
    undo = {"undo": Audit.objects.get().pk, "once": "key-2", "next": form["next"]}
    assert "Take the policy back" in client.get("/admin/replenishment/what-if/").content.decode()
    client.post("/admin/replenishment/what-if/apply/", undo)
    assert not Policy.objects.exists()
