"""What the forecast of one item reads of its history and makes of it, in sentences for its page."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from forecasting import preparation
from forecasting.engine.bulk import without_bulk
from forecasting.engine.panel import Panel
from forecasting.models import Anomaly, DataRule, SignalKind
from forecasting.panels import HISTORY_DAYS, Calendar, panel_of
from forecasting.regressors import SIGNAL
from orders.models import DailyDemand, DemandSeries

AHEAD = 28
NAMED = 5


def data_facts(*, product_id: int, warehouse_id: int, until: date) -> list[str]:
    """One sentence for each thing that is done to the days as they were recorded; none without a history."""
    series = DemandSeries.objects.filter(product=product_id, warehouse=warehouse_id, first_on__lte=until).first()
    if series is None or series.closed_on is None:
        return []
    calendar = Calendar(max(series.first_on, until - timedelta(days=HISTORY_DAYS - 1)), until, AHEAD)
    panel, keys = panel_of([series.pk], since=calendar.since, until=until, ahead=AHEAD)
    rows = DailyDemand.objects.filter(series=series, on_date__gte=calendar.since, on_date__lte=until)
    recorded = np.zeros(calendar.days, bool)
    recorded[[calendar.index(day) for day in rows.values_list("on_date", flat=True)]] = True
    real = np.arange(calendar.days) <= calendar.index(series.closed_on)
    closed = panel.known.get("closed", np.zeros((1, calendar.days)))[0, : calendar.days] > 0
    silent = real & ~recorded & ~closed
    rules = preparation.rules_of(keys)
    missing = preparation.missing_days(keys, calendar, rules, silent[None])[0] if rules else np.zeros_like(silent)
    told = [
        _read(calendar, int(real.sum()), int((np.nan_to_num(panel.demand[0]) > 0).sum())),
        _missing(int(missing.sum()), rules.missing[0] if rules else DataRule.Missing.ZERO),
        _closed(int((closed & real & ~recorded).sum())),
        *_explained(product_id, warehouse_id, calendar),
        *_stock(panel),
        _bulk(panel, calendar),
        _besides(panel),
    ]
    return [sentence for sentence in told if sentence]


def _read(calendar: Calendar, days: int, asked: int) -> str:
    return _("It reads %(days)d days from %(since)s on; on %(asked)d of them something was asked for.") % {
        "days": days, "since": date_format(calendar.since, "SHORT_DATE_FORMAT"), "asked": asked,
    }  # fmt: skip


def _missing(days: int, how: str) -> str:
    if not days:
        return ""
    told = ngettext(
        "%(days)d day is missing, and taken as: %(how)s.", "%(days)d days are missing, and taken as: %(how)s.", days
    )
    return told % {"days": days, "how": DataRule.Missing(how).label}


def _closed(days: int) -> str:
    told = ngettext("%(days)d day was closed: left out.", "%(days)d days were closed: left out.", days)
    return told % {"days": days} if days else ""


def _explained(product_id: int, warehouse_id: int, calendar: Calendar) -> list[str]:
    """What people said of its anomalies."""
    told = Anomaly.objects.explained_by(calendar.until).filter(product=product_id, warehouse=warehouse_id)
    sentences = {
        Anomaly.State.ONE_OFF: _("Left out as a one-off: %(first)s to %(last)s."),
        Anomaly.State.NEW_LEVEL: _("A new level since %(first)s: what was before it counts as if it had been there."),
    }
    return [
        sentences[row.state]
        % {
            "first": date_format(row.first_on, "SHORT_DATE_FORMAT"),
            "last": date_format(row.last_on, "SHORT_DATE_FORMAT"),
        }
        for row in told.order_by("first_on").filter(last_on__gte=calendar.since)
    ]


def _stock(panel: Panel) -> list[str]:
    if panel.stocked_out is None:
        return [_("Nothing is known of its stock: a day without a sale counts as a day without demand.")]
    empty = np.nan_to_num(panel.stocked_out[0])
    whole, part = int((empty >= 1).sum()), int(((empty > 0) & (empty < 1)).sum())
    unknown = ngettext(
        "%(days)d day was without stock throughout: unknown, not zero.",
        "%(days)d days were without stock throughout: unknown, not zero.",
        whole,
    )
    completed = ngettext(
        "%(days)d day was without stock for a part: completed by what is usual.",
        "%(days)d days were without stock for a part: completed by what is usual.",
        part,
    )
    return [told % {"days": days} for told, days in ((unknown, whole), (completed, part)) if days]


def _bulk(panel: Panel, calendar: Calendar) -> str:
    """Lone bulk orders, the newest ones by name."""
    demand = panel.demand
    days = np.flatnonzero(np.nan_to_num(demand[0] - without_bulk(demand)[0]) > 0)[-NAMED:]
    named = [
        _("%(pieces)d on %(day)s")
        % {
            "pieces": demand[0, day],
            "day": date_format(calendar.since + timedelta(days=int(day)), "SHORT_DATE_FORMAT"),
        }
        for day in days
    ]
    if not named:
        return ""
    return _("Bulk orders count less for the level, and in full for the upper quantiles: %(orders)s.") % {
        "orders": _(", ").join(named)
    }


def _besides(panel: Panel) -> str:
    """What is known besides demand, and what stands for days ahead that nobody told of."""
    labels = {
        "price": _("price"), "promotion": _("promotions"), "holiday": _("holidays"), "closed": _("closed days"),
        "views": _("views"), "adds": _("carts"), "abandonment": _("carts left behind"),
    }  # fmt: skip
    names = [labels[name] for name in labels if name in panel.known and np.nan_to_num(panel.known[name][0]).any()]
    signals = sorted(name.removeprefix(SIGNAL) for name in panel.known if name.startswith(SIGNAL))
    ahead = dict(SignalKind.objects.filter(name__in=signals).values_list("name", "ahead"))
    names += [
        _("%(signal)s (ahead: %(how)s)")
        % {"signal": name, "how": SignalKind.Ahead(ahead.get(name, SignalKind.Ahead.MEAN)).label}
        for name in signals
    ]
    return _("Known besides demand: %(names)s.") % {"names": _(", ").join(names)} if names else ""
