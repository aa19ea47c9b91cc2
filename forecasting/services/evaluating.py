"""What was really forecast against what then happened: frozen forecasts of past runs, once their days are over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice

import numpy as np
from django.db.models import Exists, OuterRef, Sum

from catalog.models import Product
from forecasting import engine
from forecasting.accuracy import SUMS, errors, grouped, quantile_terms
from forecasting.models import AccuracyByHorizon, Forecast, ForecastValueAdded, Segment
from forecasting.overrides import WEEK
from forecasting.panels import Keys, panel_of
from inventory_site.common.models import JobRun
from orders.models import DemandSeries

Source, Horizon = AccuracyByHorizon.Source, AccuracyByHorizon.Horizon

#: First and last day of each horizon; lead-time demand is compared where it spans no more than the last.
SPANS = {Horizon.WEEK: (1, 7), Horizon.SECOND_WEEK: (8, 14), Horizon.LATER: (15, 28), Horizon.LEAD_TIME: (1, 28)}
#: Windows before the forecast that tell a series' own naive error.
WINDOWS = 8
#: Days after which a run that was not compared never will be.
FORGOTTEN_DAYS = 60
AT_ONCE = 2000
LTD_LEVELS = tuple(f"lead_time_demand_q{level}" for level in (50, 80, 90, 95, 98))
ITEM = ("product_id", "warehouse_id", "product__category_id", "method", "naive")
#: What is read of a forecast; parsing the days is most of the work, and lead-time demand does without.
OF_DAYS = (*ITEM, "mean", "baseline_mean", "quantiles")
OF_LEAD_TIME = (*ITEM, "interval_days", "lead_time_demand_mean", "baseline_lead_time_demand_mean", *LTD_LEVELS)


def split_accuracy(run: JobRun) -> list[dict]:
    """One partition for each past run and horizon that is over, one for overrides, one for this run's back-test."""
    kept = list(kept_runs(run))
    compared = AccuracyByHorizon.objects.of_source(Source.ISSUED).filter(run__in=kept)
    done = set(compared.order_by().values_list("run", "horizon").distinct())
    parts = [
        {"run": past.pk, "horizon": str(horizon)}
        for past in kept
        for horizon, (_first, last) in SPANS.items()
        if past.business_date + timedelta(days=last) <= run.business_date and (past.pk, horizon) not in done
    ]
    return [{"overrides": True}, {"backtest": True}, *parts]


def kept_runs(run: JobRun) -> Iterator[JobRun]:
    """The newest published run of each day that still has its forecasts."""
    since = run.business_date - timedelta(days=FORGOTTEN_DAYS)
    runs = JobRun.objects.published().filter(kind=run.kind, business_date__range=(since, run.business_date))
    seen: set[date] = set()
    for past in runs.filter(Exists(Forecast.objects.filter(run=OuterRef("pk")))).order_by("business_date", "-version"):
        if past.business_date not in seen:
            seen.add(past.business_date)
            yield past


def evaluate(run: JobRun, payload: dict) -> Callable[[], None]:
    """Compare one run's horizon, or the overrides that are over, with demand up to the run's day."""
    if payload.get("overrides"):
        return _evaluate_overrides(run.business_date)
    if payload.get("backtest"):
        return _join_backtest(run)
    past = JobRun.objects.get(pk=payload["run"])
    rows = evaluate_run(past, payload["horizon"], run.business_date)

    def write() -> None:
        AccuracyByHorizon.objects.of_source(Source.ISSUED).filter(run=past, horizon=payload["horizon"]).delete()
        AccuracyByHorizon.objects.bulk_create(rows, batch_size=500)

    return write


