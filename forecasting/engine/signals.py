"""Price and promotion as a back-test may read them: only what was known ahead then."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from forecasting.engine.panel import Panel


def told_ahead(panel: Panel) -> tuple[str, ...]:
    """Names of the signals that say anything about buckets to come, for any series.

    The others were written down with the sales: that a past day has a price then only means that it
    sold, so a back-test that read it after its origin would see what it has to forecast.
    """
    buckets = panel.demand.shape[1]
    return tuple(
        sorted(
            name for name, values in panel.known.items() if name in panel.told or np.isfinite(values[:, buckets:]).any()
        )
    )


def with_signals(panel: Panel, names: tuple[str, ...]) -> Panel:
    """The panel with these signals only; a price holds until the next one, so that it does not tell of sales."""
    known = {name: np.asarray(panel.known[name], float) for name in names if name in panel.known}
    if "price" in known:
        known["price"] = _held(known["price"])
    return replace(panel, known=known)


def _held(values: np.ndarray) -> np.ndarray:
    at = np.maximum.accumulate(np.where(np.isfinite(values), np.arange(values.shape[1]), -1), axis=1)
    return np.where(at >= 0, np.take_along_axis(values, np.maximum(at, 0), axis=1), np.nan)
