"""Terms that are missing or contradict each other: a sentence each, and the rest of the run goes on."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from catalog.models import SupplierProduct
from forecasting.engine.panel import Forecast as Told
from forecasting.engine.panel import ProtectionInterval
from inventory_site.common.models import ShopSettings
from replenishment.lead_times import Distribution
from replenishment.models import Policy, ReorderPoint
from replenishment.patterns import habits
from replenishment.plan_notes import sentences
from replenishment.services.planning import Item
from replenishment.services.policies import combined
from replenishment.services.reorder_points import reorder_points
from tests.replenishment.forecasts import poisson, true_forecast

pytestmark = pytest.mark.django_db

DAYS = 9


@pytest.fixture
def planned(run, warehouse, supplier, make_product):
    """The reorder point of one item that sells two a day, planned beside another that lacks nothing."""

    def planned(*policies: Policy, terms=None, lead_days: int = 8, a_day: float = 2.0, **fields) -> ReorderPoint:
        items = []
        for chosen, own, product in (
            (policies, terms, make_product(**fields)),
            ((), {}, make_product()),
        ):
            product.refresh_from_db()  # money as Decimal
            sold = None
            if own is not None:
                values = {"unit_cost": product.unit_cost, "is_preferred": True} | own
                sold = SupplierProduct.objects.create(supplier=supplier, product=product, **values)
                sold.refresh_from_db()
            days = lead_days if chosen is policies else 8
            items.append(Item(product, warehouse.pk, sold, combined(chosen), Distribution.sure(days)))
        lengths = np.array([[lead_days + 1], [DAYS]])
        forecast: Told = true_forecast([poisson(a_day), poisson(2)], DAYS, 20_000)
        known = habits(np.full((2, 400), 2.0), np.full((2, 400), 9.9))
        point, other = reorder_points(run, items, ProtectionInterval(lengths, np.ones((2, 1))), forecast, known)
        assert (other.notes, other.is_stocked, 18 < other.reorder_point < 30) == ([], True, True)
        return point

    return planned


def said(point: ReorderPoint) -> str:
    return " ".join(sentences(point.notes))


def test_without_a_supplier_it_is_planned_and_cannot_be_bought(planned):
    point = planned(lead_days=7)
    assert "Nobody is known to sell it: it is planned with a lead time of 7 days" in said(point)
    assert (point.supplier_id, point.reorder_point > 15) == (None, True)


def test_without_a_cost_a_month_is_ordered_at_once(planned):
    point = planned(terms={"unit_cost": Decimal(0)}, unit_cost=Decimal(0))
    assert said(point) == "Its unit cost is not known, so the order quantity is a month's demand. Enter the cost."
    assert 55 < point.order_quantity < 65


def test_a_lead_time_of_no_days_is_doubted(planned):
    point = planned(terms={}, lead_days=0)
    assert said(point).startswith("Its lead time is 0 days")
    assert point.lead_time_days == 0


def test_what_is_no_longer_bought_is_not_stocked(planned):
    point = planned(terms={}, is_active=False)
    assert (said(point), point.is_stocked, point.supplier_id) == (
        "It is no longer bought: only what customers wait for is counted.", False, None
    )  # fmt: skip


def test_without_demand_it_is_not_stocked(planned):
    point = planned(terms={}, a_day=0.0)
    assert (said(point), point.is_stocked) == (
        "Hardly anything is asked for (0.0 a year are expected): it is not bought for the shelf.", False
    )  # fmt: skip


def test_a_minimum_of_one_policy_above_the_maximum_of_another_is_told_with_both(planned, make_product, warehouse):
    narrow = Policy(product=make_product(sku="TEA", name="Green tea"), minimum_stock=50)
    point = planned(narrow, Policy(warehouse=warehouse, maximum_stock=40), terms={})
    assert said(point) == (
        "The minimum of 50 (policy “TEA Green tea”) does not fit below the maximum of 40 (policy “Riga”): the maximum "
        "was kept. Change one of them."
    )
    assert point.order_up_to_level == 40 and point.reorder_point < 40 and point.undershoot == 0


def test_a_lot_above_the_maximum_is_not_bought_for_the_shelf(planned):
    point = planned(Policy(maximum_stock=40), terms={"min_order_quantity": 48, "pack_size": 12})
    assert "The smallest order, 48 pieces, does not fit below the maximum of 40" in said(point)
    assert not point.is_stocked


def test_a_maximum_lowers_the_order_before_the_level(planned):
    free = planned(terms={"pack_size": 6})
    point = planned(Policy(maximum_stock=free.reorder_point + 13), terms={"pack_size": 6})
    assert (point.reorder_point, point.order_quantity) == (free.reorder_point, 12)
    assert f"without that limit it would be filled up to {free.order_up_to_level}." in said(point)


@pytest.mark.parametrize("rule", ["R,S", "s,S", "R,s,nQ"])
def test_no_order_of_any_rule_lifts_the_position_above_the_maximum(planned, rule):
    point = planned(Policy(rule=rule, maximum_stock=30), terms={"pack_size": 4, "min_order_quantity": 8})
    lots = 8 if rule == "R,S" else 4
    assert point.is_stocked and 30 - lots < point.order_up_to_level + (lots - 1 if rule == "R,S" else 0) <= 30


def test_the_least_lifts_a_level_that_is_lower(planned):
    point = planned(Policy(reorder_point_floor=70), terms={})
    assert (point.reorder_point, point.undershoot) == (70, 0)
    assert said(point).startswith("The policy's least, 70, is above what was computed, ")


def test_by_cost_the_level_follows_from_margin_holding_and_shortage(planned):
    ShopSettings.objects.update(holding_rate=Decimal("0.25"))
    point = planned(Policy(target="cost", level_ceiling=0.999), terms={})
    kept = 4 * 0.25 * DAYS / 365.25  # unit cost 4, price 9.90
    assert point.cycle_service_level == pytest.approx((9.9 - 4) / (9.9 - 4 + kept))
    assert said(point) == "By cost: a cycle service level of 99.6 % is best."
    bounded = planned(Policy(target="cost", level_ceiling=0.9, shortage_cost=5), terms={})
    assert bounded.cycle_service_level == 0.9 and bounded.reorder_point < point.reorder_point
    assert said(bounded) == (
        "By cost a cycle service level of 99.8 % is best; the policy keeps it between 80 and 90 %."
    )


def test_by_cost_without_a_cost_takes_the_policys_level_and_says_so(planned):
    point = planned(Policy(target="cost"), terms={"unit_cost": Decimal(0)}, unit_cost=Decimal(0))
    assert (point.cycle_service_level, point.target) == (0.95, "cost")
    assert "a cycle service level of 95 % was taken. Enter both." in said(point)


def test_by_cost_what_is_sold_below_cost_gets_the_floor(planned):
    point = planned(Policy(target="cost"), terms={"unit_cost": Decimal(12)})
    assert point.cycle_service_level == 0.8


def test_a_fill_rate_is_corrected_too_and_both_numbers_are_kept(planned):
    point = planned(Policy(target="fill_rate", fill_rate=0.97), terms={})
    assert (point.target, point.fill_rate, point.target_rate) == ("fill_rate", 0.97, 0.97)
    assert point.reorder_point != point.quantile and point.quantile > 0
