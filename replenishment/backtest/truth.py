"""What would have been asked for had the shelf never been empty: a range, since nobody can know."""

from __future__ import annotations

import numpy as np

from forecasting.engine.censoring import USUAL, observed
from forecasting.engine.panel import Panel

#: Open days before an empty shelf that tell how busy it was just then.
JUST_BEFORE = 14


def demand_range(panel: Panel) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Demand int [series, days] as it was recorded, completed by the usual rate, and by the busier of two rates.

    What a shut time would have brought is taken at the mean of the weeks before it; in the third answer at that of the
    last open days where it is higher, since it is busy days that empty shelves. Whole pieces, spread over the days.
    """
    recorded = np.maximum(np.nan_to_num(panel.demand), 0)
    opened = np.ones_like(recorded)
    if panel.stocked_out is not None:
        opened = 1 - np.clip(np.nan_to_num(panel.stocked_out), 0, 1)
    expected = np.where(np.isnan(panel.demand), np.nan, observed(panel))
    usual = _rate(recorded, opened, USUAL[panel.freq])
    known = ~np.isnan(panel.demand)
    middle = np.where(known, np.maximum(np.where(np.isnan(expected), usual * (1 - opened), expected), recorded), 0)
    busy = np.maximum(usual, _rate(recorded, opened, JUST_BEFORE))
    high = np.where(known & (opened < 1), np.maximum(middle, recorded + (1 - opened) * busy), middle)
    base = np.rint(recorded).astype(np.int64)
    return base, base + _whole(middle - recorded), base + _whole(np.maximum(high, middle) - recorded)


def _rate(demand: np.ndarray, opened: np.ndarray, days: int) -> np.ndarray:
    """Demand of an open day before each day [series, days], over the last ``days``; 0 where none was open."""
    sold, time = (np.pad(np.cumsum(x, axis=1), ((0, 0), (1, 0))) for x in (np.where(opened > 0, demand, 0), opened))
    at = np.arange(demand.shape[1])
    since = np.maximum(at - days, 0)
    span = time[:, at] - time[:, since]
    return np.where(span > 0, (sold[:, at] - sold[:, since]) / np.maximum(span, 1e-9), 0.0)


def _whole(added: np.ndarray) -> np.ndarray:
    """Fractions carried from day to day, so that no row's sum is off by a piece."""
    total = np.floor(np.cumsum(np.maximum(added, 0), axis=1) + 0.5).astype(np.int64)
    return np.diff(total, axis=1, prepend=0)
