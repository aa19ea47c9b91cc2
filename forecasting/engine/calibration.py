"""Split-conformal correction: shifts that make held-out windows fall below each quantile as often as it says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasting.engine.grid import LEVELS
from forecasting.engine.history import row_sums
from forecasting.engine.panel import GRID

SEGMENTS = 4
#: Held-out windows of an origin, or of a segment in it, that tell a shift at all.
LEAST_WINDOWS = 20
#: How many times its variance, estimated from the origins, a shift is doubted.
DOUBT = 4.0
#: Held-out windows that a segment needs to outweigh the others, and all of them to outweigh no correction.
SEGMENT_PRIOR, PRIOR = 300.0, 40.0
#: No correction is larger than this many spreads: a shop that reopens must not widen all the others.
MOST_SHIFT = 2.0
#: Levels at which coverage is reported.
REPORTED = (0.8, 0.9, 0.95, 0.98)
_LOW, _HIGH = GRID.index(0.1), GRID.index(0.9)


@dataclass(frozen=True)
class Calibration:
    """``edges`` of the segments by the window's expected demand [segments - 1]; ``shift`` [segments, grid] and
    ``excess`` [segments] in units of each row's own spread."""

    edges: np.ndarray
    shift: np.ndarray
    excess: np.ndarray

    def segment(self, unit: np.ndarray) -> np.ndarray:
        return np.searchsorted(self.edges, unit)

    def apply(self, quantiles: np.ndarray, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Corrected quantiles [rows, grid], ordered and not negative, and the expected excess above the last [rows]."""
        segment, spread = self.segment(unit), spread_of(quantiles, unit)
        shifted = np.maximum(quantiles + self.shift[segment] * spread[:, None], 0.0)
        return np.maximum.accumulate(shifted, axis=1), self.excess[segment] * spread


def spread_of(quantiles: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Width of each distribution [rows], pieces; never quite zero, or a flat zero could not be corrected."""
    return quantiles[:, _HIGH] - quantiles[:, _LOW] + 0.25 * np.sqrt(unit) + 0.02 * unit


def edges_of(unit: np.ndarray) -> np.ndarray:
    """Bounds that cut the rows in SEGMENTS equal parts; none for a handful of rows."""
    if len(unit) < 20 * SEGMENTS:
        return np.empty(0)
    return np.unique(np.quantile(unit, np.arange(1, SEGMENTS) / SEGMENTS))


def fit(
    quantiles: np.ndarray,
    actual: np.ndarray,
    unit: np.ndarray,
    edges: np.ndarray,
    weight: np.ndarray | None = None,
    origin: np.ndarray | None = None,
) -> Calibration:
    """Learn the shifts from held-out rows (any number, also none), of which some may weigh more.

    One origin is one shock to all series. So each origin has its own shift, and what is applied is their mean, drawn to
    zero by how far they differ; a segment's difference from all series likewise.
    """
    none = Calibration(edges, np.zeros((len(edges) + 1, len(GRID))), np.full(len(edges) + 1, 0.002))
    if not len(actual):
        return none
    spread = spread_of(quantiles, unit)
    error = np.clip((actual[:, None] - quantiles) / spread[:, None], -MOST_SHIFT, MOST_SHIFT)
    weight = np.ones(len(error)) if weight is None else weight
    origin = np.zeros(len(error)) if origin is None else origin
    segment = none.segment(unit)
    own = _shifts(error, weight, origin, np.ones(len(error), bool))
    common = _agreed(*own) * len(error) / (len(error) + PRIOR)
    shift = np.repeat(common[None], len(edges) + 1, axis=0)
    for k in range(len(shift) if len(shift) > 1 else 0):
        parts, heavy = _shifts(error, weight, origin, segment == k)
        number = (segment == k).sum()
        shift[k] += _agreed(parts - own[0], heavy) * number / (number + SEGMENT_PRIOR)
    found = Calibration(edges, shift, none.excess)
    last, _ = found.apply(quantiles, unit)
    over = np.minimum(np.maximum(actual - last[:, -1], 0.0) / spread, MOST_SHIFT)
    number = np.bincount(segment, minlength=len(shift))
    excess = (np.bincount(segment, over, len(shift)) + SEGMENT_PRIOR * over.mean()) / (number + SEGMENT_PRIOR)
    return Calibration(edges, shift, (excess * len(over) + 0.002 * PRIOR) / (len(over) + PRIOR))


def _shifts(
    error: np.ndarray, weight: np.ndarray, origin: np.ndarray, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The shift that each origin asks for by itself [origins, grid], and how much it counts [origins]."""
    origins = np.unique(origin)
    shift, heavy = np.zeros((len(origins), error.shape[1])), np.zeros(len(origins))
    for at, one in enumerate(origins):
        own = rows & (origin == one)
        if own.sum() >= LEAST_WINDOWS:
            shift[at] = _level_quantiles(error[own])
            heavy[at] = weight[own].mean()
    return shift, heavy


def _agreed(shift: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Mean over origins, drawn to zero the more the origins differ, [grid]; a single one is taken as it is."""
    if len(weight) == 1 and weight[0] > 0:
        return shift[0]
    if (weight > 0).sum() < 2:
        return np.zeros(shift.shape[1])
    weight = weight / weight.sum()
    effective = 1 / (weight**2).sum()
    mean = weight @ shift
    variance = weight @ (shift - mean) ** 2 / max(effective - 1, 1e-9)
    return mean**3 / np.maximum(mean**2 + DOUBT * variance, 1e-12)


def coverage(
    quantiles: np.ndarray,
    actual: np.ndarray,
    unit: np.ndarray,
    edges: np.ndarray,
    weight: np.ndarray,
    origin: np.ndarray,
) -> dict[str, np.ndarray]:
    """How often held-out demand stayed at or below REPORTED quantiles that were calibrated on the other origins.

    ``origins`` [origins], ``levels`` [levels], ``share`` [origins, levels] of ``n`` [origins] windows, and
    ``segment_share`` [segments, levels] of ``segment_n`` [segments], small expected demand first.
    """
    columns = [GRID.index(level) for level in REPORTED]
    origins, place = np.unique(origin, return_inverse=True)
    below = np.zeros((len(actual), len(columns)))
    for at in range(len(origins)):
        here = place == at
        rest = fit(quantiles[~here], actual[~here], unit[~here], edges, weight[~here], origin[~here])
        below[here] = actual[here, None] <= rest.apply(quantiles[here], unit[here])[0][:, columns]
    share, n = _mean_by(below, place, len(origins))
    segment_share, segment_n = _mean_by(below, np.searchsorted(edges, unit), len(edges) + 1)
    return {
        "origins": origins.astype(int), "levels": np.array(REPORTED), "share": share, "n": n,
        "segment_share": segment_share, "segment_n": segment_n,
    }  # fmt: skip


def _mean_by(values: np.ndarray, place: np.ndarray, places: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean rows of each place, NaN where there are none, and their number."""
    n = np.bincount(place, minlength=places)
    total = np.stack([np.bincount(place, column, places) for column in values.T], axis=1)
    return np.where(n[:, None] > 0, total / np.maximum(n, 1)[:, None], np.nan), n


def _level_quantiles(error: np.ndarray) -> np.ndarray:
    """For each level of the grid the quantile of its own column, [grid]."""
    ordered = np.sort(error, axis=0)
    place = (np.arange(len(error)) + 0.5) / len(error)
    return np.array([np.interp(level, place, ordered[:, at]) for at, level in enumerate(LEVELS)])


def pinball(actual: np.ndarray, quantiles: np.ndarray, columns: list[int]) -> np.ndarray:
    """Mean pinball loss over the given columns of the grid, [rows]."""
    error = actual[:, None] - quantiles[:, columns]
    level = LEVELS[columns]
    return row_sums(np.maximum(level * error, (level - 1) * error)) / len(columns)
