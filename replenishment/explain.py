"""The reason of a suggestion: a code and JSON terms become one sentence, in the reader's language, when shown.

Its numbers add up: the position is the sum of its parts, the level is what is expected plus the safety stock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inventory_site.common.numbers import per_cent

Terms = Mapping[str, Any]


def sentence(code: str, terms: Terms) -> str:
    """The explanation of one plan row in the active language; an unknown code is a programming mistake."""
    return SENTENCES[code](terms)


def _order_lots(terms: Terms) -> str:
    return _(
        "Order %(order)s: the inventory position %(position)s is at or below the reorder point %(level)s; "
        "the order lifts it to %(after)s."
    ) % _phrases(terms)


def _enough(terms: Terms) -> str:
    text = _("Nothing to order: the inventory position %(position)s is above the reorder point %(level)s.")
    return text % _phrases(terms)


def _order_up_to(terms: Terms) -> str:
    short = terms["level"] - terms["position"]
    phrases = _phrases(terms) | {"short": short}
    if terms["order"] > short:
        return (
            _(
                "Order %(order)s: the inventory position %(position)s is %(short)s below the order-up-to level "
                "%(level)s, and %(short)s is rounded up to packs and the minimum; the order lifts it to %(after)s."
            )
            % phrases
        )
    return (
        _("Order %(order)s: the inventory position %(position)s is %(short)s below the order-up-to level %(level)s.")
        % phrases
    )


def _at_level(terms: Terms) -> str:
    text = _("Nothing to order: the inventory position %(position)s has reached the order-up-to level %(level)s.")
    return text % _phrases(terms)


def _order_owed(terms: Terms) -> str:
    return _(
        "Order %(order)s: less than one piece a year is expected, but the inventory position %(position)s is below "
        "zero; the order lifts it to %(after)s."
    ) % _phrases(terms)


def _no_demand(terms: Terms) -> str:
    return _("Nothing to order: less than one piece a year is expected.")


def _no_history(terms: Terms) -> str:
    return _("Nothing is planned: no demand is known of this item.")


def _stock_unknown(terms: Terms) -> str:
    if terms["policy"] == "R,S":
        text = _("The stock is not known: at each review order up to %(level)s.")
    else:
        text = _("The stock is not known: order %(quantity)s when the inventory position is at or below %(level)s.")
    return text % (_phrases(terms) | {"quantity": terms["order_quantity"]})


SENTENCES: dict[str, Callable[[Terms], str]] = {
    "order_lots": _order_lots,
    "enough": _enough,
    "order_up_to": _order_up_to,
    "at_level": _at_level,
    "order_owed": _order_owed,
    "no_demand": _no_demand,
    "no_history": _no_history,
    "stock_unknown": _stock_unknown,
}


def _phrases(terms: Terms) -> dict[str, str | int]:
    after = terms["position"] + terms["order"]
    return {"order": packs(terms), "position": position(terms), "level": _level(terms), "after": after}


def packs(terms: Terms) -> str:
    """36 (3 packs of 12); of two lots of 36: 72 = 2 × 36 (6 packs of 12)."""
    order, size, lot = terms["order"], terms["pack_size"], terms["order_quantity"]
    in_lots = terms["policy"] == "R,s,nQ" and order > lot and order % lot == 0
    text = f"{order} = {order // lot} × {lot}" if in_lots else str(order)
    if size <= 1 or not order:
        return text
    packs = order // size
    phrase = ngettext("%(order)s (%(packs)s pack of %(size)s)", "%(order)s (%(packs)s packs of %(size)s)", packs)
    return phrase % {"order": text, "packs": packs, "size": size}


def position(terms: Terms) -> str:
    """14 = 10 on hand + 6 on order − 2 allocated; parts that are 0 are left out, but for what is on hand."""
    parts = [
        (-1, terms["unsellable"], _("%(n)s unsellable")),
        (1, terms["on_order"], _("%(n)s on order")),
        (1, terms["in_transit"], _("%(n)s in transit")),
        (1, terms.get("drafted", 0), _("%(n)s in draft orders")),
        (1, terms.get("arriving", 0), _("%(n)s to be moved here")),
        (-1, terms.get("leaving", 0), _("%(n)s to be moved away")),
        (-1, terms["allocated"], _("%(n)s allocated")),
        (-1, terms["backordered"], _("%(n)s back-ordered")),
    ]
    text = str(terms["position"]).replace("-", "−") + " = " + _("%(n)s on hand") % {"n": terms["on_hand"]}
    for sign, number, label in parts:
        if number:
            text += (" + " if sign > 0 else " − ") + label % {"n": number}
    return text


def _level(terms: Terms) -> str:
    """31 = 28 expected in 9 days + 3 safety stock for a cycle service level of 95 %."""
    if terms["by_hand"]:
        return _("%(level)s (set by hand)") % {"level": terms["level"]}
    phrases = {
        "level": terms["level"],
        "expected": terms["expected"],
        "interval": _interval(terms["interval"], terms["unit"]),
        "safety": abs(terms["safety_stock"]),
        "target": _target(terms),
        "undershoot": terms["undershoot"],
    }
    if terms["safety_stock"] < 0:
        return (
            _(
                "%(level)s = %(expected)s expected in %(interval)s − %(safety)s, which only rare large sales "
                "would need for %(target)s"
            )
            % phrases
        )
    if terms["undershoot"]:
        return (
            _(
                "%(level)s = %(expected)s expected in %(interval)s + %(safety)s safety stock for %(target)s "
                "(%(undershoot)s of it because large sales trigger its orders)"
            )
            % phrases
        )
    text = _("%(level)s = %(expected)s expected in %(interval)s + %(safety)s safety stock for %(target)s")
    return text % phrases


def _interval(length: float, unit: str) -> str:
    count = 1 if length == 1 else 2  # 1.4 weeks is a plural
    text = {
        "day": ngettext("%(n)s day", "%(n)s days", count),
        "week": ngettext("%(n)s week", "%(n)s weeks", count),
        "month": ngettext("%(n)s month", "%(n)s months", count),
    }[unit]
    return text % {"n": f"{length:g}"}


def _target(terms: Terms) -> str:
    rate = per_cent(terms["target_rate"])
    if terms["target"] == "fill_rate":
        return _("a fill rate of %(rate)s %%") % {"rate": rate}
    return _("a cycle service level of %(rate)s %%") % {"rate": rate}
