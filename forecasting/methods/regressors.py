"""What is known ahead of a panel, as columns that a regression can read."""

from __future__ import annotations

import numpy as np

from forecasting.engine.panel import Panel


def regressor(panel: Panel, name: str, start: int, stop: int) -> np.ndarray:
    """One known-ahead regressor [series, stop - start], finite, of buckets counted from the panel's first one.

    Where it is not known, a promotion is absent, a price is the last one (as log ratio to the usual
    price) and any other signal is at its usual value (in standard deviations).
    """
    values = np.asarray(panel.known[name], float)[:, :stop]
    short = np.full((len(values), max(stop - values.shape[1], 0)), np.nan)
    values = np.concatenate([np.where(np.isfinite(values), values, np.nan), short], axis=1)
    if name == "promotion":
        return np.nan_to_num(values)[:, start:stop]
    past = values[:, : panel.demand.shape[1]]
    number = np.maximum((~np.isnan(past)).sum(axis=1), 1)
    usual = (np.nan_to_num(past).sum(axis=1) / number)[:, None]
    if name == "price":
        return np.log(np.clip(_held(values / np.where(usual > 0, usual, 1.0)), 0.1, 10.0))[:, start:stop]
    spread = np.sqrt(np.nan_to_num((past - usual) ** 2).sum(axis=1) / number)[:, None]
    return np.clip(np.nan_to_num((values - usual) / np.where(spread > 0, spread, 1.0)), -5.0, 5.0)[:, start:stop]


def _held(ratio: np.ndarray) -> np.ndarray:
    """Each missing value replaced by the last one before it; 1 before the first."""
    at = np.maximum.accumulate(np.where(np.isnan(ratio), -1, np.arange(ratio.shape[1])), axis=1)
    return np.where(at >= 0, np.take_along_axis(np.nan_to_num(ratio), np.maximum(at, 0), axis=1), 1.0)
