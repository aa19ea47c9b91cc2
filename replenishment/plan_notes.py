"""What a plan had to take instead, or could not keep: codes and terms that become sentences when they are shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from inventory_site.common.numbers import per_cent

Terms = Mapping[str, Any]
Note = Sequence[Any]  # code, terms


def sentences(notes: Sequence[Note]) -> list[str]:
    """In the active language, in the order in which the plan noted them."""
    return [SENTENCES[code](terms) for code, terms in notes]


def _no_supplier(terms: Terms) -> str:
    return _(
        "Nobody is known to sell it: it is planned with a lead time of %(days)d days, and nothing can be suggested. "
        "Name a supplier."
    ) % {"days": terms["days"]}


def _no_cost(terms: Terms) -> str:
    return _("Its unit cost is not known, so the order quantity is a month's demand. Enter the cost.")


def _no_cost_to_plan_by(terms: Terms) -> str:
    return _(
        "It should be planned by cost, but its unit cost or its price is not known: a cycle service level of "
        "%(level)s %% was taken. Enter both."
    ) % {"level": per_cent(terms["level"])}


def _by_cost(terms: Terms) -> str:
    told = {name: per_cent(terms[name]) for name in ("ratio", "level", "floor", "ceiling")}
    if terms["ratio"] == terms["level"]:
        return _("By cost: a cycle service level of %(level)s %% is best.") % told
    return (
        _(
            "By cost a cycle service level of %(ratio)s %% is best; the policy keeps it between %(floor)s and "
            "%(ceiling)s %%."
        )
        % told
    )


def _lead_time_zero(terms: Terms) -> str:
    return _("Its lead time is 0 days: orders are taken to arrive on the day they are placed. Do they?")


def _discontinued(terms: Terms) -> str:
    return _("It is no longer bought: only what customers wait for is counted.")


def _no_demand(terms: Terms) -> str:
    return _("Hardly anything is asked for (%(pieces)s a year are expected): it is not bought for the shelf.") % {
        "pieces": f"{terms['pieces']:.1f}"
    }


def _least_above_most(terms: Terms) -> str:
    return (
        _(
            "The minimum of %(least)d (policy “%(least_of)s”) does not fit below the maximum of %(most)d (policy "
            "“%(most_of)s”): the maximum was kept. Change one of them."
        )
        % terms
    )


def _least(terms: Terms) -> str:
    return _("The policy's least, %(least)d, is above what was computed, %(computed)d.") % terms


def _most(terms: Terms) -> str:
    return _("There is room for %(most)d: without that limit it would be filled up to %(wanted)d.") % terms


def _lot_above_most(terms: Terms) -> str:
    return (
        _(
            "The smallest order, %(lot)d pieces, does not fit below the maximum of %(most)d: it is not bought for the "
            "shelf. Raise the maximum, or find a supplier of smaller lots."
        )
        % terms
    )


SENTENCES: dict[str, Callable[[Terms], str]] = {
    "no_supplier": _no_supplier,
    "no_cost": _no_cost,
    "no_cost_to_plan_by": _no_cost_to_plan_by,
    "by_cost": _by_cost,
    "lead_time_zero": _lead_time_zero,
    "discontinued": _discontinued,
    "no_demand": _no_demand,
    "least_above_most": _least_above_most,
    "least": _least,
    "most": _most,
    "lot_above_most": _lot_above_most,
}
