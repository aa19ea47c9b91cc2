"""Running sums over a demand matrix, so that the mean of any window costs one subtraction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np

from forecasting.engine.backtest import rows_of
from forecasting.engine.bulk import without_bulk
from forecasting.engine.censoring import USUAL, observed
from forecasting.engine.panel import Panel

#: Weights of the exponentially weighted means.
SMOOTHING = {"D": (0.02, 0.06, 0.2), "W": (0.05, 0.15, 0.4), "M": (0.1, 0.25, 0.5)}


#: Series that are looked at together where there are many.
PART = 4096
#: The share of a window that must have been observed.
LEAST_OBSERVED = 0.5


def running(values: np.ndarray) -> np.ndarray:
    """Sums before each bucket, float64 [series, buckets + 1], starting with 0."""
    out = np.zeros((values.shape[0], values.shape[1] + 1))
    np.cumsum(values, axis=1, out=out[:, 1:])
    return out


def row_sums(values: np.ndarray) -> np.ndarray:
    """Sum of each row, bit for bit the same whatever other rows are there (numpy's own depends on memory order)."""
    return np.ascontiguousarray(values).sum(axis=1)


def smoothed(demand: np.ndarray, weight: float) -> np.ndarray:
    """Exponentially weighted mean of the observed demand before each bucket [series, buckets + 1]; NaN at first.

    Weights are renormalised, so that the first buckets are not drawn to a starting value.
    """
    out = np.full((demand.shape[1] + 1, len(demand)), np.nan)
    top, bottom = np.zeros(len(demand)), np.zeros(len(demand))
    for at, column in enumerate(np.ascontiguousarray(demand.T), start=1):
        seen = ~np.isnan(column)
        keep = np.where(seen, 1 - weight, 1.0)
        top, bottom = keep * top + np.where(seen, weight * column, 0.0), keep * bottom + weight * seen
        np.divide(top, bottom, out=out[at], where=bottom > 0)
    return np.ascontiguousarray(out.T)


def closed(demand: np.ndarray, freq: str) -> np.ndarray:
    """Days without demand on a weekday that has sold plenty eight weeks in a row: a holiday, not a lack of interest."""
    if freq != "D" or demand.shape[1] < 57:
        return np.zeros(demand.shape, bool)
    plenty, some = demand >= 5, demand > 0
    found = demand == 0
    found[:, : 7 * 7] = False
    few, without = np.zeros(demand.shape, bool), np.zeros(demand.shape, np.int8)
    for week in range(1, 9):
        few[:, 7 * week :] |= (some & ~plenty)[:, : -7 * week]
        without[:, 7 * week :] += ~some[:, : -7 * week]
        without[:, : 7 * week] += 1
    return found & (without <= 1) & ~few


def filled_of(panel: Panel) -> np.ndarray:
    """``History.filled`` of many series, float32 [series, buckets], part by part: their running sums would not fit."""
    out = np.empty(panel.demand.shape, np.float32)
    for start in range(0, len(out), PART):
        rows = slice(start, start + PART)
        out[rows] = np.nan_to_num(without_bulk(observed(rows_of(panel, rows))))
    return out


class History:
    """Observed demand of some series with its running sums. An ``origin`` is the number of buckets known.

    ``demand`` and ``raw`` are what was asked for; ``filled``, ``total`` and the means count a lone bulk order less.
    """

    def __init__(self, demand: np.ndarray, freq: str, last_on: date, known: Mapping[str, np.ndarray]):
        self.demand, self.freq, self.last_on, self.known = demand, freq, last_on, known
        seen = ~np.isnan(demand)
        usual = without_bulk(demand)
        self.raw, self.filled = np.where(seen, demand, 0.0), np.where(seen, usual, 0.0)
        self.total, self.count = running(self.filled), running(seen)
        self.raw_total = self.total if (self.raw == self.filled).all() else running(self.raw)
        self.hits, self.squares = running(self.filled > 0), running(self.raw**2)
        self.roots = running(np.sqrt(self.filled))
        self.shut = _shut(known, demand)
        self.launch = np.where(seen.any(axis=1), seen.argmax(axis=1), demand.shape[1])
        when = np.where(self.filled > 0, np.arange(1, demand.shape[1] + 1), 0)
        self.last_sale = np.maximum.accumulate(when, axis=1)
        self.smoothed = {weight: smoothed(usual, weight) for weight in SMOOTHING[freq]}
        self.opened = running(seen & ~closed(demand, freq))
        self._sums: dict[int, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}

    @classmethod
    def of(cls, panel: Panel) -> History:
        return cls(observed(panel), panel.freq, panel.last_on, panel.known)

    def part(self, rows: np.ndarray) -> History:
        """The same of some series only; a tenth of the time that it takes to sum anew."""
        part = object.__new__(History)
        part.freq, part.last_on, part._sums = self.freq, self.last_on, {}
        part.known = {name: values[rows] for name, values in self.known.items()}
        part.smoothed = {weight: values[rows] for weight, values in self.smoothed.items()}
        for name, values in vars(self).items():
            if isinstance(values, np.ndarray):
                setattr(part, name, values[rows])
        return part

    @property
    def buckets(self) -> int:
        return self.demand.shape[1]

    def mean(self, start: int, stop: int) -> np.ndarray:
        """Mean observed demand in buckets start .. stop - 1 [series]; NaN where none was observed."""
        start = max(start, 0)
        if stop <= start:
            return np.full(len(self.demand), np.nan)
        n = self.count[:, stop] - self.count[:, start]
        return np.where(n > 0, (self.total[:, stop] - self.total[:, start]) / np.maximum(n, 1), np.nan)

    def deviation(self, start: int, stop: int) -> np.ndarray:
        """Standard deviation of observed demand in buckets start .. stop - 1 [series]."""
        start = max(start, 0)
        n = np.maximum(self.count[:, stop] - self.count[:, start], 1)
        mean = (self.raw_total[:, stop] - self.raw_total[:, start]) / n
        square = (self.squares[:, stop] - self.squares[:, start]) / n
        return np.sqrt(np.maximum(square - mean * mean, 0.0))

    def window_deviation(self, length: int, start: int, stop: int) -> np.ndarray:
        """Standard deviation of the sums of ``length`` buckets that lie within start .. stop - 1; NaN under 3."""
        if length not in self._sums:
            sums = self.raw_total[:, length:] - self.raw_total[:, :-length]
            whole = np.arange(sums.shape[1]) >= self.launch[:, None]
            sums = np.where(whole, sums, 0.0)
            self._sums[length] = running(sums), running(sums**2), running(whole)
        first, second, number = self._sums[length]
        stop = max(stop - length + 1, 0)
        start = min(max(start, 0), stop)
        n = number[:, stop] - number[:, start]
        mean = (first[:, stop] - first[:, start]) / np.maximum(n, 1)
        square = (second[:, stop] - second[:, start]) / np.maximum(n, 1)
        return np.where(n >= 3, np.sqrt(np.maximum(square - mean * mean, 0.0)), np.nan)

    def asked(self, origin: int, length: int) -> np.ndarray:
        """Demand in the ``length`` buckets after the origin [series]; NaN where under half of them were observed.

        The others get the rate before the origin. Windows that lost more would be missed for having been busy: that is
        what empties a shelf. What was observed is stretched, so that the windows' spread stays that of whole ones.
        """
        n = self.count[:, origin + length] - self.count[:, origin]
        total = self.raw_total[:, origin + length] - self.raw_total[:, origin]
        whole = length - (self.shut[:, origin + length] - self.shut[:, origin])  # a closed day asks for nothing
        if (n == whole).all():
            return total
        scaled = total * whole / np.maximum(n, 1)
        rate = self.mean(origin - USUAL[self.freq], origin)
        stretched = whole * rate + (total - n * rate) * np.sqrt(whole / np.maximum(n, 1))
        filled = np.where(np.isnan(rate), scaled, np.maximum(stretched, total))
        filled = np.where(n == whole, total, filled)  # to the bit, whatever other series are there
        return np.where(n >= LEAST_OBSERVED * whole, filled, np.nan)


def _shut(known: Mapping[str, np.ndarray], demand: np.ndarray) -> np.ndarray:
    """Running number of buckets that were closed by plan, as far as the history goes."""
    closed = known.get("closed")
    if closed is None:
        return np.zeros((len(demand), demand.shape[1] + 1))
    return running((closed[:, : demand.shape[1]] > 0) & np.isnan(demand))
