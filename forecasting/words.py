"""Methods, their accuracy and what drives a forecast, in words for people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from django.utils.dates import WEEKDAYS
from django.utils.functional import Promise
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from forecasting import drivers
from forecasting.models import Accuracy, Forecast, Launch, ModelVersion, Segment

METHODS: dict[str, Promise] = {
    "arima": _("an ARIMA model"),
    "auto_ets": _("exponential smoothing, its form chosen by itself"),
    "calendar_regression": _("a regression on calendar, price and promotions"),
    "combination": _("the mean of several methods"),
    "croston": _("Croston's method for items that sell now and then"),
    "exponential_smoothing": _("exponential smoothing"),
    "gru": _("a recurrent network that learned from many items"),
    "holt": _("exponential smoothing with a trend"),
    "hurdle": _("the chance of a sale, times its size"),
    "imapa": _("smoothing at several widths at once"),
    "linear_trend": _("a straight line"),
    "lstm": _("a recurrent network with long memory that learned from many items"),
    "look_alikes": _("what items like it sold when they were new"),
    "moving_average": _("a moving average"),
    "naive": _("the last day, repeated"),
    "pooled_boosting": _("what all items have in common, learned by boosted trees"),
    "polynomial_trend": _("a curved line"),
    "pooled_boosting_point": _("the mean demand as boosted trees learned it from many items"),
    "sarima": _("an ARIMA model with a season"),
    "sba": _("Croston's method, corrected for its bias"),
    "seasonal_naive": _("the same weekday before"),
    "seasonal_regression": _("a regression on trend, season and signals"),
    "seasonal_smoothing": _("exponential smoothing by weekday"),
    "theta": _("the Theta method"),
    "tsb": _("the Teunter–Syntetos–Babai method for items that may die out"),
}


def method(name: str) -> str:
    """The method in words; one that is not known here by its own name."""
    return str(METHODS.get(name, name))


def accuracy(row: Accuracy | None) -> str:
    """How wrong the forecast was on days that it had not seen, and against the naive one."""
    if row is None or row.wape is None:
        return _g("How right it is cannot be told yet: there was too little demand to test it on.")
    told = _g("On days it had not seen, it was off by %(wape)d %% of what was asked for") % {
        "wape": round(row.wape * 100)
    }
    if row.pinball is None or not row.naive_pinball:
        return _g("%(told)s.") % {"told": told}
    gain = round((1 - row.pinball / row.naive_pinball) * 100)
    if gain > 0:
        return _g("%(told)s, and %(gain)d %% better than repeating the past.") % {"told": told, "gain": gain}
    return _g("%(told)s, no better than repeating the past.") % {"told": told}


DRIVERS: dict[str, Promise] = {
    "level": _("level of the last four weeks"),
    "trend": _("trend of the last eight weeks"),
    "weekday": _("weekdays"),
    "season": _("season, as a year ago"),
    "promotion": _("promotion"),
    "holiday": _("holidays"),
    "price": _("another price"),
    "override": _("override by people"),
    "rest": _("what the model learned besides"),
}
#: A weekday is named when it differs from the mean by this share of the level.
TELLING = 0.1


@dataclass(frozen=True)
class Driver:
    """What one driver adds, rounded: in all and by week."""

    code: str
    label: str
    total: float
    weeks: list[float]


@dataclass(frozen=True)
class Why:
    """A forecast taken apart; totals and the columns of weeks add up as they are shown."""

    sentence: str
    weekdays: str
    drivers: list[Driver]
    total: float
    weeks: list[float]


def why(forecast: Forecast) -> Why:
    """Why this number, from what was stored with it."""
    terms = drivers.terms(forecast.drivers, forecast.mean, forecast.baseline_mean)
    weeks = range(0, len(forecast.mean), 7)
    by_week = [drivers.rounded({name: float(days[at : at + 7].sum()) for name, days in terms.items()}) for at in weeks]
    total = {name: round(sum(week[name] for week in by_week), 1) for name in drivers.ORDER}
    shown = [
        Driver(name, str(DRIVERS[name]), total[name], [week[name] for week in by_week])
        for name in drivers.ORDER
        if name == "level" or any(week[name] for week in by_week)
    ]
    return Why(
        sentence=_sentence(shown, len(forecast.mean)),
        weekdays=_weekdays(forecast),
        drivers=shown,
        total=round(sum(total.values()), 1),
        weeks=[round(sum(week.values()), 1) for week in by_week],
    )


def _sentence(shown: Iterable[Driver], days: int) -> str:
    """“134 pieces in 28 days: level of the last four weeks 120, promotion +14.”"""
    parts = [driver for driver in shown if driver.code == "level" or driver.total]
    told = _g(", ").join(
        _g("%(driver)s %(amount)s")
        % {"amount": f"{part.total:g}" if part.code == "level" else f"{part.total:+g}", "driver": part.label}
        for part in parts
    )
    total = round(sum(part.total for part in parts), 1)
    return _g("%(total)s pieces in %(days)d days: %(parts)s.") % {"total": f"{total:g}", "days": days, "parts": told}


def _weekdays(forecast: Forecast) -> str:
    """The strongest and the weakest weekday, where they differ."""
    effect = np.asarray(forecast.drivers.get("weekday", []))
    if not len(effect) or np.ptp(effect) <= 2 * TELLING * max(forecast.drivers.get("level", 0.0), 1e-9):
        return ""
    high, low = int(effect.argmax()), int(effect.argmin())
    first = forecast.first_on.weekday()
    return _g("%(high)s brings %(more)s more than a usual day, %(low)s %(less)s less.") % {
        "high": WEEKDAYS[(first + high) % 7], "more": f"{effect[high]:.1f}",
        "low": WEEKDAYS[(first + low) % 7], "less": f"{-effect[low]:.1f}",
    }  # fmt: skip


PATTERNS: dict[str, Promise] = {
    "smooth": _("asked for often and evenly"),
    "erratic": _("asked for often, in uneven amounts"),
    "intermittent": _("asked for now and then, in even amounts"),
    "lumpy": _("asked for now and then, in uneven amounts"),
    "none": _("not asked for in a year"),
}


def segment(row: Segment) -> str:
    """Why the item is in its classes, and at which border it stands."""
    told = str(PATTERNS[row.pattern])
    if "gap" in row.measures and row.pattern != "none":
        told += _g(" (every %(gap)s weeks, squared variation %(variation)s)") % row.measures
    if not row.kept:
        return told + "."
    kept = ", ".join(_g("%(now)s, not %(next)s") % {"now": getattr(row, name), "next": other} for name, other in
                     sorted(row.kept.items()))  # fmt: skip
    return _g("%(told)s; kept at a border: %(kept)s.") % {"told": told, "kept": kept}


def launch(row: Launch) -> str:
    """By whom a new item is planned, and how much of it is its own demand by now."""
    names = ", ".join(sku for sku, _share in row.look_alikes)
    if not names:
        return _g("New: planned by what new items sell on average.")
    if row.own_share <= 0:
        return _g("New: planned like %(names)s, %(start).1f a day.") % {"names": names, "start": row.daily_start}
    return _g(
        "New: it started like %(names)s (%(start).1f a day); its own demand counts %(share)d %% now: %(now).1f a day."
    ) % {"names": names, "start": row.daily_start, "share": round(row.own_share * 100), "now": row.daily_now}


REASONS: dict[str, Promise] = {
    "first": _("there were no models yet"),
    "format": _("the older models were made by another version of the program"),
    "grown": _("many items had come"),
    "drift": _("errors had grown"),
    "age": _("a week had passed"),
    "fresh": _("they are less than a week old and their errors are as usual"),
    "pinned": _("a person chose them"),
}


def version(row: ModelVersion) -> str:
    """What a night did with the models, and why."""
    reason = REASONS.get(row.reason, row.reason)
    if row.kind == "refresh":
        return _g("Used again: %(reason)s.") % {"reason": reason}
    if row.kind == "kept":
        return _g("Trained anew, since %(reason)s, but the older models lose less on the same days.") % {
            "reason": reason
        }
    if row.other_score is None:
        return _g("Trained anew, since %(reason)s.") % {"reason": reason}
    return _g("Trained anew, since %(reason)s; the new models lose less on the same days.") % {"reason": reason}
