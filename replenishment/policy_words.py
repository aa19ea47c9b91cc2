"""Policies in words: what one plans for, what it holds for, and the figures that moved its mode."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from inventory_site.common.numbers import percent
from replenishment.models import Policy
from replenishment.models.policies import LEVEL_CEILING, LEVEL_FLOOR

Target = Policy.Target
SHORT_MODES = {
    "shadow": gettext_lazy("shadow"), "suggest": gettext_lazy("suggest"), "automatic": gettext_lazy("automatic")
}  # fmt: skip


def plans_by(policy: Policy) -> str:
    """“fill rate 97 %”; empty targets are told as such."""
    if policy.target == Target.FILL_RATE:
        return _("fill rate %(rate)s") % {"rate": percent(policy.fill_rate or 0, None)}
    if policy.target == Target.COST:
        low, high = policy.level_floor or LEVEL_FLOOR, policy.level_ceiling or LEVEL_CEILING
        return _("by cost, %(low)s to %(high)s") % {"low": percent(low, None), "high": percent(high, None)}
    if policy.target == Target.CYCLE:
        return _("cycle service level %(rate)s") % {"rate": percent(policy.cycle_service_level, None)}
    return _("as the wider policy")


def holds_for(policy: Policy, items: int, *, is_all: bool) -> str:
    """How many items are planned by it; narrower policies have taken theirs out."""
    if not items:
        return _("“%(name)s” holds for no item: nothing matches it, or narrower policies hold for all that does.") % {
            "name": policy
        }
    told = {"name": policy, "n": items}
    if not is_all:
        return _("“%(name)s” holds for %(n)d items and more; items of narrower policies are not counted.") % told
    return (
        ngettext(
            "“%(name)s” holds for %(n)d item; items of narrower policies are not counted.",
            "“%(name)s” holds for %(n)d items; items of narrower policies are not counted.",
            items,
        )
        % told
    )


def figures_of(figures: dict[str, Any]) -> str:
    """Why a night moved a mode; empty where a person did."""
    if not figures:
        return ""
    return _(
        "%(nights)d nights, %(items)d items, %(item_days)d item-days: forecasts were off by %(bias)s in sum, and the "
        "95 %% quantile held on %(coverage)s of the days."
    ) % {
        **figures,
        "bias": percent(figures["bias"], signed=True),
        "coverage": percent(figures["coverage"], None),
    }
