"""Why a suggestion is made: its code and JSON terms become one or two sentences, in the reader's language, when shown.

The numbers add up: a position is the sum of its parts, what is free is what is needed and the surplus, a gain is the
sum of its parts. Sentences that tell costs are left out for people who may not see them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inventory_site.common.numbers import per_cent
from replenishment import explain

Terms = Mapping[str, Any]

#: Terms that are money; they are told with the shop's currency.
MONEY = frozenset({"cost", "tied", "freight", "bought", "saved", "credit", "later", "holding", "gain", "price",
                   "old_price", "revenue", "keeping", "earned", "difference"})  # fmt: skip


def reason(code: str, terms: Terms, *, currency: str = "", shows_money: bool = True) -> str:
    """The sentence; codes of a plan's row are told by ``explain``."""
    if code not in SENTENCES:
        return explain.sentence(code, terms)
    phrases = dict(terms) | {name: _money(terms[name], currency) for name in MONEY & terms.keys()}
    told = [SENTENCES[code](terms, phrases)]
    if "share" in terms:
        told.append(_share(terms))
    if "alternative" in terms:
        told.append(_alternative(terms, phrases, shows_money))
    if shows_money and code in COSTS:
        told.append(COSTS[code](terms, phrases))
    return " ".join(told)


def _money(value: str, currency: str) -> str:
    return f"{number_format(Decimal(value), 2, force_grouping=True)} {currency}".strip().replace("-", "−")


def _buy_lots(terms: Terms, phrases: dict) -> str:
    text = _(
        "Sells %(rate)s a day, %(position)s, a delivery takes %(delivery)s: %(enough)s. With %(have)s it is time to "
        "order %(order)s, which makes %(after)s."
    )
    return text % (phrases | _phrases(terms))


def _buy_up_to(terms: Terms, phrases: dict) -> str:
    told = phrases | _phrases(terms) | {"short": terms["top"] - terms["position"]}
    if terms["order"] == terms["top"] - terms["position"]:
        text = _(
            "Sells %(rate)s a day, %(position)s, a delivery takes %(delivery)s: %(enough)s. Up to %(top)s, %(short)s "
            "are missing: order %(order)s."
        )
    elif terms["order"] % max(terms["pack_size"], 1) == 0 and terms["pack_size"] > 1:
        text = _(
            "Sells %(rate)s a day, %(position)s, a delivery takes %(delivery)s: %(enough)s. Up to %(top)s, %(short)s "
            "are missing; packs of %(pack_size)s make it %(pieces)s."
        )
    else:
        text = _(
            "Sells %(rate)s a day, %(position)s, a delivery takes %(delivery)s: %(enough)s. Up to %(top)s, %(short)s "
            "are missing; the minimum order makes it %(pieces)s."
        )
    return text % (told | {"pieces": terms["order"]})


def _buy_owed(terms: Terms, phrases: dict) -> str:
    text = _(
        "It is not bought for the shelf, but more is promised than there is or comes: %(position)s. Order %(order)s, "
        "which makes %(after)s."
    )
    return text % (phrases | _phrases(terms))


def _minimum_above_year(terms: Terms, phrases: dict) -> str:
    text = _(
        "Decide on this one: the smallest order is %(order)s, and only about %(year)s a year are asked for, so "
        "%(beyond)s of them would still be here after a year. Now there are %(position)s."
    )
    return text % (phrases | _phrases(terms))


def _transfer(terms: Terms, phrases: dict) -> str:
    text = _(
        "Move %(quantity)s from %(source)s: of %(free)s that are free there it needs %(kept)s itself and can spare "
        "%(spare)s; here %(missing)s are missing up to %(level)s. They arrive in %(days)s days, bought they would "
        "take about %(buy_days)s."
    )
    return text % phrases


def _transfer_only(terms: Terms, phrases: dict) -> str:
    text = _(
        "Move %(quantity)s from %(source)s: of %(free)s that are free there it needs %(kept)s itself and can spare "
        "%(spare)s; here %(missing)s are missing up to %(level)s, and nobody sells them to us. They arrive in "
        "%(days)s days."
    )
    return text % phrases


def _return(terms: Terms, phrases: dict) -> str:
    text = _(
        "%(surplus)s too many: %(free)s are free and %(needed)s are needed at %(rate)s a day. %(supplier)s takes them "
        "back."
    )
    return text % phrases


def _markdown(terms: Terms, phrases: dict) -> str:
    text = _(
        "%(surplus)s too many: %(free)s are free and %(needed)s are needed at %(rate)s a day. At %(price)s instead of "
        "%(old_price)s until %(until)s about %(sold)s would be sold instead of %(usual)s, if demand answers a price "
        "%(percent)s %% lower as assumed (elasticity %(elasticity)s)."
    )
    until = date_format(date.fromisoformat(terms["until"]), "SHORT_DATE_FORMAT")
    return text % (
        phrases | {"until": until, "percent": per_cent(terms["step"]), "elasticity": f"{terms['elasticity']:g}"}
    )


def _stop(terms: Terms, phrases: dict) -> str:
    text = _("Stop buying it: nobody has asked for it since %(last)s, %(days)s days ago, and %(on_hand)s are here.")
    return text % (phrases | {"last": date_format(date.fromisoformat(terms["last"]), "SHORT_DATE_FORMAT")})


