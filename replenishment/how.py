"""How each number is computed, in one sentence with its terms; shown where the number is."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from replenishment.models import InventoryPosition, Policy, ReorderPoint

#: By the names of ``replenishment.key_figures``.
HOW: dict[str, Promise] = {
    "stock_value": _lazy("On hand × unit cost, over all items."),
    "turnover": _lazy("Cost of what was asked for in a year ÷ worth of the stock."),
    "days_of_cover": _lazy("Worth of the stock ÷ cost of what is expected in a day."),
    "stock_out_rate": _lazy("Share of the day without stock, each item weighted by what was expected of it."),
    "lost_margin": _lazy("What was expected while nothing was there × (price − unit cost)."),
    "fill_rate": _lazy("Pieces shipped ÷ pieces asked for, of the last 28 days."),
    "fulfilment_rate": _lazy("Sales lines shipped whole ÷ sales lines not wholly cancelled, of the last 28 days."),
    "cancellation_rate": _lazy("Pieces cancelled ÷ pieces ordered, of the last 28 days."),
    "supply_cost_per_order": _lazy("Cost of the lines and freight ÷ purchase orders, confirmed in 28 days."),
    "on_time_in_full": _lazy("Purchase lines that had come whole by the first promised day ÷ lines due in 28 days."),
    "holding_cost": _lazy("Stock value × holding rate of the shop settings."),
    "overstock_value": _lazy("(Available beyond the order-up-to level and 90 days of forecast) × unit cost."),
    "dead_value": _lazy("On hand × unit cost of items that nobody has asked for in 90 days."),
}


@dataclass(frozen=True)
class Sum:
    """A number and the terms that make it."""

    label: str
    text: str


def sums_of(plan: ReorderPoint, position: InventoryPosition) -> list[Sum]:
    """The plan of one item as sums that add up; what a person or a limit set is said so."""
    target = _("fill rate") if plan.fill_rate is not None else _("cycle service level")
    days = _n(plan.lead_time_days + plan.review_period_days, 1)
    found = [
        Sum(_("Expected until the next order arrives"),
            _("%(sum)s = forecast of the %(days)s days of lead time and review period")
            % {"sum": _n(plan.lead_time_demand, 1), "days": days}),
        Sum(_("Reorder point"), _level(plan, target, days)),
        Sum(_("Safety stock"), _("%(sum)s = level of %(level)s − %(mean)s expected") % {
            "sum": _n(plan.safety_stock), "level": _n(plan.height), "mean": _n(plan.lead_time_demand, 1)}),
    ]  # fmt: skip
    if plan.rule != Policy.Rule.R_S:
        found.append(
            Sum(_("Order-up-to level"), _("%(sum)s = reorder point %(point)s + order quantity %(lot)s") % {
                "sum": _n(plan.order_up_to_level), "point": _n(plan.reorder_point), "lot": _n(plan.order_quantity)})
        )  # fmt: skip
    if position.days_of_cover is not None:
        told = {"sum": _n(position.days_of_cover), "a_day": _n(position.daily_demand, 2)}
        text = _("%(sum)s = days until the forecast, %(a_day)s a day, has used up what is available") % told
        found.append(Sum(_("Days of cover"), text))
    return found


def _level(plan: ReorderPoint, target: str, days: str) -> str:
    if plan.set_by_hand:
        return _("%(sum)s, set by hand") % {"sum": _n(plan.reorder_point)}
    told = {
        "sum": _n(plan.height), "quantile": _n(plan.quantile), "more": _n(plan.undershoot), "days": days,
        "target": target, "rate": _n(plan.target_rate * 100, 1),
    }  # fmt: skip
    if plan.undershoot:
        return (
            _(
                "%(sum)s = %(quantile)s, which the demand of %(days)s days stays within at a %(target)s of "
                "%(rate)s %%, + %(more)s since orders start some pieces too late"
            )
            % told
        )
    return _("%(sum)s: the demand of %(days)s days stays within it at a %(target)s of %(rate)s %%") % told


def _n(value: float, digits: int = 0) -> str:
    rounded = round(value, digits)
    return number_format(int(rounded) if rounded == int(rounded) else rounded, force_grouping=True)
