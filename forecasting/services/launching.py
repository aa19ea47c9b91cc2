"""New items: who is new, what is known of those like them, and the forecast that they get from day one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
from django.db.models import Exists, OuterRef, Sum

from catalog.models import Product, SupplierProduct
from forecasting import engine, lookalikes
from forecasting.engine import STEP_LEVELS, LeadTimeDemand, Panel, ProtectionInterval
from forecasting.engine.grid import mean_of, mix
from forecasting.lookalikes import MOST_DONORS, Items, Launches, Past, Start
from forecasting.methods import gamma_quantiles
from forecasting.models import Launch
from forecasting.panels import HISTORY_DAYS, Calendar, Keys, known_since, read_numbers
from forecasting.services.segmenting import Season
from forecasting.services.training import HORIZON
from inventory_site.common.models import JobRun
from orders.models import DailyDemand, DemandSeries
from stock.models import StockLevel, Warehouse

WEEK = 7
#: Days on offer after which an item is planned by its own demand alone.
YOUNG_DAYS = 56
#: Days in the catalogue after which what was never offered is no new item any more.
NEW_DAYS = 180
#: Items that began within so many days of the records were there before them.
BEGINNING_DAYS = 14
#: Fewer donors say nothing of what is new.
LEAST_DONORS = 12
METHOD = "look_alikes"
WRITTEN_AT_ONCE = 500

Pair = tuple[int, int]


@dataclass(frozen=True)
class Newcomers:
    """Items to plan by others, and the first day of each on offer (tomorrow, where it has not begun)."""

    keys: Keys
    first_on: list[date]


def young_series(run: JobRun) -> list[int]:
    """Series on offer for less than eight weeks; none in a shop whose records are hardly older."""
    until = run.business_date
    since = until - timedelta(days=YOUNG_DAYS - 1)
    if known_since(until) + timedelta(days=BEGINNING_DAYS) > since:
        return []
    young = DemandSeries.objects.filter(first_on__gt=since, first_on__lte=until, product__is_active=True)
    return list(young.order_by("pk").values_list("pk", flat=True))


def unsold_pairs(run: JobRun) -> list[Pair]:
    """Active products that a supplier sells and nobody was ever offered: in the warehouses that have a level of them,
    else in the one of first choice. Imported ones without a sale in the imported history, and those that stood in the
    catalogue for half a year, are not new."""
    since = run.business_date - timedelta(days=NEW_DAYS)
    new = Product.objects.filter(is_active=True, terms__isnull=False, created_at__date__gte=since)
    new = new.exclude(source="import")
    sold_here = DemandSeries.objects.filter(product=OuterRef("product"), warehouse=OuterRef("warehouse"))
    levels = StockLevel.objects.filter(product__in=new, warehouse__is_active=True)
    pairs = set(levels.filter(~Exists(sold_here)).values_list("product_id", "warehouse_id"))
    for model in (DemandSeries, StockLevel):
        new = new.filter(~Exists(model.objects.filter(product=OuterRef("pk"))))
    first_choice = Warehouse.objects.active().order_by("priority", "code").first()
    if first_choice:
        pairs |= {(pk, first_choice.pk) for pk in new.values_list("pk", flat=True)}
    return sorted(pairs)


def learned_launches(run: JobRun) -> tuple[Launches, list[str]] | None:
    """What past launches teach, and the donors' SKUs in the order of its items; None where there are too few."""
    until = run.business_date
    beginning = known_since(until)
    weeks = min((until - beginning).days + 1, HISTORY_DAYS) // WEEK
    chosen = _donors(run, beginning)
    if len(chosen) < LEAST_DONORS or weeks < 4:
        return None
    since = until - timedelta(days=weeks * WEEK - 1)
    first = np.array([(row[3] - since).days for row in chosen])
    is_old = np.array([row[3] <= beginning + timedelta(days=BEGINNING_DAYS) for row in chosen])
    start = np.where(is_old, 0, np.maximum(-(-first // WEEK), 0))
    demand = _weekly(np.array([row[0] for row in chosen]), since, until, weeks, np.where(is_old, 0, first))
    pairs = [row[1:3] for row in chosen]
    items, skus = items_of(pairs)
    season = Season().by_day(items.category, since, weeks * WEEK).reshape(len(items.category), weeks, WEEK).mean(axis=2)
    return lookalikes.learn(items, Past(demand, start, is_old, season)), skus


def _donors(run: JobRun, beginning: date) -> list[tuple[int, int, int, date]]:
    """(series, product, warehouse, first day): all launches, newest first, then others, evenly; by primary key."""
    known = DemandSeries.objects.filter(first_on__lte=run.business_date - timedelta(days=WEEK))
    rows = list(known.order_by("pk").values_list("pk", "product_id", "warehouse_id", "first_on"))
    launched = sorted((r for r in rows if r[3] > beginning + timedelta(days=BEGINNING_DAYS)), key=lambda r: r[3])
    others = [r for r in rows if r[3] <= beginning + timedelta(days=BEGINNING_DAYS)]
    launched = launched[-MOST_DONORS // 2 :]
    room = MOST_DONORS - len(launched)
    return sorted(launched + others[:: len(others) // max(room, 1) + 1])


def _weekly(series: np.ndarray, since: date, until: date, weeks: int, first: np.ndarray) -> np.ndarray:
    """Demand by whole weeks of each series' own time, so that a launch begins with a full week; none is told early."""
    sql = """SELECT series_id, {day}, demand FROM orders_dailydemand
             WHERE series_id IN {ids} AND demand > 0 AND on_date BETWEEN {since} AND {until}"""
    found = read_numbers(sql, 3, series, Calendar(since, until, 0))
    row = np.searchsorted(series, found[:, 0].astype(np.int64))
    shift = -np.maximum(first, 0)[row] % WEEK
    week = (found[:, 1].astype(int) + shift) // WEEK
    demand = np.zeros((len(series), weeks))
    within = week < weeks
    np.add.at(demand, (row[within], week[within]), found[within, 2])
    return demand


def items_of(pairs: list[Pair]) -> tuple[Items, list[str]]:
    """What is known of these items before they sell, and their SKUs."""
    wanted = {product for product, _warehouse in pairs}
    columns = Product.objects.filter(pk__in=wanted).values_list(
        "pk", "sku", "name", "category_id", "price", "replaces"
    )  # fmt: skip
    known = {row[0]: row[1:] for row in columns}
    terms = SupplierProduct.objects.preferred().filter(product__in=wanted)
    suppliers = dict(terms.values_list("product_id", "supplier_id"))
    rows = [known[product] for product, _warehouse in pairs]
    return Items(
        name=np.array([row[1] for row in rows], str),
        category=np.array([str(row[2] or "") for row in rows], str),
        supplier=np.array([str(suppliers.get(product, "")) for product, _w in pairs], str),
        price=np.array([float(row[3]) if row[3] else np.nan for row in rows]),
        product=np.array([str(row[4] or product) for (product, _w), row in zip(pairs, rows, strict=True)], str),
        place=np.array([str(warehouse) for _p, warehouse in pairs], str),
    ), [row[0] for row in rows]


def newcomers_of(run: JobRun, series: list[int], pairs: list[Pair]) -> Newcomers:
    """Series by primary key, then items without one, whose key is 0."""
    rows = list(
        DemandSeries.objects.filter(pk__in=series)
        .order_by("pk")
        .values_list("pk", "product_id", "warehouse_id", "first_on")
    )
    tomorrow = run.business_date + timedelta(days=1)
    rows += [(0, product, warehouse, tomorrow) for product, warehouse in pairs]
    numbers = np.array([row[:3] for row in rows], np.int64).reshape(-1, 3)
    return Newcomers(Keys(*numbers.T.copy()), [row[3] for row in rows])


def with_unsold(panel: Panel, number: int) -> Panel:
    """The panel with so many more series of which nothing was observed."""

    def more(values: np.ndarray | None, fill) -> np.ndarray | None:
        return None if values is None else np.concatenate([values, np.full((number, *values.shape[1:]), fill)])

    return replace(
        panel, demand=more(panel.demand, np.nan), known={k: more(v, np.nan) for k, v in panel.known.items()},
        stocked_out=more(panel.stocked_out, np.nan), category=more(panel.category, ""),
        product=more(panel.product, ""),
    )  # fmt: skip


def forecast_new(
    run: JobRun, taught: tuple[Launches, list[str]], new: Newcomers, panel: Panel, interval: ProtectionInterval
) -> tuple[engine.Forecast, list[Launch]]:
    """Forecasts of the newcomers, rows of ``panel``, and the rows that say by whom they are planned."""
    learned, skus = taught
    pairs = list(zip(new.keys.product.tolist(), new.keys.warehouse.tolist(), strict=True))
    items, _own = items_of(pairs)
    until = run.business_date
    age = np.array([(until - first_on).days + 1 for first_on in new.first_on])
    prior, shares = learned.prior(items, np.full(len(pairs), learned.past.periods))
    days = panel.known["price"].shape[1]
    season = Season().by_day(items.category, until - timedelta(days=panel.demand.shape[1] - 1), days)
    sold, usual = _own_demand(panel, learned.curves_of(items), age, season)
    start = learned.posterior(items, prior, sold, usual)
    ahead = season[:, panel.demand.shape[1] :] * np.resize(_weekdays(until), days - panel.demand.shape[1])
    result = _forecast(learned, start, age, interval, panel, ahead)
    rows = [
        Launch(
            run=run, product_id=product, warehouse_id=warehouse, age_days=int(age[at]),
            look_alikes=[[skus[donor], round(share, 3)] for donor, share in near],
            daily_start=round(float(start.prior[at]) / WEEK, 4), daily_now=round(float(start.rate[at]) / WEEK, 4),
            own_share=round(float(start.own_share[at]), 4),
        )
        for at, ((product, warehouse), near) in enumerate(zip(pairs, lookalikes.nearest(shares), strict=True))
    ]  # fmt: skip
    return result, rows


def _own_demand(panel: Panel, curves: np.ndarray, age: np.ndarray, season: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pieces sold since the launch, and the weeks at rate 1 in which the item could be bought [series]."""
    days = panel.demand.shape[1]
    at = np.arange(days) - (days - age[:, None])
    reached = Start(*(np.zeros(len(age)),) * 4, curves)
    usual = np.diff(reached.usual(np.maximum(np.concatenate([at, at[:, -1:] + 1], axis=1), 0) / WEEK), axis=1)
    opened = ~np.isnan(panel.demand) * season[:, :days]
    if panel.stocked_out is not None:
        opened = opened * (1 - np.clip(np.nan_to_num(panel.stocked_out), 0, 1))
    return np.where(at >= 0, np.nan_to_num(panel.demand), 0.0).sum(axis=1), (usual * opened).sum(axis=1)


def _weekdays(until: date) -> np.ndarray:
    """Share of each day of the week after ``until`` in a usual week, times seven; even where little was sold."""
    since = until - timedelta(days=8 * WEEK - 1)
    days = DailyDemand.objects.filter(on_date__gte=since, on_date__lte=until).order_by().values_list("on_date")
    sums = np.ones(WEEK)
    for day, pieces in days.annotate(pieces=Sum("demand")):
        sums[((day - until).days - 1) % WEEK] += pieces
    return sums / sums.mean()


def _forecast(
    learned: Launches, start: Start, age: np.ndarray, interval: ProtectionInterval, panel: Panel, busy: np.ndarray
) -> engine.Forecast:
    days = busy.shape[1]
    ahead = np.diff(start.usual((age[:, None] + np.arange(days + 1)) / WEEK), axis=1)
    closed = panel.known.get("closed")
    opened = 1.0 if closed is None else 1.0 - np.nan_to_num(closed[:, -days:])
    mean = start.rate[:, None] * ahead * busy * opened
    total = np.cumsum(mean, axis=1)
    parts, excess = [], []
    for lengths in interval.lengths.T:
        reached = total[np.arange(len(total)), np.minimum(lengths, days) - 1]
        quantiles, over = learned.quantiles(start, reached)
        parts.append(quantiles)
        excess.append(over)
    share = interval.weights / np.maximum(interval.weights.sum(axis=1, keepdims=True), 1e-12)
    quantiles = np.maximum(np.ceil(mix(np.stack(parts, axis=1), share) - 1e-9), 0.0)
    over = (np.stack(excess, axis=1) * share).sum(axis=1)
    shape = np.where(start.own_share > 0, start.shape, learned.shape)[:, None]
    by_day = gamma_quantiles(mean, mean * min(learned.dispersion, 4.0) + mean**2 / shape, STEP_LEVELS)
    nothing = np.full(len(mean), np.nan)
    scores = dict.fromkeys(("wape", "bias", "pinball", "naive_pinball"), nothing)
    demand = LeadTimeDemand(mean_of(quantiles, over), quantiles, over)
    return engine.Forecast(np.full(len(mean), METHOD), mean[:, :HORIZON], by_day[:, :HORIZON], demand, scores)


def save_launches(*, run: JobRun, rows: list[Launch]) -> None:
    """Who is planned by whom in this run; those of the same run are overwritten."""
    names = [f.name for f in Launch._meta.concrete_fields if f.name not in ("id", "run", "product", "warehouse")]
    unique = ["run", "product", "warehouse"]
    Launch.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=unique, update_fields=names, batch_size=WRITTEN_AT_ONCE
    )
