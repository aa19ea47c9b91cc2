"""One pass over some series: forecast, reorder point and accuracy, all from one reading of demand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

import numpy as np

from catalog.models import Product, SupplierProduct
from forecasting import engine
from forecasting import services as forecasting
from forecasting.ending import faded, until_the_end
from forecasting.engine import Panel, ProtectionInterval
from forecasting.models import TrainedModel
from forecasting.panels import Keys
from inventory_site.common.models import JobRun, ShopSettings
from orders.models import DemandSeries
from replenishment import plan_rows
from replenishment.lead_times import Distribution
from replenishment.models import LeadTime, Policy, ReorderPoint
from replenishment.patterns import Habits, habits
from replenishment.protection import mean_length
from replenishment.services.policies import Scope, resolve_policies

#: Series of one partition.
PLANNED_AT_ONCE = 2000

#: Where nobody is known to sell the product.
USUAL_LEAD_TIME_DAYS, USUAL_REVIEW_DAYS = 7, 1

#: Codes of a plan that buys nothing for the shelf.
IDLE = ("no_demand", "order_owed", "no_history")

WRITTEN_AT_ONCE = 500
ITEM = ("run", "product", "warehouse")


@dataclass(frozen=True)
class Item:
    """What one series is planned by, apart from its demand."""

    product: Product
    warehouse_id: int
    terms: SupplierProduct | None
    policy: Policy
    lead_time: Distribution

    @property
    def review_days(self) -> int:
        supplier = self.terms.supplier.review_period_days if self.terms else USUAL_REVIEW_DAYS
        return self.policy.review_period_days or supplier

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
    return kept(run, items, keys, panel, faded(result, sold, left, is_fading), interval)


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
    return [
        Item(products[product], warehouse, own, policy, _lead_time(own, lead_times))
        for (product, warehouse), policy in zip(pairs, resolve_policies(scopes), strict=True)
        for own in [terms.get(product)]
    ]


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
    return found or Distribution.sure(terms.lead_time_days or terms.supplier.lead_time_days)


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


def _terms(items: list[Item], interval: ProtectionInterval) -> plan_rows.ItemTerms:
    shop = ShopSettings.objects.load()
    by_hand = {
        name: np.array([np.nan if value is None else float(value) for value in values])
        for name, values in {
            "reorder_point_by_hand": [item.policy.minimum_stock for item in items],
            "order_quantity_by_hand": [item.policy.order_quantity for item in items],
        }.items()
    }
    return plan_rows.ItemTerms.of(
        "D", interval, plan_rows.Position.of(len(items), known=False),
        review_days=np.array([item.review_days for item in items], float),
        cycle_service_level=np.array([item.policy.cycle_service_level for item in items], float),
        policy=np.array([item.policy.rule for item in items], str),
        min_order_quantity=np.array([item.terms.min_order_quantity if item.terms else 1 for item in items], int),
        pack_size=np.array([item.terms.pack_size if item.terms else 1 for item in items], int),
        order_cost=float(shop.order_cost),
        annual_holding_cost=np.array([float(item.unit_cost * Decimal(shop.holding_rate)) for item in items]),
        **by_hand,
    )  # fmt: skip


def reorder_points(
    run: JobRun, items: list[Item], interval: ProtectionInterval, result: engine.Forecast, known: Habits
) -> list[ReorderPoint]:
    """Unsaved rows of what the forecast means for each item; of ``run`` only the business date is read."""
    terms = _terms(items, interval)
    plan = plan_rows.plan(result, terms)
    by_hand = ~np.isnan(terms.reorder_point_by_hand)
    is_active = np.array([item.product.is_active for item in items], bool)
    idle = np.isin(plan.code, IDLE) | known.is_dormant | (plan.order_up_to_level <= 0)
    is_stocked = is_active & (by_hand | ~idle)
    columns = {
        "rule": np.where(by_hand, Policy.Rule.R_S_NQ.value, terms.policy),
        "cycle_service_level": terms.cycle_service_level,
        "lead_time_days": mean_length(interval) - terms.review_days,
        "review_period_days": terms.review_days.astype(int),
        "lead_time_demand": result.lead_time_demand.mean,
        "quantile": np.where(is_stocked, plan.quantile, 0),
        "safety_stock": np.where(is_stocked, plan.safety_stock, -plan.expected),
        "reorder_point": np.where(is_stocked, plan.reorder_point, 0),
        "order_quantity": plan.order_quantity,
        "order_up_to_level": np.where(is_stocked, plan.order_up_to_level, plan.order_quantity),
        "min_order_quantity": terms.min_order_quantity,
        "pack_size": terms.pack_size,
        "set_by_hand": by_hand,
        "is_stocked": is_stocked,
        "is_dormant": known.is_dormant,
        "demand_pattern": known.pattern,
        "yearly_demand": known.yearly_demand.astype(int),
        "yearly_revenue": known.yearly_revenue.round(2),
    }
    table = zip(*(values.tolist() for values in columns.values()), strict=True)
    ages = known.days - 1 - known.last_demand
    return [
        ReorderPoint(
            run=run, product=item.product, warehouse_id=item.warehouse_id, unit_cost=item.unit_cost,
            unit_price=item.product.price, supplier_id=_supplier_of(item.terms) if item.product.is_active else None,
            last_demand_on=run.business_date - timedelta(days=age) if age < known.days else None,
            **dict(zip(columns, row, strict=True)),
        )
        for item, row, age in zip(items, table, ages.tolist(), strict=True)
    ]  # fmt: skip