def _stop_never(terms: Terms, phrases: dict) -> str:
    text = _("Stop buying it: nobody has ever asked for it, for %(days)s days, and %(on_hand)s are here.")
    return text % phrases


def _share(terms: Terms) -> str:
    """Its supplier's capacity in a week, what all needs ask of it, and what this one gets."""
    if not terms["share"]:
        text = _("Decide on it: its supplier delivers %(capacity)s of %(wanted)s wanted a week, and others earn more.")
    elif terms["share"] < terms["order"]:
        text = _("Its supplier delivers %(capacity)s of %(wanted)s wanted a week: now %(share)s of these %(order)s.")
    else:
        text = _("Its supplier delivers %(capacity)s of %(wanted)s wanted a week, and this comes first.")
    return text % terms


def _alternative(terms: Terms, phrases: dict, shows_money: bool) -> str:
    """Who else sells it, how soon, and for how much more or less."""
    days = _between(terms["alternative_first"], terms["alternative_last"])
    told = phrases | {"days": days, "difference": str(phrases["difference"]).lstrip("−")}
    if terms["is_short"]:
        text = _("Its supplier cannot deliver so many in a week; %(alternative)s could in %(days)s.")
    else:
        text = _("%(alternative)s would deliver in %(days)s.")
    told_text = text % told
    if not shows_money:
        return told_text
    if Decimal(terms["difference"]) > 0:
        return told_text + " " + _("There it costs %(difference)s more.") % told
    return told_text + " " + _("There it costs %(difference)s less.") % told


def _cost_of_minimum(terms: Terms, phrases: dict) -> str:
    return _("It costs %(cost)s, of which %(tied)s would be tied up for more than a year.") % phrases


def _cost_of_transfer(terms: Terms, phrases: dict) -> str:
    return _("Freight costs %(freight)s, buying them %(bought)s: %(saved)s saved.") % phrases


def _cost_of_moving(terms: Terms, phrases: dict) -> str:
    return _("Freight costs %(freight)s.") % phrases


def _worth_of_return(terms: Terms, phrases: dict) -> str:
    text = _(
        "The credit is %(credit)s (%(percent)s %% of the cost); kept they would bring %(later)s and cost %(holding)s "
        "to keep: %(gain)s better."
    )
    return text % (phrases | {"percent": per_cent(terms["rate_credited"])})


def _worth_of_markdown(terms: Terms, phrases: dict) -> str:
    if Decimal(terms["holding"]) < 0:
        text = _("Revenue changes by %(revenue)s and keeping costs %(more)s more: %(gain)s better in all.")
    else:
        text = _("Revenue changes by %(revenue)s and keeping costs %(holding)s less: %(gain)s better in all.")
    return text % (phrases | {"more": phrases["holding"].lstrip("−")})


def _worth_of_stopping(terms: Terms, phrases: dict) -> str:
    text = _("Keeping them costs %(keeping)s a year, and they earned %(earned)s in the last one: %(gain)s less.")
    return text % phrases


SENTENCES: dict[str, Callable[[Terms, dict], str]] = {
    "buy_lots": _buy_lots,
    "buy_up_to": _buy_up_to,
    "buy_owed": _buy_owed,
    "minimum_above_year": _minimum_above_year,
    "transfer_before_buying": _transfer,
    "transfer_only": _transfer_only,
    "return_surplus": _return,
    "markdown_surplus": _markdown,
    "stop_dead": _stop,
    "stop_never_asked": _stop_never,
}

COSTS: dict[str, Callable[[Terms, dict], str]] = {
    "minimum_above_year": _cost_of_minimum,
    "transfer_before_buying": _cost_of_transfer,
    "transfer_only": _cost_of_moving,
    "return_surplus": _worth_of_return,
    "markdown_surplus": _worth_of_markdown,
    "stop_dead": _worth_of_stopping,
    "stop_never_asked": _worth_of_stopping,
}


def _phrases(terms: Terms) -> dict[str, Any]:
    return {
        "order": explain.packs(terms), "position": explain.position(terms), "have": _signed(terms["position"]),
        "after": terms["position"] + terms["order"], "delivery": _delivery(terms), "enough": _enough(terms),
        "rate": f"{terms['rate']:g}",
    }  # fmt: skip


def _signed(number: int) -> str:
    return str(number).replace("-", "−")


def _delivery(terms: Terms) -> str:
    return _between(terms["first"], terms["last"])


def _between(first: int, last: int) -> str:
    if first == last:
        return ngettext("%(n)s day", "%(n)s days", last) % {"n": last}
    return _("%(first)s–%(last)s days") % {"first": first, "last": last}


def _enough(terms: Terms) -> str:
    """What the level is for, and what it is made of: expected + safety stock."""
    if terms["by_hand"]:
        return _("%(level)s is the level set by hand") % {"level": terms["level"]}
    told = {"rate": per_cent(terms["target_rate"]), "level": terms["level"]}
    if terms["target"] == "fill_rate":
        return _("%(level)s serve %(rate)s %% of what is asked for") % told
    return _("%(rate)s %% of the time %(level)s are enough") % told