def _join_backtest(run: JobRun) -> Callable[[], None]:
    """The parts of the run each left rows of their own: one for all series that are alike."""
    parts = AccuracyByHorizon.objects.of_source(Source.BACKTEST).filter(run=run)
    names = ("warehouse", "category", "method", "pattern", "abc", "xyz")
    sums = parts.order_by().values_list(*names).annotate(**{f"all_{name}": Sum(name) for name in SUMS})
    rows = [
        _row(
            run, Source.BACKTEST, Horizon.LEAD_TIME, row[: len(names)], dict(zip(SUMS, row[len(names) :], strict=True))
        )
        for row in sums
    ]

    def write() -> None:
        parts.delete()
        AccuracyByHorizon.objects.bulk_create(rows, batch_size=500)

    return write


def evaluate_run(past: JobRun, horizon: str, until: date) -> list[AccuracyByHorizon]:
    """Unsaved sums by series that are alike. Days without stock do not count: what was asked for is not known."""
    totals: dict[tuple, dict[str, float]] = {}
    names = OF_LEAD_TIME if horizon == Horizon.LEAD_TIME else OF_DAYS
    forecasts = Forecast.objects.filter(run=past).order_by("pk").values_list(*names).iterator(chunk_size=AT_ONCE)
    while part := list(islice(forecasts, AT_ONCE)):
        columns = dict(zip(names, zip(*part, strict=True), strict=True))
        for key, sums in _sums_of(columns, past.business_date, horizon, until):
            total = totals.setdefault(key, dict.fromkeys(sums, 0.0))
            for name, value in sums.items():
                total[name] += value
    return [_row(past, Source.ISSUED, horizon, key, sums) for key, sums in totals.items() if sums["n"]]


def _row(run: JobRun, source: str, horizon: str, key: tuple, sums: dict[str, float]) -> AccuracyByHorizon:
    warehouse, category, method, *segment = key
    pattern, abc, xyz = segment
    whole = {name: round(value) for name, value in sums.items() if name in _COUNTED}
    return AccuracyByHorizon(
        run=run, source=source, horizon=horizon, warehouse_id=warehouse, category_id=category, method=method,
        pattern=pattern, abc=abc, xyz=xyz, **sums | whole,
    )  # fmt: skip


_COUNTED = {"n", "scaled_n", "quantile_n", "below_50", "below_80", "below_90", "below_95", "below_98"}


@dataclass(frozen=True)
class Known:
    """Demand [series, days] and whether it counts, from ``since`` on."""

    demand: np.ndarray
    seen: np.ndarray
    since: date

    def window(self, first: np.ndarray, days: int) -> tuple[np.ndarray, np.ndarray]:
        """Demand and seen of ``days`` days from place ``first`` on [series, days]."""
        at = np.minimum(np.asarray(first)[:, None] + np.arange(days), self.demand.shape[1] - 1)
        rows = np.arange(len(self.demand))[:, None]
        return self.demand[rows, at], self.seen[rows, at]


def known_demand(pairs: Sequence[tuple[int, int]], since: date, until: date) -> Known:
    """Demand of these items (product, warehouse), as it is known now; anomalies that were explained are in it."""
    wanted = {product for product, _warehouse in pairs}
    series = DemandSeries.objects.filter(product__in=wanted)
    ids = {(product, place): pk for pk, product, place in series.values_list("pk", "product_id", "warehouse_id")}
    known = sorted({ids[pair] for pair in pairs if pair in ids})
    panel, keys = panel_of(known, since=since, until=until, explained=False)
    row_of = {pk: row for row, pk in enumerate(keys.series.tolist())}
    rows = np.array([row_of.get(ids.get(pair), -1) for pair in pairs], int)
    demand = np.full((len(pairs), (until - since).days + 1), np.nan)
    demand[rows >= 0] = panel.demand[rows[rows >= 0]]
    seen = ~np.isnan(demand)
    if panel.stocked_out is not None:
        seen[rows >= 0] &= ~(np.nan_to_num(panel.stocked_out[rows[rows >= 0]]) > 0)
    return Known(np.nan_to_num(demand), seen, since)


