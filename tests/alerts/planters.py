"""For each rule: how to plant its cause, what is nearly one, and how to mend it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from catalog.models import Category, Product, Promotion, Supplier, SupplierProduct
from forecasting.models import AccuracyByHorizon, Anomaly
from inventory_site.common.models import JobRun
from orders import services as orders
from orders.models import DailyDemand, DemandSeries, PurchaseOrder
from replenishment.models import InventoryPosition, SupplierScore
from stock.models import StockLevel, Warehouse

TODAY = date(2026, 3, 30)


@dataclass(frozen=True)
class Planter:
    plant: Callable[[], object]  # one more subject with the cause
    mend: Callable[[], object]  # takes every cause away
    near_miss: Callable[[], object]  # one subject that nearly has it


@dataclass(frozen=True)
class Scene:
    """Where causes are planted: the fixtures that make rows, and what several rules need."""

    plant_position: Callable
    make_product: Callable
    make_supplier: Callable
    warehouse: Warehouse

    def of_status(self, status: str, **nearly) -> Planter:
        miss = {"status": status} | (nearly or {"status": "ok"})
        return Planter(lambda: self.plant_position(status), _positions_mended, lambda: self.plant_position(**miss))

    def promotion(self, days_ahead: int) -> None:
        product = self.plant_position("order").product
        first, last = TODAY + timedelta(days=days_ahead), TODAY + timedelta(days=days_ahead + 6)
        Promotion.objects.create(product=product, starts_on=first, ends_on=last, announced_on=TODAY)

    def expected(self, days_ago: int, product: Product | None = None, supplier: Supplier | None = None) -> None:
        lines = [orders.NewPurchaseLine(product or self.make_product(), 5, Decimal("4"))]
        order = orders.create_purchase_order(
            supplier=supplier or self.make_supplier(), warehouse=self.warehouse, lines=lines, actor=None
        )
        orders.confirm_purchase_order(order=order, actor=None, expected_on=TODAY - timedelta(days=days_ago))

    def overdue(self, *days_ago: int) -> None:
        """One supplier's orders; another sells the product, too."""
        position = self.plant_position("runs_out", supplier=self.make_supplier())
        for supplier in (position.supplier, self.make_supplier()):
            SupplierProduct.objects.create(supplier=supplier, product=position.product, unit_cost=4)
        for days in days_ago:
            self.expected(days, position.product, position.supplier)

    def score(self, **fields) -> None:
        SupplierScore.objects.create(
            supplier=self.make_supplier(), warehouse=self.warehouse, until_on=TODAY, window_days=365, **fields
        )

    def level(self, on_hand: int) -> None:
        StockLevel.objects.create(product=self.make_product(), warehouse=self.warehouse, on_hand=on_hand)

    def odd(self, about: str, kind: str, score: float, **terms) -> None:
        Anomaly.objects.create(
            product=self.make_product(), warehouse=self.warehouse, about=about, kind=kind, score=score, expected=5.25,
            seen=40, first_on=TODAY, last_on=TODAY, found_on=TODAY, seen_on=TODAY, terms=terms,
        )  # fmt: skip

    def accuracy(self, *errors: float) -> None:
        """Of one category: so much forecast too much of 100 pieces, now and two months ago."""
        category = Category.objects.create(name=f"Category {Category.objects.count()}")
        for days_ago, error in zip((0, 60), errors, strict=True):
            run, _made = JobRun.objects.get_or_create(
                kind="nightly", business_date=TODAY - timedelta(days=days_ago), state="published", version=days_ago + 7
            )
            AccuracyByHorizon.objects.create(
                run=run, source="issued", horizon="1-7", warehouse=self.warehouse, category=category, method="theta",
                n=1, demand=100.0, squared_demand=1.0, error=error if error < 20 else 0.0, absolute_error=error,
                squared_error=1.0,
            )  # fmt: skip

    def quiet_day(self, days_ago: int, usual: int) -> None:
        """A warehouse that sells so many a day, and nothing on one day."""
        product = Product.objects.create(sku="GAP", name="Gap", unit_cost=1)
        series = DemandSeries.objects.create(product=product, warehouse=self.warehouse, first_on=TODAY)
        DailyDemand.objects.bulk_create(
            DailyDemand(series=series, on_date=TODAY - timedelta(days=back), demand=usual)
            for back in range(1, 57)
            if back != days_ago
        )


