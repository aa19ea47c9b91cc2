"""A small shop on the evening of a business day, and what a night leaves behind in it."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.apps import apps
from django.db import models

from alerts.models import Subscription
from catalog.models import Product, Supplier, SupplierProduct
from inventory_site.common.models import ShopSettings, User
from orders.models import DailyDemand, DemandSeries, SalesChannel
from orders.services import NewLine, place_sales_order
from stock.models import Warehouse, WarehouseAccess
from stock.services import Entry, post_movements

TODAY = date(2026, 3, 29)
HISTORY_DAYS, OPEN_DAYS = 120, 3
#: Written by a night, or changed by it.
OUTCOMES = (
    "orders.DemandSeries", "orders.DailyDemand", "stock.StockSnapshot", "replenishment.LeadTime",
    "forecasting.Forecast", "forecasting.Accuracy", "replenishment.ReorderPoint", "replenishment.InventoryPosition",
    "replenishment.Suggestion", "replenishment.KpiSnapshot", "alerts.Alert", "alerts.Delivery",
)  # fmt: skip
#: What tells when or how often, not what.
NOT_COMPARED = (models.AutoField, models.DateTimeField)
NAMES_NOT_COMPARED = {"alerts.Delivery": {"state", "token", "attempts"}}  # the dispatcher goes on where a kill came in


def at(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=ZoneInfo("Europe/Riga"))


def open_shop() -> None:
    """Three products with four months of history, of which the last three days are not closed yet."""
    ShopSettings.objects.create(pk=1, demo_until=TODAY, time_zone="Europe/Riga")
    warehouse = Warehouse.objects.create(code="riga", name="Riga", time_zone="Europe/Riga")
    supplier = Supplier.objects.create(code="acme", name="Acme", lead_time_days=5)
    owner = User.objects.create_user("owner", "owner@example.com", "correct-horse", is_staff=True)
    WarehouseAccess.objects.create(user=owner, role="owner")
    Subscription.objects.create(user=owner)
    channel, chance = SalesChannel.objects.create(code="web", name="Web"), random.Random(5)
    for number, a_day in enumerate((6, 2, 0.3)):
        product = Product.objects.create(sku=f"SKU-{number}", name=f"Product {number}", price=10, unit_cost=4)
        SupplierProduct.objects.create(supplier=supplier, product=product, unit_cost=4, pack_size=6, is_preferred=True)
        _history(product, warehouse, a_day, chance)
        _stock_and_orders(product, warehouse, channel, on_hand=8 + 2 * number)


def _history(product: Product, warehouse: Warehouse, a_day: float, chance: random.Random) -> None:
    first_on = TODAY - timedelta(days=HISTORY_DAYS - 1)
    series = DemandSeries.objects.create(
        product=product, warehouse=warehouse, first_on=first_on, closed_on=TODAY - timedelta(days=OPEN_DAYS)
    )
    for day in range(HISTORY_DAYS - OPEN_DAYS):
        asked = sum(chance.random() < a_day / 10 for _ in range(10))
        if asked:
            DailyDemand.objects.create(
                series=series, on_date=first_on + timedelta(days=day), demand=asked, sales=asked, price=10
            )


def _stock_and_orders(product: Product, warehouse: Warehouse, channel: SalesChannel, on_hand: int) -> None:
    day = TODAY - timedelta(days=OPEN_DAYS)
    post_movements(entries=[Entry(product.pk, warehouse.pk, on_hand, "opening", effective_at=at(day, 8))])
    for n in range(1, OPEN_DAYS):
        line = NewLine(product, warehouse, 4, Decimal(10))
        place_sales_order(channel=channel, lines=[line], actor=None, placed_at=at(day + timedelta(days=n), 12))


def outcomes() -> dict[str, list[tuple]]:
    """Every row that a night writes, without primary keys and times."""
    found = {}
    for name in OUTCOMES:
        left_out = NAMES_NOT_COMPARED.get(name, ())
        columns = (f for f in apps.get_model(name)._meta.concrete_fields if f.name not in left_out)
        fields = [f for f in columns if not isinstance(f, NOT_COMPARED)]
        rows = apps.get_model(name)._default_manager.order_by().values_list(*(f.attname for f in fields))
        found[name] = sorted(rows, key=repr)
    return found
