"""Anomalies in sentences for people: what was expected, what was seen, since when."""

from __future__ import annotations

from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from forecasting.models import Anomaly
from forecasting.services.explaining import WIDER

Kind = Anomaly.Kind

SENTENCES: dict[str, Promise] = {
    Kind.SPIKE: _("%(seen)s pieces were asked for on %(first_on)s; %(expected)s were expected."),
    Kind.DROP: _("Nothing has been asked for since %(first_on)s, though %(expected)s pieces were expected."),
    Kind.LEVEL_UP: _("More is asked for since %(first_on)s: %(seen)s pieces, where %(expected)s were expected."),
    Kind.LEVEL_DOWN: _("Less is asked for since %(first_on)s: %(seen)s pieces, where %(expected)s were expected."),
    Kind.DRIFT_UP: _("Demand creeps up since %(first_on)s: %(seen)s pieces, where %(expected)s were expected."),
    Kind.DRIFT_DOWN: _("Demand dwindles since %(first_on)s: %(seen)s pieces, where %(expected)s were expected."),
    Kind.SHRINKAGE: _(
        "Counts and adjustments took away %(seen)s pieces since %(first_on)s (%(losses)s of %(corrections)s "
        "corrections); %(expected)s would be usual for what was shipped."
    ),
    Kind.LOSSES: _(
        "%(losses)s of %(corrections)s corrections since %(first_on)s took pieces away, %(seen)s in all; %(expected)s "
        "would be usual for what was shipped."
    ),
    Kind.FROZEN: _(
        "Nothing has moved since %(first_on)s, though %(expected)s pieces were expected to leave and %(on_hand)s are "
        "said to be on hand."
    ),
}

FEATURES: dict[str, Promise] = {
    "last_day": _("the last day"),
    "last_week": _("the last seven days"),
    "all_weeks": _("the last four weeks"),
    "highest_day": _("the highest day"),
    "lowest_day": _("the lowest day"),
    "zeros": _("more days without demand than expected"),
    "longest_silence": _("the longest silence"),
    "silence_now": _("the silence up to now"),
    "level": _("the level of the last seven days"),
    "trend": _("the trend of what the forecast missed"),
    "spread": _("demand is more uneven than expected"),
    "running_sum": _("what the forecast missed adds up"),
    "ramp": _("demand moves away from the forecast day by day"),
    "corrections": _("corrections of stock"),
    "movements": _("stock does not move"),
}


def number(value: float) -> str:
    """Whole from ten on, else with one decimal where there is one."""
    digits = 0 if value >= 10 or float(value).is_integer() else 1
    return number_format(round(value, digits), digits, force_grouping=True)


def terms(row: Anomaly) -> dict[str, Any]:
    """What the sentence is made of, as it is shown."""
    return row.terms | {
        "expected": number(row.expected), "seen": number(row.seen),
        "first_on": date_format(row.first_on, "SHORT_DATE_FORMAT"),
    }  # fmt: skip


def sentence(row: Anomaly) -> str:
    return str(SENTENCES[row.kind]) % ({"losses": "–", "corrections": "–", "on_hand": "–"} | terms(row))


def feature(row: Anomaly) -> str:
    return str(FEATURES.get(row.feature, row.feature))


def consequence(row: Anomaly) -> str:
    """What the plan makes of it as long as nobody explains it, or of what was said."""
    if row.state == Anomaly.State.ONE_OFF and row.about == Anomaly.About.DEMAND:
        return _g("A one-off: these days are left out of the history from the next nightly run on.")
    if row.state == Anomaly.State.NEW_LEVEL:
        return _g("The new level: what was before it counts as if it had been there, from the next nightly run on.")
    if row.state == Anomaly.State.OPEN and row.about == Anomaly.About.DEMAND:
        return _g("Until somebody explains it, plans take the spread of its demand %(factor)s times as wide.") % {
            "factor": number_format(WIDER, 2)
        }
    if row.state == Anomaly.State.OPEN:
        return _g("Count it: what the system says and what lies on the shelf may not be the same.")
    return ""
