"""Where rules are tried: a day, and positions of any status."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from replenishment.models import InventoryPosition
from stock.models import StockLevel
from tests.alerts.planters import TODAY, Planter, planters_of


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
def planters(plant_position, make_product, make_supplier, warehouse) -> dict[str, Planter]:
    return planters_of(
        plant_position=plant_position, make_product=make_product, make_supplier=make_supplier, warehouse=warehouse
    )


@pytest.fixture
def owner(make_user):
    return make_user("owner", email="owner@example.com")
