"""Running sums over a demand matrix, so that the mean of any window costs one subtraction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np

from forecasting.engine.censoring import observed
from forecasting.engine.panel import Panel


def running(values: np.ndarray) -> np.ndarray:
    """Sums before each bucket, float64 [series, buckets + 1], starting with 0."""
    out = np.zeros((values.shape[0], values.shape[1] + 1))
    np.cumsum(values, axis=1, out=out[:, 1:])
    return out


def row_sums(values: np.ndarray) -> np.ndarray:
    """Sum of each row, bit for bit the same whatever other rows are there (numpy's own depends on memory order)."""
    return np.ascontiguousarray(values).sum(axis=1)


class History:
    """Observed demand of some series with its running sums. An ``origin`` is the number of buckets known."""

    def __init__(self, demand: np.ndarray, freq: str, last_on: date, known: Mapping[str, np.ndarray]):
        self.demand, self.freq, self.last_on, self.known = demand, freq, last_on, known
        seen = ~np.isnan(demand)
        self.filled = np.where(seen, demand, 0.0)
        self.total, self.count = running(self.filled), running(seen)
        self.hits, self.squares = running(self.filled > 0), running(self.filled**2)
        self.launch = np.where(seen.any(axis=1), seen.argmax(axis=1), demand.shape[1])
        when = np.where(self.filled > 0, np.arange(1, demand.shape[1] + 1), 0)
        self.last_sale = np.maximum.accumulate(when, axis=1)
        self._sums: dict[int, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}

    @classmethod
    def of(cls, panel: Panel) -> History:
        return cls(observed(panel), panel.freq, panel.last_on, panel.known)

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
        mean = (self.total[:, stop] - self.total[:, start]) / n
        square = (self.squares[:, stop] - self.squares[:, start]) / n
        return np.sqrt(np.maximum(square - mean * mean, 0.0))

    def window_deviation(self, length: int, start: int, stop: int) -> np.ndarray:
        """Standard deviation of the sums of ``length`` buckets that lie within start .. stop - 1; NaN under 3."""
        if length not in self._sums:
            sums = self.total[:, length:] - self.total[:, :-length]
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
        """Demand in the ``length`` buckets after the origin [series]; NaN where under 70 % of them were observed."""
        n = self.count[:, origin + length] - self.count[:, origin]
        total = self.total[:, origin + length] - self.total[:, origin]
        return np.where(n >= 0.7 * length, total * length / np.maximum(n, 1), np.nan)
