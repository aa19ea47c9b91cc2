"""Seasonal naive forecast."""

from __future__ import annotations

import numpy as np

from forecasting.engine.panel import Panel
from forecasting.methods.base import CYCLE, ForecastMethod, register
from forecasting.methods.naive import last_observed


@register
class SeasonalNaive(ForecastMethod):
    """The same bucket of the last cycle (week of days, year of weeks or months); the last one where there was none."""

    name = "seasonal_naive"

    def fit(self, panel: Panel) -> SeasonalNaive:
        cycle, demand = CYCLE[panel.freq], panel.demand
        held = last_observed(demand)
        padded = np.concatenate([np.full((len(demand), cycle), np.nan), demand], axis=1)
        self.cycle_ = np.where(
            np.isnan(padded[:, -cycle:]), held[:, -1:].sum(axis=1, keepdims=True), padded[:, -cycle:]
        )
        before = padded[:, : demand.shape[1]]
        error = demand - before
        known = ~np.isnan(error)
        own = np.where(known, error, 0.0)
        flat = np.where(np.isnan(demand), 0.0, demand - held.sum(axis=1, keepdims=True) / max(held.shape[1], 1))
        seen = np.maximum((~np.isnan(demand)).sum(axis=1), 1)
        self.variance_ = np.where(
            known.any(axis=1), (own**2).sum(axis=1) / np.maximum(known.sum(axis=1), 1), (flat**2).sum(axis=1) / seen
        )
        return self

    def means(self, horizon: int) -> np.ndarray:
        return self.cycle_[:, np.arange(horizon) % self.cycle_.shape[1]]
