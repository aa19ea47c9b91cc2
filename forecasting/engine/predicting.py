"""The part of a night that runs by partitions: every series by itself, with what training found in common."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from forecasting import methods
from forecasting.engine import backtest, classical, features
from forecasting.engine.boosting import QuantileModel
from forecasting.engine.features import Common, Rows
from forecasting.engine.grid import mean_of, mix
from forecasting.engine.history import History, row_sums
from forecasting.engine.panel import GRID, STEP_LEVELS, Forecast, LeadTimeDemand, Panel, ProtectionInterval
from forecasting.engine.signals import with_signals
from forecasting.engine.trained import Trained
from forecasting.engine.training import blended, pooled_quantiles, whole

CHUNK = 2048
#: Parts of a chunk whose sums are kept: one for each length that is scored.
PARTS_KEPT = 3
#: More lengths than this of one series are interpolated between the lengths below.
EXACT_LENGTHS = 4
LADDER = np.unique(np.rint(1.25 ** np.arange(40)).astype(int))
POOLED = "pooled_boosting"
#: Scores that are sums over the scored origins, from which accuracies of any group of series can be computed.
SUMMED = tuple(
    f"sum_{name}"
    for name in (
        "n", "demand", "squared_demand", "error", "absolute_error", "squared_error", "naive_absolute_error", "pinball",
        *(f"below_{round(100 * level)}" for level in STEP_LEVELS),
    )
)  # fmt: skip


def forecast(panel: Panel, trained: Trained, interval: ProtectionInterval, *, horizon: int) -> Forecast:
    """Forecast any part of the series; each row depends on its own series and ``trained`` only."""
    if (panel.freq, panel.last_on, panel.demand.shape[1]) != (trained.freq, trained.last_on, trained.buckets):
        raise ValueError("the panel has another calendar than the one that was trained on")
    if not len(panel.demand):
        return _empty(horizon)
    panel, parts = with_signals(panel, trained.ahead), []
    for start in range(0, len(panel.demand), CHUNK):
        rows = slice(start, start + CHUNK)
        part = ProtectionInterval(interval.lengths[rows], interval.weights[rows])
        parts.append(_Chunk(backtest.rows_of(panel, rows), trained, part).forecast(horizon))
    return _joined(parts)


class _Chunk:
    """Some series at once, small enough for memory."""

    def __init__(self, panel: Panel, trained: Trained, interval: ProtectionInterval):
        self.trained, self.interval = trained, interval
        self.history = History.of(panel)
        self.panel = replace(panel, demand=self.history.demand, stocked_out=None)
        self.index = _group_index(panel, trained)
        share = interval.weights / np.maximum(row_sums(interval.weights)[:, None], 1e-12)
        self.typical = np.maximum(np.rint(row_sums(interval.lengths * share)).astype(int), 1)
        self.share = share
        self._parts: dict[bytes, History] = {}

    def forecast(self, horizon: int) -> Forecast:
        distribution, segment = self._lead_time_demand()
        mean, quantiles = self._steps(horizon, distribution.mean, segment)
        weight = np.asarray(self.trained.blend)[segment]
        best = np.array([names[0] for names in self.trained.window_methods])[segment]
        method = np.where((weight > 0) & (self.history.total[:, -1] > 0), POOLED, best)
        return Forecast(method.astype(str), mean, quantiles, distribution, self._scores())

    def _lead_time_demand(self) -> tuple[LeadTimeDemand, np.ndarray]:
        lengths, share = self.interval.lengths, self.share
        many = ((share > 0).sum(axis=1) > EXACT_LENGTHS)[:, None]
        low = np.where(many, LADDER[np.searchsorted(LADDER, lengths, side="right") - 1], lengths)
        high = np.where(
            many & (low < lengths), LADDER[np.minimum(np.searchsorted(LADDER, lengths), len(LADDER) - 1)], low
        )
        part = np.where(high > low, (lengths - low) / np.maximum(high - low, 1), 0.0)
        quantiles = np.zeros((*lengths.shape, len(GRID)))
        excess, means, now = np.zeros(lengths.shape), np.zeros(lengths.shape), self.history.buckets
        for n in np.unique(np.concatenate([low[share > 0], high[share > 0]])):
            wanted = (((low == n) | (high == n)) & (share > 0)).any(axis=1)
            found, over, mean = self._window(now, int(n), wanted, self.trained.model, self.trained.common)
            weight = np.where(low[wanted] == n, 1 - part[wanted], np.where(high[wanted] == n, part[wanted], 0.0))
            quantiles[wanted] += weight[:, :, None] * found[:, None, :]
            excess[wanted] += weight * over[:, None]
            means[wanted] += weight * mean[:, None]
        mixed = quantiles[:, 0].copy()
        several = (share > 0).sum(axis=1) > 1
        only = share.argmax(axis=1)
        mixed = np.take_along_axis(quantiles, only[:, None, None], axis=1)[:, 0]
        if several.any():
            mixed[several] = mix(quantiles[several], share[several])
        rounded, over = whole(mixed, row_sums(excess * share), self.trained.whole_pieces)
        return LeadTimeDemand(row_sums(means * share), rounded, over), self._segments(now)

    def _segments(self, origin: int) -> np.ndarray:
        """The calibration's segment of every series at its typical length."""
        unit = np.empty(len(self.typical))
        for n in np.unique(self.typical):
            rows = self.typical == n
            unit[rows] = self._rows(origin, int(n), rows, self.trained.common).unit
        return self.trained.calibration.segment(unit)

    def _rows(self, origin: int, length: int, wanted: np.ndarray, common: Common) -> Rows:
        index = None if self.index is None else self.index[wanted]
        return features.build(self._part(wanted), origin, length, replace(common, index=index))

    def _part(self, wanted: np.ndarray) -> History:
        if wanted.all():
            return self.history
        key = wanted.tobytes()
        if key not in self._parts:
            if len(self._parts) == PARTS_KEPT:
                self._parts.pop(next(iter(self._parts)))
            self._parts[key] = self.history.part(wanted)
        return self._parts[key]

    def _window(self, origin: int, length: int, wanted: np.ndarray, model: QuantileModel | None, common: Common):
        """Calibrated quantiles [wanted, grid], excess and mean of the demand of ``length`` buckets after origin."""
        trained = self.trained
        rows = self._rows(origin, length, wanted, common)
        segment = trained.calibration.segment(rows.unit)
        weight = np.asarray(trained.blend)[segment]
        pooled = pooled_quantiles(model, rows)
        base, simple = np.zeros_like(pooled), np.zeros(len(pooled))
        said = self._said(rows, segment, self._candidates(origin, length, common, wanted), length)
        for k, names in enumerate(trained.window_methods):
            own = segment == k
            if own.any():
                average = classical.averaged([said[name].part(own) for name in names])
                base[own], simple[own] = average.quantiles(trained.inflation[k], trained.whole_pieces), average.mean
        quantiles, excess = trained.calibration.apply(blended(pooled, base, weight), rows.unit)
        never = ~rows.usable
        quantiles[never], excess[never], simple[never] = 0.0, 0.0, 0.0
        share = np.asarray(trained.mean_share)[segment]
        own = mean_of(*whole(quantiles, excess, trained.whole_pieces))
        return quantiles, excess, (1 - share) * own + share * simple

    def _said(
        self, rows: Rows, segment: np.ndarray, candidates: classical.Candidates, length: int
    ) -> dict[str, classical.WindowForecast]:
        """What each method says of the window, zero in segments that do not ask it; each is fitted once."""
        said = dict(rows.expected)
        for name in {name for names in self.trained.window_methods for name in names} - said.keys():
            asked = np.array([name in names for names in self.trained.window_methods])[segment]
            mean, variance = np.zeros(len(asked)), np.zeros(len(asked))
            if asked.any():
                window = candidates.window(name, length, rows=asked)
                mean[asked], variance[asked] = window.mean, window.variance
            said[name] = classical.WindowForecast(mean, variance)
        return said

    def _candidates(self, origin: int, ahead: int, common: Common, wanted: np.ndarray) -> classical.Candidates:
        known = backtest.known_at(backtest.rows_of(self.panel, wanted), origin)
        return classical.Candidates(known, self._part(wanted), origin, common.everything.week, ahead)

    def _steps(self, horizon: int, asked: np.ndarray, segment: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Means and quantiles of single buckets: the best method's shape, at the height of lead-time demand."""
        mean = np.zeros((len(segment), horizon))
        quantiles = np.zeros((len(segment), horizon, len(STEP_LEVELS)))
        longest = int(self.typical.max())
        now, everybody = self.history.buckets, np.ones(len(segment), bool)
        candidates = self._candidates(now, max(longest, horizon), self.trained.common, everybody)
        for k, name in enumerate(self.trained.step_method):
            rows = np.flatnonzero(segment == k)
            if not len(rows):
                continue
            _, found = candidates.run(name, longest, horizon, rows)
            within = np.arange(found.mean.shape[1]) < self.typical[rows, None]
            height = row_sums(np.where(within, found.mean, 0.0))
            ratio = np.where(height > 0, asked[rows] / np.maximum(height, 1e-12), 1.0)
            ratio = np.clip(ratio, 0.1, 10.0)
            mean[rows] = found.mean[:, :horizon] * ratio[:, None]
            quantiles[rows] = found.quantiles[:, :horizon] * ratio[:, None, None]
        return mean, quantiles

    def _scores(self) -> dict[str, np.ndarray]:
        """Rolling-origin scores over the scored origins, NaN where nothing was asked for in them."""
        series = len(self.typical)
        names = ("asked", "wape", "bias", "pinball", "naive_pinball", "buckets", *SUMMED)
        sums = {name: np.zeros(series) for name in names}
        lengths = self._scored_lengths()
        for n in np.unique(lengths):
            rows = lengths == n
            for at in self.trained.scored:
                actual = self.history.asked(at.origin, int(n))[rows]
                self._add_scores(sums, at, int(n), rows, actual)
        asked = np.where(sums["asked"] > 0, sums["asked"], np.nan)
        return {
            "wape": sums["wape"] / asked,
            "bias": np.where(sums["buckets"] > 0, sums["bias"] / np.maximum(sums["buckets"], 1), np.nan),
            "pinball": sums["pinball"] / asked,
            "naive_pinball": sums["naive_pinball"] / asked,
        } | {name: sums[name] for name in SUMMED}

    def _scored_lengths(self) -> np.ndarray:
        lengths = np.asarray(self.trained.lengths)
        return lengths[np.abs(np.log(self.typical[:, None] / lengths)).argmin(axis=1)]

    def _add_scores(self, sums: dict, at, length: int, rows: np.ndarray, actual: np.ndarray) -> None:
        known = ~np.isnan(actual) & (self.history.count[rows, at.origin] > 0)
        quantiles, excess, mean = self._window(at.origin, length, rows, at.model, at.common)
        quantiles, excess = whole(quantiles, excess, self.trained.whole_pieces)
        naive, _ = classical.run("naive", backtest.rows_of(backtest.known_at(self.panel, at.origin), rows), length)
        real = np.nan_to_num(actual)
        found = {
            "asked": real,
            "wape": np.abs(real - mean),
            "bias": mean - real,
            "pinball": classical.pinball(real, quantiles, classical.SCORED),
            "naive_pinball": classical.pinball(real, naive.quantiles(1.0), classical.SCORED),
            "buckets": np.full(len(real), float(length)),
            "sum_n": np.ones(len(real)),
            "sum_demand": real,
            "sum_squared_demand": real**2,
            "sum_error": mean - real,
            "sum_absolute_error": np.abs(mean - real),
            "sum_squared_error": (mean - real) ** 2,
            "sum_naive_absolute_error": np.abs(self._repeated(at.origin, length, rows) - real),
        }
        found["sum_pinball"] = found["pinball"]
        for level, column in zip(STEP_LEVELS, classical.SCORED, strict=True):
            found[f"sum_below_{round(100 * level)}"] = (real <= quantiles[:, column]).astype(float)
        for name, value in found.items():
            sums[name][rows] += np.where(known, value, 0.0)

    def _repeated(self, origin: int, length: int, rows: np.ndarray) -> np.ndarray:
        """Demand of ``length`` buckets if the last week (the last year of weeks or months) went on."""
        cycle = min(methods.CYCLE[self.history.freq], max(origin, 1))
        last = self.history.filled[rows, max(origin - cycle, 0) : origin]
        return row_sums(last) * (length // cycle) + row_sums(last[:, : length % cycle])


def _group_index(panel: Panel, trained: Trained) -> np.ndarray | None:
    """Place of each series' product among the trained ones, one past the end for an unknown product."""
    if not trained.products or panel.product is None:
        return None
    names = np.asarray(trained.products)
    wanted = np.asarray(panel.product, str)
    at = np.minimum(np.searchsorted(names, wanted), len(names) - 1)
    return np.where(names[at] == wanted, at, len(names))


def _joined(parts: list[Forecast]) -> Forecast:
    def joined(get):
        return np.concatenate([get(p) for p in parts])

    return Forecast(
        joined(lambda p: p.method), joined(lambda p: p.mean), joined(lambda p: p.quantiles),
        LeadTimeDemand(
            joined(lambda p: p.lead_time_demand.mean), joined(lambda p: p.lead_time_demand.quantiles),
            joined(lambda p: p.lead_time_demand.excess),
        ),
        {name: joined(lambda p, name=name: p.scores[name]) for name in parts[0].scores},
    )  # fmt: skip


def _empty(horizon: int) -> Forecast:
    none, levels = np.zeros(0), np.zeros((0, len(GRID)))
    scores = dict.fromkeys(("wape", "bias", "pinball", "naive_pinball", *SUMMED), none)
    steps = np.zeros((0, horizon, len(STEP_LEVELS)))
    return Forecast(none.astype(str), np.zeros((0, horizon)), steps, LeadTimeDemand(none, levels, none), scores)
