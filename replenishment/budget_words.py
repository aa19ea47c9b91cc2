"""What limits a week's purchase, in words and as plain data."""

from __future__ import annotations

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from replenishment.services.purchase_plan import Told, WeeklyPlan


def limit_sentence(limit: Told) -> str:
    """Which limit binds, and what one unit more of it would bring; prices are those of the relaxation."""
    told = {"of": limit.of, "price": number_format(limit.amount, 2 if limit.amount >= 1 else 4)}
    if limit.limit == "budget":
        return _("The budget binds: one coin more would bring %(price)s.") % told
    if limit.limit == "capacity":
        return _("%(of)s delivers no more: one piece more would bring %(price)s.") % told
    if limit.limit == "volume":
        per_litre = number_format(limit.amount * 1000, 2)
        return _("%(of)s is full: a litre more of room would bring %(price)s.") % (told | {"price": per_litre})
    if limit.left < 0:
        return _("%(of)s: what is wanted there is not worth its minimum order.") % told
    return _("%(of)s: its minimum order makes the order larger than it would be.") % told


def shortfall_sentence(limit: Told) -> str:
    told = {"of": limit.of, "amount": number_format(limit.amount, 2, force_grouping=True)}
    if limit.limit == "budget":
        return _("The budget is %(amount)s too small for what customers wait for already.") % told
    if limit.limit == "capacity":
        return _("%(of)s can deliver %(amount)s pieces fewer than customers wait for.") % told
    if limit.limit == "volume":
        litres = number_format(limit.amount / 1000, 1, force_grouping=True)
        return _("%(of)s lacks %(amount)s litres of room for what customers wait for.") % (told | {"amount": litres})
    return _("%(of)s: what customers wait for is %(amount)s below its minimum order.") % told


def summary(plan: WeeklyPlan) -> dict:
    """The plan as plain data, for the API."""
    return {
        "budget": plan.budget, "goods": plan.goods, "freight": plan.freight, "gain": plan.gain, "gap": plan.gap,
        "one_coin_more": round(plan.coin, 4), "is_proved": not plan.is_greedy and plan.gap is not None,
        "binding": [limit_sentence(limit) for limit in plan.binding],
        "shortfalls": [shortfall_sentence(limit) for limit in plan.shortfalls],
        "lines": [
            {"suggestion": line.suggestion.pk, "product": line.suggestion.product.sku,
             "warehouse": line.suggestion.warehouse.code, "supplier": line.suggestion.supplier.code,
             "suggested": line.suggestion.quantity, "quantity": line.quantity, "cost": line.cost}
            for line in plan.lines
        ],
        "held_back": [{"suggestion": row.pk, "cost": cost} for row, cost in plan.held_back],
        "left_out": [{"suggestion": row.pk, "why": why} for row, why in plan.left_out],
        "not_weighed": plan.not_weighed,
    }  # fmt: skip
