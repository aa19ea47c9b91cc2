"""For each rule: how to plant its cause, what is nearly one, and how to mend it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from catalog.models import Category, Product, Promotion, SupplierProduct
from forecasting.models import AccuracyByHorizon, Anomaly
from inventory_site.common.models import JobRun
from orders import services as orders
from orders.models import DailyDemand, DemandSeries, PurchaseOrder
from replenishment.models import InventoryPosition, SupplierScore
from stock.models import StockLevel

TODAY = date(2026, 3, 30)


@dataclass(frozen=True)
class Planter:
    plant: Callable[[], object]  # one more subject with the cause
    mend: Callable[[], object]  # takes every cause away
    near_miss: Callable[[], object]  # one subject that nearly has it


def planters_of(*, plant_position, make_product, make_supplier, warehouse) -> dict[str, Planter]:
    """A new rule adds its line here."""

    def positions_mended():
        InventoryPosition.objects.update(stock_status="ok")

    def of_status(status: str, **nearly) -> Planter:
        miss = nearly or {"status": "ok"}
        return Planter(
            lambda: plant_position(status), positions_mended, lambda: plant_position(**({"status": status} | miss))
        )

    def promotion(days_ahead: int, status: str = "order"):
        product = plant_position(status).product
        first, last = TODAY + timedelta(days=days_ahead), TODAY + timedelta(days=days_ahead + 6)
        Promotion.objects.create(product=product, starts_on=first, ends_on=last, announced_on=TODAY)

    def expected(days_ago: int):
        lines = [orders.NewPurchaseLine(make_product(), 5, Decimal("4"))]
        order = orders.create_purchase_order(supplier=make_supplier(), warehouse=warehouse, lines=lines, actor=None)
        orders.confirm_purchase_order(order=order, actor=None, expected_on=TODAY - timedelta(days=days_ago))

    def all_received():
        for order in PurchaseOrder.objects.on_order():
            orders.receive_purchase_order(order=order, actor=None)

    def level(on_hand: int):
        StockLevel.objects.create(product=make_product(), warehouse=warehouse, on_hand=on_hand)

    def night(**fields):
        JobRun.objects.create(**({"kind": "nightly", "business_date": TODAY, "state": "published"} | fields))

    def odd(about: str, kind: str, score: float, **terms):
        Anomaly.objects.create(
            product=make_product(), warehouse=warehouse, about=about, kind=kind, score=score, expected=5.25, seen=40,
            first_on=TODAY, last_on=TODAY, found_on=TODAY, seen_on=TODAY, terms=terms,
        )  # fmt: skip

    def explained():
        Anomaly.objects.update(state="over")

    losses = {"losses": 4, "corrections": 5}

    def supplied(suppliers: int = 1, **fields):
        position = plant_position("runs_out", supplier=make_supplier(), **fields)
        for supplier in [position.supplier, *(make_supplier() for _ in range(suppliers - 1))]:
            SupplierProduct.objects.create(supplier=supplier, product=position.product, unit_cost=4)
        return position

    def score(**fields):
        SupplierScore.objects.create(
            supplier=make_supplier(), warehouse=warehouse, until_on=TODAY, window_days=365, **fields
        )

    def overdue(*days_ago: int):
        position = supplied(suppliers=2)
        lines = [orders.NewPurchaseLine(position.product, 5, Decimal("4"))]
        for days in days_ago:
            order = orders.create_purchase_order(
                supplier=position.supplier, warehouse=warehouse, lines=lines, actor=None
            )
            orders.confirm_purchase_order(order=order, actor=None, expected_on=TODAY - timedelta(days=days))

    def accuracy(*errors: float):
        """Of one category: so much forecast too much of 100 pieces, now and two months ago."""
        category = Category.objects.create(name=f"Category {Category.objects.count()}")
        for days_ago, error in zip((0, 60), errors, strict=True):
            run, _made = JobRun.objects.get_or_create(
                kind="nightly", business_date=TODAY - timedelta(days=days_ago), state="published", version=days_ago + 7
            )
            AccuracyByHorizon.objects.create(
                run=run, source="issued", horizon="1-7", warehouse=warehouse, category=category, method="theta", n=1,
                demand=100.0, squared_demand=1.0, error=error if error < 20 else 0.0, absolute_error=error,
                squared_error=1.0,
            )  # fmt: skip

    def quiet_day(days_ago: int, usual: int):
        """A warehouse that sells so many a day, and nothing on one day."""
        series = DemandSeries.objects.create(
            product=Product.objects.create(sku="GAP", name="Gap", unit_cost=1), warehouse=warehouse, first_on=TODAY
        )
        DailyDemand.objects.bulk_create(
            DailyDemand(series=series, on_date=TODAY - timedelta(days=back), demand=usual)
            for back in range(1, 57)
            if back != days_ago
        )

    return {
        "slow_stock": Planter(
            lambda: plant_position("ok", days_of_cover=365.0),
            lambda: InventoryPosition.objects.update(days_of_cover=364.9),
            lambda: (plant_position("ok", days_of_cover=364.9), plant_position("ok", stock_value=Decimal("49.99"))),
        ),
        "supplier_drift": Planter(
            lambda: score(drift_days=2.5, drift_chance=0.001),
            lambda: SupplierScore.objects.update(drift_days=None),
            lambda: score(late_by_days=0.9),
        ),
        "supply_interruption": Planter(lambda: overdue(9, 3), all_received, lambda: (overdue(9), overdue(6, 3))),
        "forecast_accuracy": Planter(
            lambda: accuracy(50.0, 30.0), AccuracyByHorizon.objects.all().delete, lambda: accuracy(19.0, 15.0)
        ),
        "data_quality": Planter(
            lambda: quiet_day(5, usual=20), DailyDemand.objects.all().delete, lambda: quiet_day(5, usual=19)
        ),
        "out_of_stock": of_status("out"),
        "runs_out": of_status("runs_out", next_receipt_on=None),
        "below_reorder_point": of_status("order"),
        "overstock": of_status("overstock", overstock_value=Decimal("19.99")),
        "dead_stock": of_status("dead"),
        "promotion_ahead": Planter(lambda: promotion(3), positions_mended, lambda: promotion(15)),
        "late_delivery": Planter(lambda: expected(3), all_received, lambda: expected(0)),
        "ledger_out_of_balance": Planter(
            lambda: level(3), lambda: StockLevel.objects.update(on_hand=0), lambda: level(0)
        ),
        "demand_anomaly": Planter(lambda: odd("demand", "spike", 6.0), explained, lambda: odd("demand", "spike", 4.4)),
        "stock_anomaly": Planter(
            lambda: odd("stock", "shrinkage", 6.0, **losses),
            explained,
            lambda: odd("stock", "losses", 2.4, **losses),
        ),
        "nightly_job": Planter(
            lambda: night(state="failed", error="disk full"),
            lambda: JobRun.objects.update(state="published"),
            lambda: night(business_date=TODAY - timedelta(days=2)),
        ),
    }
