"""Why an item should be counted, in words."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from stock.models import CountNeed
from stock.services.count_plans import PlanSums


def why_of(need: CountNeed) -> str:
    """One sentence for each reason, as the plan stored them."""
    return " ".join(SENTENCES[code](*terms) for code, *terms in need.why if code in SENTENCES)


def _days(since: int) -> str:
    if since <= 0:
        return _("Last counted today.")
    return ngettext("Last counted %(n)d day ago.", "Last counted %(n)d days ago.", since) % {"n": since}


def _never(since: int) -> str:
    sentence = ngettext("Never counted; known since %(n)d day.", "Never counted; known since %(n)d days.", since)
    return sentence % {"n": since}


def _lines(many: int) -> str:
    return ngettext("%(n)d line handled since.", "%(n)d lines handled since.", many) % {"n": many}


def _past(wrong: int, counts: int) -> str:
    return ngettext("Differed at %(wrong)d of %(n)d count.", "Differed at %(wrong)d of %(n)d counts.", counts) % {
        "wrong": wrong, "n": counts,
    }  # fmt: skip


def _silent(days: int, usual: float) -> str:
    return _("Nothing sold for %(days)d days, usually every %(usual)s: the shelf may be empty.") % {
        "days": days, "usual": number_format(usual, 1),
    }  # fmt: skip


def _signs(many: int) -> str:
    return ngettext(
        "%(n)d correction or broken promise since.", "%(n)d corrections or broken promises since.", many
    ) % {"n": many}


def _doubted(code: str) -> str:
    return _("An open warning doubts its stock.")


def _due(letter: str, days: int) -> str:
    return ngettext("Class %(abc)s: due in %(n)d day.", "Class %(abc)s: due in %(n)d days.", days) % {
        "abc": letter, "n": days,
    }  # fmt: skip


def _overdue(letter: str, days: int) -> str:
    return ngettext("Class %(abc)s: %(n)d day overdue.", "Class %(abc)s: %(n)d days overdue.", days) % {
        "abc": letter, "n": days,
    }  # fmt: skip


SENTENCES: dict[str, Callable[..., str]] = {
    "days": _days,
    "never": _never,
    "lines": _lines,
    "past": _past,
    "silent": _silent,
    "signs": _signs,
    "doubt": _doubted,
    "due": _due,
    "overdue": _overdue,
}


def short_of_time(sums: PlanSums) -> str:
    """What the day's minutes do not reach, empty where they suffice."""
    told = {"needed": round(sums.steady_minutes + 0.5), "minutes": sums.warehouse.count_minutes, "n": sums.overdue,
            "days": sums.catch_up_days}  # fmt: skip
    if sums.is_short:
        return (
            _("Counting every item within its class's period needs %(needed)d minutes a day; there are %(minutes)d.")
            % told
        )
    if sums.overdue and sums.overdue_minutes > sums.warehouse.count_minutes:
        return ngettext(
            "%(n)d item is overdue; at %(minutes)d minutes a day all are counted in about %(days)d days.",
            "%(n)d items are overdue; at %(minutes)d minutes a day all are counted in about %(days)d days.",
            sums.overdue,
        ) % told  # fmt: skip
    return ""