def planters_of(**fixtures) -> dict[str, Planter]:
    """By code of the rule. A new rule adds its line to one of these."""
    scene = Scene(**fixtures)
    return _of_stock(scene) | _of_supply(scene) | _of_figures(scene) | _of_the_house(scene)


def _of_stock(scene: Scene) -> dict[str, Planter]:
    return {
        "out_of_stock": scene.of_status("out"),
        "runs_out": scene.of_status("runs_out", next_receipt_on=None),
        "below_reorder_point": scene.of_status("order"),
        "overstock": scene.of_status("overstock", overstock_value=Decimal("19.99")),
        "dead_stock": scene.of_status("dead"),
        "promotion_ahead": Planter(lambda: scene.promotion(3), _positions_mended, lambda: scene.promotion(15)),
        "slow_stock": Planter(
            lambda: scene.plant_position("ok", days_of_cover=365.0),
            lambda: InventoryPosition.objects.update(days_of_cover=364.9),
            lambda: (
                scene.plant_position("ok", days_of_cover=364.9),
                scene.plant_position("ok", stock_value=Decimal("49.99")),
            ),
        ),
    }


def _of_supply(scene: Scene) -> dict[str, Planter]:
    return {
        "late_delivery": Planter(lambda: scene.expected(3), _all_received, lambda: scene.expected(0)),
        "supplier_drift": Planter(
            lambda: scene.score(drift_days=2.5, drift_chance=0.001),
            lambda: SupplierScore.objects.update(drift_days=None),
            lambda: scene.score(late_by_days=0.9),
        ),
        "supply_interruption": Planter(
            lambda: scene.overdue(9, 3), _all_received, lambda: (scene.overdue(9), scene.overdue(6, 3))
        ),
    }


def _of_figures(scene: Scene) -> dict[str, Planter]:
    losses = {"losses": 4, "corrections": 5}
    return {
        "demand_anomaly": Planter(
            lambda: scene.odd("demand", "spike", 6.0), _explained, lambda: scene.odd("demand", "spike", 4.4)
        ),
        "stock_anomaly": Planter(
            lambda: scene.odd("stock", "shrinkage", 6.0, **losses),
            _explained,
            lambda: scene.odd("stock", "losses", 2.4, **losses),
        ),
        "forecast_accuracy": Planter(
            lambda: scene.accuracy(50.0, 30.0),
            AccuracyByHorizon.objects.all().delete,
            lambda: scene.accuracy(19.0, 15.0),
        ),
        "data_quality": Planter(
            lambda: scene.quiet_day(5, usual=20),
            DailyDemand.objects.all().delete,
            lambda: scene.quiet_day(5, usual=19),
        ),
    }


def _of_the_house(scene: Scene) -> dict[str, Planter]:
    return {
        "ledger_out_of_balance": Planter(
            lambda: scene.level(3), lambda: StockLevel.objects.update(on_hand=0), lambda: scene.level(0)
        ),
        "nightly_job": Planter(
            lambda: _night(state="failed", error="disk full"),
            lambda: JobRun.objects.update(state="published"),
            lambda: _night(business_date=TODAY - timedelta(days=2)),
        ),
    }


def _positions_mended() -> None:
    InventoryPosition.objects.update(stock_status="ok")


def _all_received() -> None:
    for order in PurchaseOrder.objects.on_order():
        orders.receive_purchase_order(order=order, actor=None)


def _explained() -> None:
    Anomaly.objects.update(state="over")


def _night(**fields) -> None:
    JobRun.objects.create(**({"kind": "nightly", "business_date": TODAY, "state": "published"} | fields))
