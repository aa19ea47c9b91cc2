"""What is forecast for more than one item: products and categories, in a warehouse or over all, and everything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from catalog.models import Category, Product
from forecasting import engine
from forecasting.engine import GRID, Panel, ProtectionInterval, Trained
from forecasting.hierarchy import added, coherent, from_the_first
from forecasting.models import AggregateForecast, Forecast, LevelModel
from forecasting.panels import Calendar, known_since, read_numbers
from forecasting.retraining import WEEK
from forecasting.services.saving import STORED_LEVELS, WRITTEN_AT_ONCE
from forecasting.services.training import HORIZON
from inventory_site.common.models import JobRun
from stock.models import Warehouse

#: Products, or categories, in several warehouses that are added up: those with the largest forecast.
MOST_GROUPS = 3_000
#: Windows that teach the model of a level.
ROWS = 50_000
NOTHING = 0

Level = AggregateForecast.Level
SPANNING = (Level.PRODUCT, Level.CATEGORY)


@dataclass(frozen=True)
class Groups:
    """The groups of one level by their keys, [groups]; 0 where a group is not about a product, category, warehouse."""

    level: str
    product: np.ndarray
    category: np.ndarray
    warehouse: np.ndarray


@dataclass(frozen=True)
class Items:
    """The forecasts of a run: products, categories and warehouses [items], 0 for none, and means [items, days]."""

    product: np.ndarray
    category: np.ndarray
    warehouse: np.ndarray
    mean: np.ndarray


def split_aggregates(run: JobRun) -> list[dict]:
    """One partition a level; none where nothing was forecast."""
    return [{"level": level} for level in Level.values] if Forecast.objects.filter(run=run).exists() else []


def forecast_aggregates(run: JobRun, payload: dict) -> Callable[[], None]:
    """Forecast the groups of one level; returns what writes them."""
    level, items = payload["level"], _items(run)
    keys = _keys(level, items)
    chosen = _chosen(level, items, keys)
    names, group = np.unique(keys[chosen], axis=0, return_inverse=True)
    if not len(names):
        return lambda: None
    groups, group = Groups(level, *names.T), group.ravel()
    panel = _panel(run.business_date, groups)
    own, trained, trained_on = _own_forecast(level, panel, run.business_date)
    mean = added(items.mean[chosen], group, len(names))
    rows = _rows(run, groups, coherent(own, mean), own, np.bincount(group))

    def write() -> None:
        LevelModel.objects.update_or_create(level=level, defaults={"trained_on": trained_on, "data": trained.dumps()})
        AggregateForecast.objects.filter(run=run, level=level).delete()
        AggregateForecast.objects.bulk_create(rows, batch_size=WRITTEN_AT_ONCE)

    return write


def _items(run: JobRun) -> Items:
    categories = dict(Product.objects.values_list("pk", "category_id"))
    keys, means = [], []
    rows = Forecast.objects.filter(run=run).order_by("pk").values_list("product_id", "warehouse_id", "mean")
    for product, warehouse, mean in rows.iterator(chunk_size=5_000):
        keys.append((product, categories[product] or NOTHING, warehouse))
        means.append(mean)
    return Items(*np.array(keys, np.int64).reshape(-1, 3).T, np.array(means, float).reshape(len(means), -1))


def _keys(level: str, items: Items) -> np.ndarray:
    """Product, category and warehouse of each item's group, 0 where the level is not about it [items, 3]."""
    told = {
        Level.PRODUCT: ("product",), Level.CATEGORY: ("category",), Level.CATEGORY_HERE: ("category", "warehouse"),
        Level.WAREHOUSE: ("warehouse",), Level.ALL: (),
    }[Level(level)]  # fmt: skip
    columns = ("product", "category", "warehouse")
    return np.stack([getattr(items, name) * (name in told) for name in columns], axis=1)


def _chosen(level: str, items: Items, keys: np.ndarray) -> np.ndarray:
    """Items of the groups that are forecast [items]: all, but for levels over warehouses only where there are several
    of these, and the largest."""
    if level not in SPANNING or not len(keys):
        return np.ones(len(keys), bool)
    group = np.unique(keys, axis=0, return_inverse=True)[1].ravel()
    places = np.bincount(np.unique(np.stack([group, items.warehouse]), axis=1)[0])
    size = np.bincount(group, items.mean.sum(axis=1)) * (places > 1)
    largest = np.argsort(-size, kind="stable")[:MOST_GROUPS]
    return np.isin(group, largest[places[largest] > 1])


