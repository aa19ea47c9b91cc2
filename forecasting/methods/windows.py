"""Windows of demand of many series, relative to each one's level, for methods that learn across series."""

from __future__ import annotations

import numpy as np

from forecasting.engine.calendar import YEAR, bucket_dates, bucket_seasons
from forecasting.engine.history import running
from forecasting.engine.panel import Panel
from forecasting.methods.regressors import regressor

#: Buckets that set the level.
LEVEL = {"D": 56, "W": 13, "M": 6}
#: Buckets ahead that windows are learned for; what lies further is forecast as if it lay there.
REACH = {"D": 56, "W": 13, "M": 6}


class Windows:
    """Some rows of a panel with what is known ahead of them.

    A window is (row, origin, gap, length): the demand of ``length`` buckets that begin ``gap`` buckets after the
    first ``origin`` ones. All four come as integer arrays of one length.
    """

    def __init__(self, panel: Panel, rows: np.ndarray, ahead: int = 0):
        self.freq, self.buckets = panel.freq, panel.demand.shape[1]
        self.demand = panel.demand[rows]
        seen = ~np.isnan(self.demand)
        self.total, self.count = running(np.where(seen, self.demand, 0.0)), running(seen)
        self.calendar = _calendar(panel, self.buckets + ahead)
        part = Panel(self.demand, panel.freq, panel.last_on, {name: panel.known[name][rows] for name in panel.known})
        signals = [regressor(part, name, 0, self.buckets + ahead) for name in sorted(panel.known)]
        shape = (len(self.demand), self.buckets + ahead, 0)
        self.signals = np.stack(signals, axis=2) if signals else np.empty(shape)
        self._calendar_sum = np.concatenate([np.zeros((1, self.calendar.shape[1])), np.cumsum(self.calendar, axis=0)])
        self._signal_sum = np.pad(np.cumsum(self.signals, axis=1), ((0, 0), (1, 0), (0, 0)))

    def mean(self, row: np.ndarray, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
        """Mean observed demand of the buckets start .. stop - 1; NaN where none was observed or told of yet."""
        inside = (start >= 0) & (stop <= self.buckets)
        start, stop = np.clip(start, 0, self.buckets), np.clip(stop, 0, self.buckets)
        number = np.where(inside, self.count[row, stop] - self.count[row, start], 0.0)
        return np.where(number > 0, (self.total[row, stop] - self.total[row, start]) / np.maximum(number, 1), np.nan)

    def level(self, row: np.ndarray, origin: np.ndarray) -> np.ndarray:
        """Recent mean demand, drawn a little towards the long one; 0 where nothing has sold."""
        span = LEVEL[self.freq]
        before = np.maximum(origin - span, 0)
        seen, total = self.count[row, origin], self.total[row, origin]
        ever = total / np.maximum(seen, 1)
        recent = total - self.total[row, before] + span / 8 * ever
        return recent / (seen - self.count[row, before] + span / 8)

    def asked(self, row: np.ndarray, origin: np.ndarray, gap: np.ndarray, length: np.ndarray) -> np.ndarray:
        """Mean demand a bucket of the windows; NaN where less than half of one was observed."""
        start, stop = origin + gap, np.minimum(origin + gap + length, self.buckets)
        enough = (self.count[row, stop] - self.count[row, np.minimum(start, self.buckets)]) * 2 >= length
        return np.where(enough, self.mean(row, start, stop), np.nan)

    def ahead(self, row: np.ndarray, origin: np.ndarray, gap: np.ndarray, length: np.ndarray) -> np.ndarray:
        """What can be told of the windows beforehand, float [windows, terms]: calendar and signals, last year's demand
        of the same buckets relative to the level (NaN: there was none), how far and how long."""
        start, stop, year = origin + gap, origin + gap + length, YEAR[self.freq]
        calendar = (self._calendar_sum[stop] - self._calendar_sum[start]) / length[:, None]
        signals = (self._signal_sum[row, stop] - self._signal_sum[row, start]) / length[:, None]
        level = np.maximum(self.level(row, origin), 1e-300)
        told = start - year + length <= origin
        last_year = np.where(told, self.mean(row, start - year, stop - year), np.nan) / level
        ever = self.mean(row, np.zeros_like(origin), origin) / level
        far = np.log1p(np.minimum(gap, REACH[self.freq]))
        return np.column_stack([calendar, signals, last_year, ever, far, np.log(np.minimum(length, REACH[self.freq]))])


def _calendar(panel: Panel, stop: int) -> np.ndarray:
    """Season of the panel's buckets up to ``stop``, [buckets, terms]; days have a weekday and a yearly wave."""
    first = 1 - panel.demand.shape[1]
    terms = bucket_seasons(panel.freq, panel.last_on, first, first + stop)
    if panel.freq != "D":
        return terms
    angle = 2 * np.pi * bucket_dates("D", panel.last_on, first, first + stop).astype(int)[:, None] / 365.25
    return np.concatenate([terms, np.sin(angle), np.cos(angle)], axis=1)
