"""Key figures from their sums: pure, so that they are right over any warehouses and days together."""

from __future__ import annotations

from collections.abc import Mapping

#: Days up to which stock is of an age; the last group is older.
AGES_DAYS = (30, 90, 180, 365)

#: Figures that tell costs or margins.
MONEY = (
    "stock_value", "overstock_value", "dead_value", "lost_margin", "holding_cost", "supply_cost_per_order",
    "value_by_age",
)  # fmt: skip

#: Sums that are added up over warehouses.
SUMS = (
    "items", "stock_value", "overstock_value", "dead_value", "yearly_cost", "daily_cost", "expected", "expected_out",
    "lost_margin", "asked", "shipped", "sales_lines", "lines_fulfilled", "ordered", "cancelled", "purchase_orders",
    "supply_cost", "lines_due", "lines_on_time",
)  # fmt: skip


def figures(sums: Mapping[str, float], holding_rate: float) -> dict[str, float | None]:
    """Every figure; None where nothing was there to measure.

    ``holding_cost`` is of a year at the day's stock; ``lost_margin`` of the day. The stock-out rate is weighted by what
    was expected: an item that sells ten a day counts ten times as much as one that sells one.

    >>> sums = dict.fromkeys(SUMS, 0.0) | {"stock_value": 200.0, "yearly_cost": 800.0, "daily_cost": 4.0}
    >>> found = figures(sums | {"expected": 50.0, "expected_out": 5.0, "asked": 40.0, "shipped": 38.0}, 0.25)
    >>> [found[name] for name in ("turnover", "days_of_cover", "stock_out_rate", "fill_rate", "holding_cost")]
    [4.0, 50.0, 0.1, 0.95, 50.0]
    >>> found["cancellation_rate"] is None
    True
    """
    return {
        "items": sums["items"],
        "stock_value": sums["stock_value"],
        "turnover": _ratio(sums["yearly_cost"], sums["stock_value"]),
        "days_of_cover": _ratio(sums["stock_value"], sums["daily_cost"]),
        "stock_out_rate": _ratio(sums["expected_out"], sums["expected"]),
        "lost_margin": sums["lost_margin"],
        "fill_rate": _share(sums["shipped"], sums["asked"]),
        "fulfilment_rate": _share(sums["lines_fulfilled"], sums["sales_lines"]),
        "cancellation_rate": _share(sums["cancelled"], sums["ordered"]),
        "supply_cost_per_order": _ratio(sums["supply_cost"], sums["purchase_orders"]),
        "on_time_in_full": _share(sums["lines_on_time"], sums["lines_due"]),
        "holding_cost": sums["stock_value"] * holding_rate,
        "overstock_value": sums["overstock_value"],
        "dead_value": sums["dead_value"],
    }


def _ratio(above: float, below: float) -> float | None:
    return round(above / below, 4) if below else None


def _share(part: float, whole: float) -> float | None:
    return round(min(part / whole, 1.0), 4) if whole else None
