"""A simple combination of methods."""

from __future__ import annotations

import numpy as np

from forecasting.engine.panel import Panel
from forecasting.methods.base import REGISTRY, ForecastMethod, register


@register
class Combination(ForecastMethod):
    """The median of what unlike methods say (in the way of Petropoulos and Svetunkov 2020): seldom best, seldom bad."""

    name = "combination"
    nightly = False

    def __init__(self, members: tuple[str, ...] = ("calendar_regression", "moving_average", "theta", "tsb")):
        self.members = members

    def fit(self, panel: Panel) -> Combination:
        self.fitted_ = [REGISTRY[name]().fit(panel) for name in self.members]
        self.variance_ = np.median([member.variance_ for member in self.fitted_], axis=0)
        return self

    def means(self, horizon: int) -> np.ndarray:
        return np.median([np.maximum(member.means(horizon), 0.0) for member in self.fitted_], axis=0)