def _sums_of(
    columns: dict[str, tuple], day: date, horizon: str, until: date
) -> Iterator[tuple[tuple, dict[str, float]]]:
    pairs = list(zip(columns["product_id"], columns["warehouse_id"], strict=True))
    first, last = SPANS[Horizon(horizon)]
    known = known_demand(pairs, day - timedelta(days=WINDOWS * (last - first + 1) - 1), until)
    build = _lead_time_terms if horizon == Horizon.LEAD_TIME else _daily_terms
    terms, counts = build(columns, known, day, first, last)
    keys = zip(
        columns["warehouse_id"], columns["product__category_id"], columns["method"], *segments_of(pairs), strict=True
    )
    kept = [key for key, counted in zip(keys, counts, strict=True) if counted]
    yield from grouped(kept, {name: values[counts] for name, values in terms.items()})


def segments_of(pairs: Sequence[tuple[int, int]]) -> tuple[list[str], list[str], list[str]]:
    """Demand pattern, ABC and XYZ of these items as they are now, empty where they are not classed yet."""
    rows = Segment.objects.filter(product__in={product for product, _warehouse in pairs})
    known = {tuple(row[:2]): row[2:] for row in rows.values_list("product_id", "warehouse_id", "pattern", "abc", "xyz")}
    found = [known.get(pair, ("", "", "")) for pair in pairs]
    return [row[0] for row in found], [row[1] for row in found], [row[2] for row in found]


def backtest_rows(run: JobRun, keys: Keys, result: engine.Forecast) -> list[AccuracyByHorizon]:
    """Unsaved sums of the back-test of these series, by those that are alike; none where the engine gave no sums."""
    terms = {name.removeprefix("sum_"): values for name, values in result.scores.items() if name.startswith("sum_")}
    if not terms or not len(keys.product):
        return []
    pairs = list(zip(keys.product.tolist(), keys.warehouse.tolist(), strict=True))
    category = dict(Product.objects.filter(pk__in={pair[0] for pair in pairs}).values_list("pk", "category_id"))
    terms |= {"quantile_n": terms["n"], "final_error": terms["error"], "final_absolute_error": terms["absolute_error"]}
    alike = zip(
        keys.warehouse.tolist(), (category[pair[0]] for pair in pairs), result.method.tolist(), *segments_of(pairs),
        strict=True,
    )  # fmt: skip
    rows = grouped(list(alike), terms)
    return [_row(run, Source.BACKTEST, Horizon.LEAD_TIME, key, sums) for key, sums in rows if sums["n"]]


def _naive(columns: dict, days: np.ndarray) -> np.ndarray:
    """The last week before the forecast, repeated [series, days]; ``days`` counts from 0."""
    return np.array([(week or [0.0] * WEEK) for week in columns["naive"]], float)[:, days % WEEK]


def _means(columns: dict, days: slice) -> tuple[np.ndarray, np.ndarray]:
    """The model's own means and those with overrides [series, days]."""
    final = np.array(columns["mean"], float)[:, days]
    own = zip(columns["mean"], columns["baseline_mean"], strict=True)
    return np.array([mean if baseline is None else baseline for mean, baseline in own], float)[:, days], final


def _daily_terms(columns: dict, known: Known, day: date, first: int, last: int) -> tuple[dict, np.ndarray]:
    """Terms of demand from day ``first`` to ``last`` after ``day``, over the days that count."""
    length = last - first + 1
    start = np.full(len(known.demand), (day - known.since).days + first)
    actual, seen = known.window(start, length)
    model, final = _means(columns, slice(first - 1, last))
    naive = _naive(columns, np.arange(first - 1, last))
    quantiles = np.array(columns["quantiles"], float)[:, first - 1 : last]

    def summed(values: np.ndarray) -> np.ndarray:
        return np.where(seen, values, 0.0).sum(axis=1)

    scale = _scale(known, (day - known.since).days + 1, np.full(len(actual), length))
    terms = errors(summed(actual), summed(model), summed(final), summed(naive), scale)
    return terms | quantile_terms(actual, quantiles, seen), seen.any(axis=1)


