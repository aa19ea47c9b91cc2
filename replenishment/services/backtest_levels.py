"""One evening of a back-test: what each rule would have said then, from nothing but what was known then."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time
from decimal import Decimal

import numpy as np
from scipy import special

from catalog.models import SupplierProduct
from forecasting import engine
from forecasting.engine import Panel, ProtectionInterval, Trained
from forecasting.panels import Keys, known_since, panel_of
from forecasting.services import HORIZON
from inventory_site.common.models import JobRun, ShopSettings
from orders.models import DemandSeries, PurchaseOrderLine
from replenishment import simulate
from replenishment.backtest import rules
from replenishment.lead_times import Distribution
from replenishment.patterns import habits
from replenishment.protection import mean_length
from replenishment.services.lead_times import learned
from replenishment.services.planning import Item, interval_of, items_of, keys_of, paid, reorder_points

#: Cycle service levels at which our reorder points are kept besides the policies' own, to hold more or less stock.
TARGETS = (0.3, 0.6, 0.8, 0.9, 0.95, 0.98, 0.995)


@dataclass(frozen=True)
class Evening:
    """Arrays [items] as of one evening; ``points`` [targets, items]. Items that were not sold yet are all 0."""

    reorder_point: np.ndarray
    top: np.ndarray
    lot: np.ndarray
    fills: np.ndarray
    is_bought: np.ndarray
    points: np.ndarray
    minimum: np.ndarray
    pack: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray
    z: np.ndarray
    a_day: np.ndarray
    observed: np.ndarray
    review_days: np.ndarray
    unit_cost: np.ndarray

    def dumps(self) -> bytes:
        with io.BytesIO() as out:
            np.savez_compressed(out, **{f.name: getattr(self, f.name) for f in fields(self)})
            return out.getvalue()

    @classmethod
    def loads(cls, data: bytes) -> Evening:
        with np.load(io.BytesIO(data)) as arrays:
            return cls(**{f.name: arrays[f.name] for f in fields(cls)})


@dataclass(frozen=True)
class Terms:
    """Lead times by (supplier, product or None) and costs by (supplier, product) as they were known on an evening."""

    lead_times: dict[tuple[int, int | None], Distribution]
    costs: dict[tuple[int, int], Decimal]


def terms_on(day: date, series_ids: Sequence[int]) -> Terms:
    """Learned from what had been confirmed and received by then."""
    products = set(DemandSeries.objects.filter(pk__in=series_ids).values_list("product_id", flat=True))
    selling = SupplierProduct.objects.preferred().filter(product__in=products)
    suppliers = sorted(set(selling.values_list("supplier_id", flat=True)))
    found = {key: distribution for key, (distribution, _receipts) in learned(suppliers, day).items()}
    return Terms(found, _costs_known_on(day, products))


def train_on(day: date, series_ids: list[int]) -> Trained:
    """Models of what was known on that evening."""
    panel, keys = panel_of(series_ids, since=known_since(day), until=day, ahead=HORIZON)
    return engine.train(panel, interval=interval_of(items_with(terms_on(day, series_ids), keys)))


def evening_of(day: date, series_ids: list[int], trained: Trained, terms: Terms) -> Evening:
    """What each rule says on that evening; ``trained`` and ``terms`` are of it or of an earlier one."""
    items = items_with(terms, keys_of(series_ids))
    interval = interval_of(items)
    ahead = max(int(interval.lengths.max(initial=1)), HORIZON)
    panel, keys = panel_of(series_ids, since=known_since(day), until=day, ahead=ahead)
    known = np.flatnonzero(np.isin(series_ids, keys.series))
    items, interval = [items[row] for row in known], _rows(interval, known)
    if not len(known):
        return _spread(_nothing(), known, len(series_ids))
    if trained.last_on != day:
        trained = engine.refresh(trained, panel)
    result = engine.forecast(panel, replace(trained, scored=()), interval, horizon=HORIZON)
    return _spread(_said(day, items, panel, interval, result), known, len(series_ids))


def items_with(terms: Terms, keys: Keys) -> list[Item]:
    """Items by today's policies and these terms.

    Whether an item would be given up later was not known: all count as sold on.
    """
    return [_as_known(item, terms) for item in items_of(None, keys)]


def _as_known(item: Item, terms: Terms) -> Item:
    item.product.is_active, item.product.ends_on = True, None  # never saved
    if item.terms is None:
        return item
    supplier, product = item.terms.supplier_id, item.product.pk
    item.terms.unit_cost = terms.costs.get((supplier, product), item.terms.unit_cost)
    found = terms.lead_times.get((supplier, product)) or terms.lead_times.get((supplier, None))
    return replace(item, lead_time=found) if found else item


def _costs_known_on(day: date, products: set[int]) -> dict[tuple[int, int], Decimal]:
    """What was last paid a piece, by supplier and product."""
    end = datetime.combine(day, time.max, tzinfo=ShopSettings.objects.load().zone)
    lines = PurchaseOrderLine.objects.filter(order__confirmed_at__lte=end, product__in=products, unit_cost__gt=0)
    rows = lines.order_by("order__confirmed_at", "pk").values_list("order__supplier_id", "product_id", "unit_cost")
    return {(supplier, product): cost for supplier, product, cost in rows.iterator()}


def _said(day: date, items: list[Item], panel: Panel, interval: ProtectionInterval, result: engine.Forecast) -> Evening:
    known = habits(panel.demand, paid(panel, items))
    rows = reorder_points(JobRun(business_date=day), items, interval, result, known)
    mean, deviation, observed = rules.looked_back(panel.demand)
    length = mean_length(interval)
    late = np.array([item.lead_time.std for item in items])
    level = np.array([row.cycle_service_level for row in rows])
    return Evening(
        reorder_point=np.array([row.reorder_point for row in rows], np.int64),
        top=np.array([row.order_up_to_level for row in rows], np.int64),
        lot=np.array([max(row.order_quantity, 1) for row in rows], np.int64),
        fills=np.array([row.rule != "R,s,nQ" for row in rows], bool),
        is_bought=np.array([row.is_stocked for row in rows], bool),
        points=_points(rows, interval, result),
        minimum=np.array([row.min_order_quantity for row in rows], np.int64),
        pack=np.array([row.pack_size for row in rows], np.int64),
        mean=mean * length,
        deviation=np.sqrt(length * deviation**2 + mean**2 * late**2),
        z=special.ndtri(level),
        a_day=mean,
        observed=observed,
        review_days=np.array([row.review_period_days for row in rows], np.int64),
        unit_cost=np.array([float(row.unit_cost) for row in rows]),
    )


def _points(rows: list, interval: ProtectionInterval, result: engine.Forecast) -> np.ndarray:
    """Our reorder points at each of the targets; what is filled up to a level is so at the plain quantile."""
    lot = np.array([max(row.order_quantity, 1) for row in rows], float)
    review = np.array([row.review_period_days for row in rows], float)
    fills = np.array([row.rule == "R,S" for row in rows], bool)
    points = []
    for target in TARGETS:
        level = np.full(len(rows), target)
        plain = np.ceil(simulate.quantile_at(result.lead_time_demand, level)) - 1
        ordering = simulate.Ordering.of(interval, np.maximum(review, 1), lot)
        moved = simulate.corrected_reorder_point(result, level, ordering)
        points.append(np.where(fills, plain, np.ceil(moved)))
    return np.maximum(np.array(points), 0).astype(np.int64)


def _rows(interval: ProtectionInterval, rows: np.ndarray) -> ProtectionInterval:
    return ProtectionInterval(interval.lengths[rows], interval.weights[rows])


def _nothing() -> Evening:
    values = {f.name: np.zeros(0, np.int64) for f in fields(Evening)}
    return Evening(**values | {"points": np.zeros((len(TARGETS), 0), np.int64)})


def _spread(evening: Evening, known: np.ndarray, items: int) -> Evening:
    """The same for all ``items``; 0 for those that were not known yet (1 where a lot is meant)."""

    def spread(name: str) -> np.ndarray:
        values = getattr(evening, name)
        least = 1 if name in ("lot", "minimum", "pack", "review_days") else 0
        out = np.full((*values.shape[:-1], items), least, values.dtype)
        out[..., known] = values
        return out

    return Evening(**{f.name: spread(f.name) for f in fields(Evening)})