def _panel(until: date, groups: Groups) -> Panel:
    """Daily demand of the groups over the usual history, as it was known then."""
    since = known_since(until)
    calendar = Calendar(since, until, 0)
    product = groups.product if groups.level == Level.PRODUCT else np.array([0])
    demand = np.zeros((len(groups.product), calendar.days))
    for sign, table, known in ((1, "orders_dailydemand", ""), (-1, "orders_demandcorrection", _KNOWN)):
        column = "demand" if sign > 0 else "quantity"
        found = read_numbers(_sum_of(groups.level, table, column, known), 5, product, calendar)
        row = _places(groups, np.nan_to_num(found[:, :3]).astype(np.int64))
        within = row >= 0
        np.add.at(demand, (row[within], found[within, 3].astype(int)), sign * found[within, 4])
    return Panel(from_the_first(np.maximum(demand, 0)), "D", until)


_KNOWN = "AND r.known_on <= {until}"


def _sum_of(level: str, table: str, column: str, known: str) -> str:
    """SQL of product, category, warehouse, day and sum; what the level is not about is 0."""
    about = {
        "s.product_id": level == Level.PRODUCT, "p.category_id": level in (Level.CATEGORY, Level.CATEGORY_HERE),
        "s.warehouse_id": level in (Level.CATEGORY_HERE, Level.WAREHOUSE),
    }  # fmt: skip
    named = [name for name, is_told in about.items() if is_told]
    columns = ", ".join(name if is_told else "0" for name, is_told in about.items())
    only = "AND s.product_id IN {ids}" if level == Level.PRODUCT else ""
    return f"""SELECT {columns}, {{day}}, SUM(r.{column}) FROM {table} r
               JOIN orders_demandseries s ON s.id = r.series_id JOIN catalog_product p ON p.id = s.product_id
               WHERE r.on_date BETWEEN {{since}} AND {{until}} {known} {only}
               GROUP BY {", ".join([*named, "r.on_date"])}"""


def _places(groups: Groups, wanted: np.ndarray) -> np.ndarray:
    """The row of each key among the groups, -1 where it is none of them."""
    names = list(zip(groups.product.tolist(), groups.category.tolist(), groups.warehouse.tolist(), strict=True))
    at = {name: row for row, name in enumerate(names)}
    return np.array([at.get(tuple(key), -1) for key in wanted.tolist()], int)


def _own_forecast(level: str, panel: Panel, today: date) -> tuple[engine.Forecast, Trained, date]:
    """What the level says by itself; its models are used for a week."""
    interval = ProtectionInterval.fixed(np.full(len(panel.demand), HORIZON))
    known = LevelModel.objects.filter(level=level, trained_on__gt=today - timedelta(days=WEEK), trained_on__lte=today)
    trained, trained_on = None, today
    if stored := known.first():
        try:
            trained, trained_on = engine.refresh(Trained.loads(bytes(stored.data)), panel), stored.trained_on
        except ValueError:  # of another version of this program
            trained = None
    trained = trained or engine.train(panel, interval=interval, seed=0, rows=ROWS)
    return engine.forecast(panel, trained, interval, horizon=HORIZON), trained, trained_on


def _rows(
    run: JobRun, groups: Groups, found: engine.Forecast, own: engine.Forecast, members: np.ndarray
) -> list[AggregateForecast]:
    first_on = run.business_date + timedelta(days=1)
    columns = [GRID.index(level) for level in STORED_LEVELS]
    total = found.lead_time_demand
    return [
        AggregateForecast(
            run=run, level=groups.level, key=key, items=int(members[row]), method=str(found.method[row]),
            product_id=int(groups.product[row]) or None, category_id=int(groups.category[row]) or None,
            warehouse_id=int(groups.warehouse[row]) or None, first_on=first_on,
            mean=found.mean[row].round(4).tolist(), quantiles=found.quantiles[row].round(3).tolist(),
            total_mean=round(float(total.mean[row]), 4), total_quantiles=total.quantiles[row, columns].tolist(),
            own_total_mean=round(float(own.lead_time_demand.mean[row]), 4),
        )
        for row, key in enumerate(_names(groups))
    ]  # fmt: skip


def _names(groups: Groups) -> list[str]:
    """SKU, category or warehouse code, a dot between the last two; "" for everything."""
    skus = dict(Product.objects.filter(pk__in=groups.product.tolist()).values_list("pk", "sku"))
    categories = dict(Category.objects.values_list("pk", "name"))
    codes = dict(Warehouse.objects.values_list("pk", "code"))
    keys = zip(groups.product.tolist(), groups.category.tolist(), groups.warehouse.tolist(), strict=True)
    if groups.level in (Level.CATEGORY, Level.CATEGORY_HERE):
        named = [(categories.get(category, "–"), codes.get(warehouse)) for _product, category, warehouse in keys]
        return [" · ".join(filter(None, names)) for names in named]
    return [skus.get(product) or codes.get(warehouse, "") for product, _category, warehouse in keys]
