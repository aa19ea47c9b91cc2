"""The global part of a night: pooled models, choice of methods, calibration."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from forecasting import methods
from forecasting.engine import backtest, boosting, calibration, classical, features
from forecasting.engine.backtest import Block
from forecasting.engine.boosting import QuantileModel
from forecasting.engine.calendar import YEAR
from forecasting.engine.censoring import observed
from forecasting.engine.features import Common, Rows
from forecasting.engine.grid import mean_of, spread_over_grid
from forecasting.engine.history import History, filled_of
from forecasting.engine.panel import GRID, Panel, ProtectionInterval
from forecasting.engine.pooled import Groups
from forecasting.engine.signals import told_ahead, with_signals
from forecasting.engine.trained import Scored, Trained

#: Cells of demand, rows of features and series in the back-test that suffice; more only take longer.
CELLS, ROWS, HELD_SERIES = 4_000_000, 120_000, 1_500
#: Rows that suffice for a model which only answers in the back-test.
BLOCK_ROWS = 25_000
#: Training origins of a large and of a small panel.
ORIGINS = (60, 180)
#: Fewer rows than this teach a pooled model nothing.
LEAST_ROWS = 600
#: Share of the targets of series of like size that is kept as it is.
CAP = 0.998
#: Windows of which more is expected weigh more in training, by this power: their errors cost more.
HEAVIER = 0.25
#: Weights that the pooled model may have; before the second year is over it has seen no season come back.
BLENDS, BLENDS_AT_FIRST = (0.9, 0.8, 0.7), (0.7, 0.6, 0.5)
#: Shares of the classical mean in the mean, and what having one must save: the models of the back-test knew less.
MEAN_SHARES, PAYS = (0.0, 0.25, 0.5), 1.02
#: Origins of each block at which every series is scored; calibration and choice hear all of a sample.
SCORED_A_BLOCK = 2
#: Classical methods whose mean stands beside the pooled model.
AVERAGED = 3


@dataclass(frozen=True)
class Held:
    """Held-out windows, one a row: what was asked for, and what each candidate had said."""

    unit: np.ndarray
    actual: np.ndarray
    weight: np.ndarray
    origin: np.ndarray
    pooled: np.ndarray
    windows: dict[str, classical.WindowForecast]
    step_losses: dict[str, np.ndarray]


def train(
    panel: Panel, *, interval: ProtectionInterval | None = None, seed: int = 0, rows: int = ROWS
) -> Trained:  # fmt: skip
    """Learn from all series what ``forecast`` then applies to any part of them.

    ``interval`` tells for which lengths to be sharp; without it, for those that shops usually have. The pooled model
    learns from about ``rows`` windows: fewer suffice where series are sums, and take less time.
    """
    ahead = told_ahead(panel)
    panel = with_signals(panel, ahead)
    workshop = _Workshop(panel, backtest.lengths_for(panel, interval), seed)
    blocks = backtest.blocks_of(workshop.buckets, panel.freq, workshop.lengths[-1])
    models = [workshop.boost(block.cutoff, BLOCK_ROWS) for block in blocks]
    held = _joined(
        [
            workshop.held_out(block, model, 10.0**at)
            for at, (block, model) in enumerate(zip(blocks, models, strict=True))
        ]
    )
    model = workshop.boost(workshop.buckets, rows)
    edges = calibration.edges_of(held.unit)
    segment = np.searchsorted(edges, held.unit)
    pieces = held.actual - workshop.jitter(len(held.actual))
    base = _choose_windows(held, pieces, segment, len(edges) + 1, workshop.whole_pieces)
    blends = BLENDS if workshop.buckets >= 2 * YEAR[panel.freq] else BLENDS_AT_FIRST
    blend = _choose_blend(held, pieces, base.quantiles, segment, len(edges) + 1, blends if model is not None else ())
    quantiles = blended(held.pooled, base.quantiles, np.asarray(blend)[segment])
    weight = held.weight**0.25
    calibrated = calibration.fit(quantiles, pieces, held.unit, edges, weight, held.origin)
    means = mean_of(*whole(*calibrated.apply(quantiles, held.unit), workshop.whole_pieces))
    return Trained(
        freq=panel.freq, last_on=panel.last_on, buckets=workshop.buckets, whole_pieces=workshop.whole_pieces,
        ahead=ahead, lengths=workshop.lengths, products=workshop.products, model=model,
        common=workshop.common_at(workshop.buckets),
        scored=tuple(
            Scored(origin, model, workshop.common_at(origin))
            for block, model in zip(blocks, models, strict=True) for origin in block.origins[-SCORED_A_BLOCK:]
        ),
        calibration=calibrated,
        coverage=calibration.coverage(quantiles, pieces, held.unit, edges, weight, held.origin),
        blend=blend, window_methods=base.names, inflation=base.inflation,
        mean_share=_choose_mean(held, means, base.mean, segment, len(edges) + 1),
        step_method=tuple(classical.choose(held.step_losses, segment, len(edges) + 1, held.weight)),
    )  # fmt: skip


def blended(pooled: np.ndarray, base: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Quantiles of both candidates combined level by level; a row without a pooled answer keeps the other."""
    weight = np.where(np.isnan(pooled[:, 0]), 0.0, weight)[:, None]
    return weight * np.nan_to_num(pooled) + (1 - weight) * base


