"""One pass over some series: forecast, reorder point and accuracy, all from one reading of demand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property

import numpy as np

from catalog.models import Product, SupplierProduct
from forecasting import engine
from forecasting import services as forecasting
from forecasting.ending import faded, until_the_end
from forecasting.engine import Panel, ProtectionInterval
from forecasting.models import TrainedModel
from forecasting.panels import Keys
from inventory_site.common.models import JobRun
from orders.models import DemandSeries
from orders.order_days import EVERY_DAY, OrderDays, order_days_of
from replenishment.lead_times import Distribution
from replenishment.models import LeadTime, ReorderPoint
from replenishment.patterns import habits
from replenishment.services.policies import Planned, Scope, resolve_policies
from replenishment.services.reorder_points import reorder_points

#: Series of one partition.
PLANNED_AT_ONCE = 2000

#: Where nobody is known to sell the product.
USUAL_LEAD_TIME_DAYS, USUAL_REVIEW_DAYS = 7, 1

WRITTEN_AT_ONCE = 500
ITEM = ("run", "product", "warehouse")


@dataclass(frozen=True)
class Item:
    """What one series is planned by, apart from its demand."""

    product: Product
    warehouse_id: int
    terms: SupplierProduct | None
    policy: Planned
    lead_time: Distribution
    order_days: OrderDays = EVERY_DAY
    plan_from: date | None = None

    @cached_property
    def review_days(self) -> int:
        """Days between the next two chances to order: the review period, or more where the supplier takes no orders."""
        supplier = self.terms.supplier.review_period_days if self.terms else USUAL_REVIEW_DAYS
        usual = self.policy.review_period_days or supplier
        return self.order_days.gap(self.plan_from, at_least=usual) if self.plan_from else usual

    @property
    def unit_cost(self) -> Decimal:
        return self.terms.unit_cost if self.terms else self.product.unit_cost


def split_training(run: JobRun) -> list[dict]:
    """One partition, none where nothing was ever asked for."""
    return [{}] if DemandSeries.objects.filter(first_on__lte=run.business_date).exists() else []


def train(run: JobRun, payload: dict) -> Callable[[], None]:
    """Train on the lead times of this run, which must have been learned before."""
    return forecasting.train_models(run, lambda keys: interval_of(items_of(run, keys)))


def split_plan(run: JobRun) -> list[dict]:
    """All series in ranges of primary keys, without those that begin after the business date."""
    if not TrainedModel.objects.filter(run=run).exists():
        return []
    known = DemandSeries.objects.filter(first_on__lte=run.business_date).order_by("pk")
    ids = list(known.values_list("pk", flat=True))
    parts = [ids[at : at + PLANNED_AT_ONCE] for at in range(0, len(ids), PLANNED_AT_ONCE)]
    return [{"first": part[0], "last": part[-1]} for part in parts]


def plan_partition(run: JobRun, payload: dict) -> Callable[[], None]:
    """Forecast and plan the series from ``first`` to ``last``; returns what writes forecasts and reorder points."""
    trained = forecasting.trained_of(run)
    chosen = DemandSeries.objects.filter(pk__range=(payload["first"], payload["last"]))
    ids = list(chosen.filter(first_on__lte=run.business_date).order_by("pk").values_list("pk", flat=True))
    # The regressors must reach as far as the longest interval, which is known only with the keys.
    items = items_of(run, keys_of(ids))
    interval = interval_of(items)
    panel, keys = forecasting.panel_for(ids, trained=trained, ahead=int(interval.lengths.max(initial=1)))
    left, is_fading = endings(run, items)
    sold = until_the_end(interval, left)
    if forecasting.uses_models_again(run):
        trained = replace(trained, scored=())  # the back-test came with the models, and takes longer than the forecast
    result = engine.forecast(panel, trained, sold, horizon=forecasting.HORIZON)
    result = forecasting.with_asked(run=run, keys=keys, result=result, interval=sold)
    result = forecasting.widened(run=run, keys=keys, result=faded(result, sold, left, is_fading))
    return kept(run, items, keys, panel, result, interval)


def kept(
    run: JobRun, items: list[Item], keys: Keys, panel: Panel, result: engine.Forecast, interval: ProtectionInterval
) -> Callable[[], None]:
    """What writes these forecasts and the reorder points that follow from them."""
    issued = forecasting.issue(run=run, panel=panel, keys=keys, result=result, interval=interval)
    rows = reorder_points(run, items, interval, issued.result, habits(panel.demand, paid(panel, items)))

    def write() -> None:
        is_scored = not forecasting.uses_models_again(run)
        forecasting.save_forecasts(run=run, keys=keys, issued=issued, is_scored=is_scored)
        names = [f.name for f in ReorderPoint._meta.concrete_fields if not f.primary_key and f.name not in ITEM]
        ReorderPoint.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=ITEM, update_fields=names, batch_size=WRITTEN_AT_ONCE
        )

    return write


def endings(run: JobRun, items: list[Item]) -> tuple[np.ndarray, np.ndarray]:
    """Days on which each item is still sold (infinity: no end is known), and whether it is only sold off [items]."""
    left = [
        max((item.product.ends_on - run.business_date).days, 0) if item.product.ends_on else np.inf for item in items
    ]
    fading = [not item.product.is_active and item.product.ends_on is None for item in items]
    return np.array(left, float), np.array(fading, bool)


def keys_of(ids: list[int]) -> Keys:
    """Keys of these series, ascending; no query of demand."""
    rows = DemandSeries.objects.filter(pk__in=ids).order_by("pk").values_list("pk", "product_id", "warehouse_id")
    return Keys(*np.array(list(rows), np.int64).reshape(-1, 3).T)


def items_of(run: JobRun | None, keys: Keys) -> list[Item]:
    """Products, terms, policies and lead times of these series, in their order; a handful of queries."""
    wanted = set(keys.product.tolist())
    products = Product.objects.in_bulk(wanted)
    selling = SupplierProduct.objects.preferred().filter(product__in=wanted).select_related("supplier")
    terms = {row.product_id: row for row in selling}
    lead_times = _lead_times(run, wanted)
    pairs = list(zip(keys.product.tolist(), keys.warehouse.tolist(), strict=True))
    scopes = [
        Scope(product, products[product].category_id, _supplier_of(terms.get(product)), warehouse)
        for product, warehouse in pairs
    ]
    order_days = order_days_of({row.supplier for row in selling})
    plan_from = run.business_date + timedelta(days=1) if run else None
    return [
        Item(products[product], warehouse, own, policy, _lead_time(own, lead_times),
             order_days.get(_supplier_of(own), EVERY_DAY), plan_from)
        for (product, warehouse), policy in zip(pairs, resolve_policies(scopes), strict=True)
        for own in [terms.get(product)]
    ]  # fmt: skip


def _supplier_of(terms: SupplierProduct | None) -> int | None:
    return terms.supplier_id if terms else None


def _lead_times(run: JobRun | None, products: set[int]) -> dict[tuple[int, int | None], Distribution]:
    rows = LeadTime.objects.filter(run=run, product=None) | LeadTime.objects.filter(run=run, product__in=products)
    return {
        (supplier, product): Distribution.of(stored)
        for supplier, product, stored in rows.values_list("supplier_id", "product_id", "distribution")
    }


def _lead_time(terms: SupplierProduct | None, known: dict) -> Distribution:
    """The product's own, else its supplier's, else the declared days."""
    if terms is None:
        return Distribution.sure(USUAL_LEAD_TIME_DAYS)
    found = known.get((terms.supplier_id, terms.product_id)) or known.get((terms.supplier_id, None))
    own = terms.lead_time_days
    return found or Distribution.sure(terms.supplier.lead_time_days if own is None else own)


def interval_of(items: list[Item]) -> ProtectionInterval:
    """Lead time + review period of each item, in days, at least one; rows are padded with chance 0."""
    width = max((len(item.lead_time.days) for item in items), default=1)
    lengths, weights = np.ones((len(items), width), int), np.zeros((len(items), width))
    for row, item in enumerate(items):
        days = np.maximum(item.lead_time.days + item.review_days, 1)
        lengths[row] = days[-1]
        lengths[row, : len(days)] = days
        weights[row, : len(days)] = item.lead_time.chances
    return ProtectionInterval(lengths, weights)


def paid(panel: Panel, items: list[Item]) -> np.ndarray:
    """Prices of the past days, the catalogue's where nothing was ever sold."""
    known = panel.known["price"][:, : panel.demand.shape[1]]
    listed = np.array([float(item.product.price) for item in items])[:, None]
    return np.where(np.isnan(known), listed, known)
