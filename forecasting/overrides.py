"""People's words on a forecast, as arrays: what a day's mean becomes, and quantiles and lead-time demand with it.

On each day the newest word holds. A percentage changes each day by its share. Pieces are meant for the whole period:
the days that are still ahead get their share of them, spread as the model spreads its own. Knows no Django.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from forecasting.engine import GRID, STEP_LEVELS, Forecast, LeadTimeDemand, ProtectionInterval
from forecasting.methods import gamma_quantiles

WEEK = 7


@dataclass(frozen=True)
class Word:
    """An override of the series in ``row``, from day ``first`` to day ``last``; 0 is the forecast's first day."""

    row: int
    first: int
    last: int
    is_percent: bool
    amount: float


@dataclass(frozen=True)
class Spoken:
    """Means with the words in them [series, days], and the place of the word that holds on each day, -1 for none."""

    mean: np.ndarray
    holder: np.ndarray


def extended(mean: np.ndarray, days: int) -> np.ndarray:
    """The same means [..., at least days]: past the horizon its last week goes on.

    >>> extended(np.arange(1.0, 10.0)[None], 12)[0].tolist()
    [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 3.0, 4.0, 5.0]
    """
    horizon = mean.shape[-1]
    if days <= horizon or not horizon:
        return mean
    ahead = np.arange(horizon, days)
    week = min(WEEK, horizon)
    return np.concatenate([mean, mean[..., horizon - week + (ahead - horizon) % week]], axis=-1)


def spoken(mean: np.ndarray, words: Sequence[Word], days: int) -> Spoken:
    """Means of the first ``days`` days with the words in them; of two words on one day the later in ``words`` holds.

    >>> halved = [Word(0, 0, 1, True, -50.0)]
    >>> spoken(np.full((1, 3), 4.0), halved, 3).mean.tolist()
    [[2.0, 2.0, 4.0]]
    >>> spoken(np.full((1, 3), 4.0), [*halved, Word(0, 1, 2, False, 20.0)], 3).mean.tolist()
    [[2.0, 10.0, 10.0]]
    """
    said, holder = extended(mean, days)[:, :days].copy(), np.full((len(mean), days), -1)
    for place, word in enumerate(words):
        first, last = max(word.first, 0), min(word.last, days - 1)
        if first <= last:
            own = _own_days(extended(mean[word.row], word.last + 1), word)
            said[word.row, first : last + 1] = own[: last + 1 - first]
            holder[word.row, first : last + 1] = place
    return Spoken(said, holder)


def _own_days(mean: np.ndarray, word: Word) -> np.ndarray:
    """The word's mean on each of its days from the first that is still ahead."""
    ahead = mean[max(word.first, 0) : word.last + 1]
    if word.is_percent:
        return ahead * (1 + word.amount / 100)
    pieces = word.amount * len(ahead) / (word.last - word.first + 1)
    total = ahead.sum()
    return ahead * (pieces / total) if total > 0 else np.full(len(ahead), pieces / len(ahead))


def applied(result: Forecast, words: Sequence[Word], interval: ProtectionInterval, *, whole_pieces: bool) -> Forecast:
    """The forecast with the words in it: means, quantiles of days and lead-time demand by the same ratio.

    Where the model expects nothing there is no ratio, and demand is taken as coming one by one (Poisson's variance).
    """
    if not words:
        return result
    rows = np.unique([word.row for word in words])
    place = {row: at for at, row in enumerate(rows.tolist())}
    own = [replace(word, row=place[word.row]) for word in words]
    lengths, weights = interval.lengths[rows], interval.weights[rows]
    horizon = result.mean.shape[1]
    days = max(horizon, int(lengths.max()))
    before = extended(result.mean[rows], days)
    said = spoken(result.mean[rows], own, days).mean
    mean, quantiles = result.mean.copy(), result.quantiles.copy()
    mean[rows] = said[:, :horizon]
    quantiles[rows] = _scaled(quantiles[rows], before[:, :horizon], said[:, :horizon], STEP_LEVELS)
    demand = _lead_time_demand(
        result.lead_time_demand, rows, _over(before, lengths, weights), _over(said, lengths, weights), whole_pieces
    )
    return replace(result, mean=mean, quantiles=quantiles, lead_time_demand=demand)


def _over(mean: np.ndarray, lengths: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Expected demand over the protection interval [series]."""
    total = np.cumsum(mean, axis=1)
    share = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
    return (np.take_along_axis(total, lengths - 1, axis=1) * share).sum(axis=1)


def _scaled(quantiles: np.ndarray, before: np.ndarray, after: np.ndarray, levels: Sequence[float]) -> np.ndarray:
    """Quantiles [..., levels] moved with their mean [...]."""
    ratio = np.divide(after, before, out=np.ones_like(after), where=before > 0)
    moved = quantiles * ratio[..., None]
    new = (before <= 0) & (after > 0)
    if new.any():
        moved[new] = np.maximum(moved[new], gamma_quantiles(after[new], after[new], tuple(levels)))
    return moved


def _lead_time_demand(
    demand: LeadTimeDemand, rows: np.ndarray, before: np.ndarray, after: np.ndarray, whole_pieces: bool
) -> LeadTimeDemand:
    mean, quantiles, excess = demand.mean.copy(), demand.quantiles.copy(), demand.excess.copy()
    known = (before > 0) & (mean[rows] > 0)
    ratio = np.divide(after, before, out=np.ones_like(after), where=known)
    moved = _scaled(quantiles[rows], np.where(known, before, 0.0), np.where(known, after, after - before), GRID)
    quantiles[rows] = np.ceil(moved - 1e-9) if whole_pieces else moved
    mean[rows] = np.where(known, mean[rows] * ratio, mean[rows] + np.maximum(after - before, 0.0))
    excess[rows] = excess[rows] * ratio
    return LeadTimeDemand(mean, quantiles, excess)