def whole(quantiles: np.ndarray, excess: np.ndarray, whole_pieces: bool) -> tuple[np.ndarray, np.ndarray]:
    """Quantiles rounded up where demand comes in whole pieces, and the excess."""
    return (np.maximum(np.ceil(quantiles - 1e-9), 0.0) + 0.0 if whole_pieces else quantiles), excess


def pooled_quantiles(model: QuantileModel | None, rows: Rows) -> np.ndarray:
    """The pooled model's quantiles [rows, grid], pieces; NaN rows where it cannot answer."""
    out = np.full((len(rows.unit), len(GRID)), np.nan)
    if model is not None and rows.usable.any():
        found = spread_over_grid(model.predict(rows.x[rows.usable]), boosting.MODEL_LEVELS)
        out[rows.usable] = found * rows.unit[rows.usable, None]
    return out


class _Workshop:
    """The sampled series and what all share, during one training."""

    def __init__(self, panel: Panel, lengths: tuple[int, ...], seed: int):
        self.lengths, self.seed, self.buckets = lengths, seed, panel.demand.shape[1]
        filled = filled_of(panel)
        self.whole_pieces = _whole(panel.demand)  # before stock-outs are corrected, which gives fractions
        self.all = Groups(filled, panel.freq, panel.last_on, np.zeros(len(panel.demand), int), 1)
        self.products, index, self.groups = product_groups(panel, filled)
        rng = np.random.default_rng(seed)
        number = min(len(panel.demand), max(CELLS // self.buckets, HELD_SERIES))
        chosen = np.sort(rng.permutation(len(panel.demand))[:number])
        self.told = backtest.rows_of(panel, chosen)
        self.panel = replace(self.told, demand=observed(self.told), stocked_out=None)
        self.index = None if index is None else index[chosen]
        self.held_series = np.sort(rng.permutation(number)[:HELD_SERIES])

    def common_at(self, origin: int) -> Common:
        return Common(self.all.at(origin), None if self.groups is None else self.groups.at(origin))

    def jitter(self, number: int) -> np.ndarray:
        """What whole pieces are lowered by, so that rounding up gives the quantile of the pieces."""
        return np.random.default_rng(self.seed + 1).random(number) if self.whole_pieces else np.zeros(number)

    def boost(self, known: int, rows: int) -> QuantileModel | None:
        """A model of about ``rows`` windows that ended within ``known`` buckets; None when they are too few."""
        rng = np.random.default_rng(self.seed + known)
        series = len(self.told.demand)
        most = int(np.clip(rows // (series * len(self.lengths)), *ORIGINS))
        plan = [
            (origin, length)
            for length in self.lengths
            for origin in backtest.training_origins(
                min(max(2 * length, 6), known // 3), known - length, self.panel.freq, most
            )
            if origin >= 1
        ]
        if len(plan) * series < LEAST_ROWS:
            return None
        share = rows / max(len(plan) * series, 1)
        blocks = max(int(0.8 / share), 1)  # each origin looks at one block of series, which saves the time of features
        histories = [
            History.of(backtest.known_at(backtest.rows_of(self.told, slice(at, None, blocks)), known, most=known))
            for at in range(min(blocks, len(plan)))
        ]
        parts = [
            self._training_rows(
                histories[at % blocks], origin, length, share * blocks, rng, slice(at % blocks, None, blocks)
            )
            for at, (origin, length) in enumerate(plan)
        ]
        x, target, unit = (np.concatenate(part) for part in zip(*parts, strict=True)) if parts else ((), (), ())
        if len(target) < LEAST_ROWS:
            return None
        weight = unit**HEAVIER
        return boosting.fit(x, _capped(target, unit), self.seed, weight / weight.mean())

    def _training_rows(
        self, history: History, origin: int, length: int, share: float, rng, block: slice
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        index = None if self.index is None else self.index[block]
        rows = features.build(history, origin, length, replace(self.common_at(origin), index=index))
        asked = history.asked(origin, length)
        keep = rows.usable & ~np.isnan(asked) & (rng.random(len(asked)) < share)
        lowered = asked[keep] - (rng.random(keep.sum()) if self.whole_pieces else 0.0)
        return rows.x[keep], lowered / rows.unit[keep], rows.unit[keep]

    def held_out(self, block: Block, model: QuantileModel | None, weight: float) -> Held:
        """What was said at the block's origins; later blocks weigh more, as their models knew nearly all of today's."""
        return _joined([self._held_at(origin, model, weight) for origin in block.origins])

    def _held_at(self, origin: int, model: QuantileModel | None, weight: float) -> Held:
        known = backtest.rows_of(backtest.known_at(self.panel, origin), self.held_series)
        some = self.history_of_held
        index = None if self.index is None else self.index[self.held_series]
        common = replace(self.common_at(origin), index=index)
        candidates = classical.Candidates(known, some, origin, common.everything.week, self.lengths[-1])
        found = {name: candidates.windows(name, self.lengths) for name in methods.nightly()}
        parts = []
        for length in self.lengths:
            rows, actual = features.build(some, origin, length, common), some.asked(origin, length)
            keep = rows.usable & ~np.isnan(actual)
            steps = some.demand[:, origin : origin + length]
            windows = {name: of_length[length].part(keep) for name, (of_length, _) in found.items()}
            losses = {name: classical.step_loss(p, steps, rows.unit)[keep] for name, (_, p) in found.items()}
            pooled = pooled_quantiles(model, rows)
            parts.append(
                Held(
                    rows.unit[keep],
                    actual[keep],
                    np.full(keep.sum(), weight),
                    np.full(keep.sum(), origin),
                    pooled[keep],
                    windows,
                    losses,
                )
            )
        return _joined(parts)

    @property
    def history_of_held(self) -> History:
        if not hasattr(self, "_held_history"):
            self._held_history = History.of(backtest.rows_of(self.panel, self.held_series))
        return self._held_history


def _capped(target: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """The target without its wildest rows: a series of which nothing was expected and that sold a hundred pieces would
    else raise the upper quantiles of all that share its leaf."""
    alike = np.searchsorted(np.quantile(unit, np.arange(1, 8) / 8), unit)
    most = np.array([np.quantile(target[alike == k], CAP) if (alike == k).any() else np.inf for k in range(8)])
    return np.minimum(target, most[alike])


def _whole(demand: np.ndarray) -> bool:
    """Whether every observed bucket is a whole number; row by row, since no copy of a large panel would fit."""
    return all((np.rint(row) == row)[~np.isnan(row)].all() for row in demand)


def product_groups(panel: Panel, filled: np.ndarray) -> tuple[tuple[str, ...], np.ndarray | None, Groups | None]:
    """Names, place of each series and summed demand of products that several warehouses sell; else nothing."""
    if panel.product is None:
        return (), None, None
    names, index = np.unique(np.asarray(panel.product, str), return_inverse=True)
    if len(names) == len(filled):
        return (), None, None
    return tuple(names.tolist()), index, Groups(filled, panel.freq, panel.last_on, index, len(names))


def _joined(parts: list[Held]) -> Held:
    if not parts:
        nothing = np.empty(0)
        return Held(nothing, nothing, nothing, nothing, np.empty((0, len(GRID))), {}, {})
    names = parts[0].windows
    return Held(
        np.concatenate([p.unit for p in parts]),
        np.concatenate([p.actual for p in parts]),
        np.concatenate([p.weight for p in parts]),
        np.concatenate([p.origin for p in parts]),
        np.concatenate([p.pooled for p in parts]),
        {name: classical.joined([p.windows[name] for p in parts]) for name in names},
        {name: np.concatenate([p.step_losses[name] for p in parts]) for name in names},
    )


@dataclass(frozen=True)
class _Base:
    """The classical methods to average in each segment, the inflation of their variance, and what they say."""

    names: tuple[tuple[str, ...], ...]
    inflation: tuple[float, ...]
    quantiles: np.ndarray
    mean: np.ndarray


def _choose_windows(held: Held, actual: np.ndarray, segment: np.ndarray, segments: int, whole_pieces: bool) -> _Base:
    losses = {}
    for name, window in held.windows.items():
        inflation = np.array(
            [classical.inflation_of(window.part(segment == k), held.actual[segment == k]) for k in range(segments)]
        )
        losses[name] = classical.window_loss(window.quantiles(inflation[segment], whole_pieces), actual, held.unit)
    chosen = [tuple(names[:AVERAGED]) for names in classical.ranked(losses, segment, segments, held.weight)]
    inflations, quantiles, means = [], np.zeros((len(held.unit), len(GRID))), np.zeros(len(held.unit))
    for k, names in enumerate(chosen):
        rows = segment == k
        if not rows.any():
            inflations.append(1.5)
            continue
        mean = classical.averaged([held.windows[name].part(rows) for name in names])
        inflations.append(classical.inflation_of(mean, held.actual[rows]))
        quantiles[rows], means[rows] = mean.quantiles(inflations[k], whole_pieces), mean.mean
    return _Base(tuple(chosen), tuple(inflations), quantiles, means)


def _choose_blend(
    held: Held, actual: np.ndarray, base: np.ndarray, segment: np.ndarray, segments: int, blends: tuple
) -> tuple[float, ...]:
    """Weight of the pooled model in each segment, of ``blends`` (none: there is no model), by the loss of the held-out
    windows that it answered."""
    answered = ~np.isnan(held.pooled[:, 0])
    if not blends or not answered.any():
        return (0.5 if blends else 0.0,) * segments
    losses = {
        f"{at}": classical.window_loss(
            blended(held.pooled[answered], base[answered], np.full(answered.sum(), weight)),
            actual[answered],
            held.unit[answered],
        )
        for at, weight in enumerate(blends)
    }
    return tuple(blends[int(at)] for at in classical.choose(losses, segment[answered], segments, held.weight[answered]))


def _choose_mean(
    held: Held, means: np.ndarray, base: np.ndarray, segment: np.ndarray, segments: int
) -> tuple[float, ...]:
    """Share of the classical mean in the mean of each segment, by the absolute errors of held-out windows.

    The mean of the distribution alone leans on its uppermost tail, which is the least known part of it.
    """
    heavy = np.sqrt(np.maximum(held.unit, 1.0))
    losses = {
        f"{at}": np.abs((1 - share) * means + share * base - held.actual) / heavy * (PAYS if share else 1.0)
        for at, share in enumerate(MEAN_SHARES)
    }
    if not len(heavy):
        return (0.0,) * segments
    return tuple(MEAN_SHARES[int(at)] for at in classical.choose(losses, segment, segments, held.weight))
