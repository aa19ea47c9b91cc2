"""For each rule: how to plant its cause, what is nearly one, and how to mend it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from catalog.models import Promotion
from forecasting.models import Anomaly
from inventory_site.common.models import JobRun
from orders import services as orders
from orders.models import PurchaseOrder
from replenishment.models import InventoryPosition
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

    return {
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
            lambda: odd("stock", "losses", 2.7, **losses),
        ),
        "nightly_job": Planter(
            lambda: night(state="failed", error="disk full"),
            lambda: JobRun.objects.update(state="published"),
            lambda: night(business_date=TODAY - timedelta(days=2)),
        ),
    }
