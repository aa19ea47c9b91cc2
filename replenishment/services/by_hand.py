"""What a person set for one product holds at once: it amends last night's plan, or stands in for one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecasting.panels import Keys
from inventory_site.common.models import JobRun
from replenishment import formulas
from replenishment.limits import within_limits
from replenishment.models import Policy, ReorderPoint
from replenishment.services.planning import Item, items_of
from stock.models import StockLevel


def set_for(levels: Sequence[StockLevel], run: JobRun | None) -> dict[int, Item]:
    """By level: the terms of items whose narrowest policy names the product and sets a number by hand."""
    products = {level.product_id for level in levels}
    policies = Policy.objects.filter(product__in=products).exclude(minimum_stock=None, order_quantity=None)
    named = set(policies.values_list("product_id", flat=True))
    chosen = [level for level in levels if level.product_id in named]
    if not chosen:
        return {}
    keys = Keys(*np.array([(level.pk, level.product_id, level.warehouse_id) for level in chosen], np.int64).T)
    return {
        level.pk: item
        for level, item in zip(chosen, items_of(run, keys), strict=True)
        if item.policy.product_id and (item.policy.minimum_stock is not None or item.policy.order_quantity)
    }


def amend(point: ReorderPoint | None, item: Item) -> ReorderPoint:
    """The plan with the numbers set by hand; packs, the minimum order and the maximum stock still hold.

    Changes ``point``.
    """
    point = point or _without_forecast(item)
    minimum, quantity = item.policy.minimum_stock, item.policy.order_quantity
    if quantity:
        point.order_quantity = int(formulas.lot_size(quantity, point.min_order_quantity, point.pack_size))
    if minimum is not None:
        point.safety_stock += minimum - (
            point.order_up_to_level if point.rule == Policy.Rule.R_S else point.reorder_point
        )
        point.rule = Policy.Rule.R_S_NQ if point.rule == Policy.Rule.R_S else point.rule
        point.reorder_point, point.set_by_hand = minimum, True
        point.is_stocked = item.product.is_active
    if point.rule != Policy.Rule.R_S:
        _keep_below(point, item.policy.maximum_stock)
    return point


def _keep_below(point: ReorderPoint, maximum: int | None) -> None:
    """Levels that follow from the numbers by hand, within the maximum stock."""
    one = np.ones(1, np.int64)
    limited = within_limits(
        np.array([str(point.rule)]), one * point.reorder_point, one * point.order_quantity, np.full(1, np.nan),
        np.array([np.nan if maximum is None else maximum], float), one * point.min_order_quantity,
        one * point.pack_size,
    )  # fmt: skip
    lowered = int(limited.level[0]) - point.reorder_point
    point.reorder_point, point.safety_stock = point.reorder_point + lowered, point.safety_stock + lowered
    point.order_quantity, point.order_up_to_level = int(limited.quantity[0]), int(limited.top[0])
    point.is_stocked = point.is_stocked and bool(limited.fits[0])


def _without_forecast(item: Item) -> ReorderPoint:
    """A plan of nothing but terms, for an item that no run has planned yet."""
    terms = item.terms
    minimum, pack = (terms.min_order_quantity, terms.pack_size) if terms else (1, 1)
    return ReorderPoint(
        product=item.product, warehouse_id=item.warehouse_id,
        supplier_id=terms.supplier_id if terms and item.product.is_active else None,
        policy=item.policy.policy, mode=item.policy.mode, maximum_stock=item.policy.maximum_stock,
        rule=Policy.Rule.R_S_NQ, cycle_service_level=item.policy.cycle_service_level,
        lead_time_days=item.lead_time.mean, review_period_days=item.review_days, lead_time_demand=0.0,
        quantile=0, safety_stock=0, reorder_point=0, order_up_to_level=0, is_stocked=False,
        order_quantity=int(formulas.lot_size(item.policy.minimum_stock or 1, minimum, pack)),
        min_order_quantity=minimum, pack_size=pack, unit_cost=item.unit_cost, unit_price=item.product.price,
    )  # fmt: skip
