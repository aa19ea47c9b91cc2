"""Situations that rules warn of, planted one by one."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from catalog.models import Promotion
from inventory_site.common.models import JobRun
from orders import services as orders
from replenishment.models import InventoryPosition
from stock.models import StockLevel

TODAY = date(2026, 3, 30)


@pytest.fixture
def plant_position(make_product, warehouse):
    def plant(status: str, **fields) -> InventoryPosition:
        product = make_product()
        level = StockLevel.objects.create(product=product, warehouse=warehouse)
        values = {
            "stock_status": status, "daily_demand": 2.0, "margin_at_risk": Decimal("12.50"), "reorder_point": 10,
            "inventory_position": 4, "overstock_value": Decimal("80"), "stock_value": Decimal("99"),
            "days_of_cover": 200.0, "runs_out_on": TODAY + timedelta(days=2), "on_order": 6,
            "next_receipt_on": TODAY + timedelta(days=5),
        }  # fmt: skip
        return InventoryPosition.objects.create(level=level, product=product, warehouse=warehouse, **(values | fields))

    return plant


@pytest.fixture
def planters(plant_position, make_product, make_supplier, warehouse):
    """For each rule a function that plants one cause and one that takes every cause away."""

    def positions_gone():
        InventoryPosition.objects.update(stock_status="ok")

    def promotion():
        product = plant_position("order").product
        Promotion.objects.create(
            product=product, starts_on=TODAY + timedelta(days=3), ends_on=TODAY + timedelta(days=9), announced_on=TODAY
        )

    def late():
        lines = [orders.NewPurchaseLine(make_product(), 5, Decimal("4"))]
        order = orders.create_purchase_order(supplier=make_supplier(), warehouse=warehouse, lines=lines, actor=None)
        orders.confirm_purchase_order(order=order, actor=None, expected_on=TODAY - timedelta(days=3))

    def all_received():
        from orders.models import PurchaseOrder

        for order in PurchaseOrder.objects.on_order():
            orders.receive_purchase_order(order=order, actor=None)

    def off_balance():
        StockLevel.objects.create(product=make_product(), warehouse=warehouse, on_hand=3)

    def failed_run():
        JobRun.objects.create(kind="nightly", business_date=TODAY, state="failed", error="disk full")

    return {
        "out_of_stock": (lambda: plant_position("out"), positions_gone),
        "runs_out": (lambda: plant_position("runs_out"), positions_gone),
        "below_reorder_point": (lambda: plant_position("order"), positions_gone),
        "overstock": (lambda: plant_position("overstock"), positions_gone),
        "dead_stock": (lambda: plant_position("dead"), positions_gone),
        "promotion_ahead": (promotion, positions_gone),
        "late_delivery": (late, all_received),
        "ledger_out_of_balance": (off_balance, lambda: StockLevel.objects.update(on_hand=0)),
        "nightly_job": (failed_run, lambda: JobRun.objects.update(state="published")),
    }
