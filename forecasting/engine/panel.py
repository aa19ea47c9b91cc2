"""What goes into the engine and what comes out: plain arrays, no Django."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any, Literal

import numpy as np

from forecasting.engine.bulk import without_bulk

Freq = Literal["D", "W", "M"]

#: Probabilities at which a step of the forecast is stored.
STEP_LEVELS = (0.5, 0.8, 0.9, 0.95, 0.98)

#: Probabilities at which the distribution of lead-time demand is stored.
GRID = (
    0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65,
    0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.995,
)  # fmt: skip


@dataclass(frozen=True)
class Told:
    """When the values of a regressor became known, and what stands for those that are not known yet.

    ``at``     int [series or 1, buckets + ahead]: a value is known once the panel has so many buckets
    ``ahead``  "mean", of the last four weeks (or a quarter of a year), or "last", the last value
    """

    at: np.ndarray
    ahead: Literal["mean", "last"] = "mean"


@dataclass(frozen=True)
class Panel:
    """Demand of many series on one calendar, as it was known at the end of its last bucket.

    ``demand``       float [series, buckets], pieces; NaN before the series was launched
    ``last_on``      first day of the last bucket (a W bucket is seven days, an M bucket a month)
    ``known``        name -> float [series, buckets + ahead]; what is known ahead ("price",
                     "promotion", "holiday", "closed", signals); NaN where it is not known
    ``stocked_out``  float [series, buckets], the share (0-1) of the bucket when the item could not
                     be ordered, NaN where stock was unknown; None when nothing is known of stock
    ``category``     str [series], or None
    ``product``      str [series], the same for one product in several warehouses, or None
    ``told``         name -> when the values of a regressor became known, of those not always known ahead
    """

    demand: np.ndarray
    freq: Freq
    last_on: date
    known: Mapping[str, np.ndarray] = field(default_factory=dict)
    stocked_out: np.ndarray | None = None
    category: np.ndarray | None = None
    product: np.ndarray | None = None
    told: Mapping[str, Told] = field(default_factory=dict)
    _found: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, name: str, find: Callable[[], Any]) -> Any:
        """What ``find`` finds of this panel; whoever asks for that name again gets the same."""
        if name not in self._found:
            self._found[name] = find()
        return self._found[name]

    @cached_property
    def usual(self) -> np.ndarray:
        """Demand that a level may be taken from, lone bulk orders capped."""
        return without_bulk(self.demand)

    @property
    def levelled(self) -> Panel:
        """The same panel with its usual demand, whose findings it keeps."""
        if self.usual is self.demand:
            return self
        return self.once("levelled", lambda: replace(self, demand=self.usual))


@dataclass(frozen=True)
class ProtectionInterval:
    """The learned distribution of lead time + review period, in buckets.

    ``lengths`` int [series, k], at least 1; ``weights`` float [series, k], each row sums to 1
    (pad with weight 0).
    """

    lengths: np.ndarray
    weights: np.ndarray

    @classmethod
    def fixed(cls, lengths: np.ndarray) -> ProtectionInterval:
        """One sure length for each series."""
        lengths = np.maximum(np.asarray(lengths, int), 1)[:, None]
        return cls(lengths, np.ones(lengths.shape))


@dataclass(frozen=True)
class LeadTimeDemand:
    """Distribution of demand over the protection interval, pieces.

    ``mean`` [series]; ``quantiles`` [series, len(GRID)], non-decreasing, not negative;
    ``excess`` [series], the expected demand above the last quantile of the grid.
    """

    mean: np.ndarray
    quantiles: np.ndarray
    excess: np.ndarray


@dataclass(frozen=True)
class Forecast:
    """What the engine says of each series.

    ``method``    str [series], the registered name of what won the back-test
    ``mean``      [series, horizon] pieces a bucket
    ``quantiles`` [series, horizon, len(STEP_LEVELS)]
    ``scores``    name -> [series]; of the rolling-origin back-test: "wape", "bias" (pieces a
                  bucket, forecast - demand), "pinball" (per piece asked), "naive_pinball"; and the
                  sums "sum_n", "sum_demand", "sum_error", … that accuracies of groups are made of
    """

    method: np.ndarray
    mean: np.ndarray
    quantiles: np.ndarray
    lead_time_demand: LeadTimeDemand
    scores: Mapping[str, np.ndarray]
