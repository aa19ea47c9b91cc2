"""Methods and their accuracy in words for people."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from forecasting.models import Accuracy

METHODS: dict[str, Promise] = {
    "arima": _("an ARIMA model"),
    "auto_ets": _("exponential smoothing, its form chosen by itself"),
    "calendar_regression": _("a regression on calendar, price and promotions"),
    "combination": _("the mean of several methods"),
    "croston": _("Croston's method for items that sell now and then"),
    "exponential_smoothing": _("exponential smoothing"),
    "holt": _("exponential smoothing with a trend"),
    "hurdle": _("the chance of a sale, times its size"),
    "imapa": _("smoothing at several widths at once"),
    "linear_trend": _("a straight line"),
    "moving_average": _("a moving average"),
    "naive": _("the last day, repeated"),
    "pooled_boosting": _("what all items have in common, learned by boosted trees"),
    "polynomial_trend": _("a curved line"),
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
        return f"{told}."
    gain = round((1 - row.pinball / row.naive_pinball) * 100)
    if gain > 0:
        return _g("%(told)s, and %(gain)d %% better than repeating the past.") % {"told": told, "gain": gain}
    return _g("%(told)s, no better than repeating the past.") % {"told": told}