def _lead_time_terms(columns: dict, known: Known, day: date, first: int, last: int) -> tuple[dict, np.ndarray]:
    """Terms of lead-time demand, of series that were in stock all the time and whose interval is over."""
    days = np.array([value or 0 for value in columns["interval_days"]], float)
    length = np.maximum(np.rint(days), 1).astype(int)
    start = np.full(len(known.demand), (day - known.since).days + first)
    actual, seen = known.window(start, last)
    within = np.arange(last) < length[:, None]
    counts = (seen | ~within).all(axis=1) & (days > 0) & (length <= last)
    total = np.where(within, actual, 0.0).sum(axis=1)
    final = np.array(columns["lead_time_demand_mean"], float)
    own = zip(columns["lead_time_demand_mean"], columns["baseline_lead_time_demand_mean"], strict=True)
    model = np.array([mean if baseline is None else baseline for mean, baseline in own], float)
    naive = np.where(within, _naive(columns, np.arange(last)), 0.0).sum(axis=1)
    quantiles = np.stack([np.array(columns[name], float) for name in LTD_LEVELS], axis=1)[:, None]
    terms = errors(total, model, final, naive, _scale(known, (day - known.since).days + 1, length))
    return terms | quantile_terms(total[:, None], quantiles, np.ones((len(total), 1), bool)), counts


def _scale(known: Known, until: int, length: np.ndarray) -> np.ndarray:
    """Mean error of repeating the window before, over the windows before place ``until`` [series]; NaN: none known."""
    total = np.concatenate([np.zeros((len(length), 1)), np.cumsum(known.demand, axis=1)], axis=1)
    count = np.concatenate([np.zeros((len(length), 1)), np.cumsum(known.seen, axis=1)], axis=1)
    rows = np.arange(len(length))
    change, n, later = np.zeros(len(length)), np.zeros(len(length)), None
    for window in range(WINDOWS):
        stop = until - window * length
        start = stop - length
        inside = start >= 0
        at, to = np.maximum(start, 0), np.maximum(stop, 0)
        whole = inside & (count[rows, to] - count[rows, at] == length)
        now = np.where(whole, total[rows, to] - total[rows, at], np.nan)
        if later is not None:
            step = np.abs(later - now)
            change += np.nan_to_num(step)
            n += ~np.isnan(step)
        later = now
    return np.divide(change, n, out=np.full(len(n), np.nan), where=n > 0)


def _evaluate_overrides(until: date) -> Callable[[], None]:
    """Fill in what was asked for on the days that an override was for; one that was taken back counts for nobody."""
    due = ForecastValueAdded.objects.due(until)
    rows = list(due.filter(override__withdrawn_at=None).order_by("pk"))
    if rows:
        first = min(row.first_on for row in rows)
        known = known_demand([(row.product_id, row.warehouse_id) for row in rows], first, until)
        for at, row in enumerate(rows):
            _compare(row, known, at, until)

    def write() -> None:
        due.exclude(override__withdrawn_at=None).delete()
        ForecastValueAdded.objects.bulk_update(
            rows, ["naive", "model", "overridden", "actual", "evaluated_on"], batch_size=500
        )

    return write


def _compare(row: ForecastValueAdded, known: Known, at: int, until: date) -> None:
    """Without a single day in stock nothing can be said: the demand stays empty."""
    days = np.array(row.days, float)
    place = (row.first_on - known.since).days + days[:, 0].astype(int)
    days, place = days[known.seen[at, place]], place[known.seen[at, place]]
    row.naive, row.model, row.overridden = days[:, 1:].sum(axis=0).tolist()
    row.actual = float(known.demand[at, place].sum()) if len(place) else None
    row.evaluated_on = until
