"""The night plans what to count, with what the planning and the warnings know of each item."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.models import Alert
from inventory_site import nightly_steps
from inventory_site.common.models import JobRun, ShopSettings
from replenishment.models import InventoryPosition
from stock.models import CountNeed, StockLevel
from tests.admin_rows import DAY

pytestmark = pytest.mark.django_db


def test_each_warehouse_is_a_part_and_hears_of_classes_and_doubts(make_product, receive, warehouse, make_warehouse):
    ShopSettings.objects.create(pk=1, demo_until=DAY + timedelta(days=1))
    make_warehouse("closed-down", is_active=False)
    run = JobRun.objects.create(kind="nightly", business_date=DAY, state="running")
    (part,) = nightly_steps.split_counts(run)
    for sku in ("CUP", "JAR"):
        receive(make_product(sku), 10)
    cup = StockLevel.objects.get(product__sku="CUP")
    InventoryPosition.objects.update_or_create(
        level=cup, defaults={"product": cup.product, "warehouse": warehouse, "abc": "B"}
    )
    Alert.objects.create(
        rule="stock_anomaly", subject=f"level:{cup.pk}", warehouse=warehouse, product=cup.product, code="shrinkage",
        terms={}, opened_on=DAY, seen_on=DAY,
    )  # fmt: skip
    nightly_steps.plan_counts(run, part)()
    told = {need.level.product.sku: (need.abc, need.told_doubt) for need in CountNeed.objects.select_related("level")}
    assert told == {"CUP": ("B", "stock_anomaly"), "JAR": ("C", "")}
    assert "doubt" in {code for code, *_terms in CountNeed.objects.get(level=cup).why}
