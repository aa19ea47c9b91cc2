"""A small shop with one row of everything per item, for suites over registries."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from decimal import Decimal

from django.utils import timezone

from alerts.models import Alert
from catalog.models import Promotion, SupplierProduct
from forecasting.models import (
    Accuracy,
    AccuracyByHorizon,
    AggregateForecast,
    Anomaly,
    Forecast,
    ForecastValueAdded,
    Launch,
    Override,
    Segment,
    Signal,
)
from inventory_site.common.models import JobRun, ShopSettings, User
from orders import services as orders
from orders.models import CartEvent, DailyDemand, DemandSeries, SalesChannel
from replenishment.models import (
    Backtest,
    BacktestResult,
    InventoryPosition,
    KeyFigures,
    Policy,
    ReorderPoint,
    Suggestion,
)
from replenishment.querysets_backtests import SUMS
from stock import services as stock
from stock.models import Bin, StockLevel, Warehouse

TODAY = date(2026, 3, 30)
PICTURE = b"\xff\xd8\xff\xd9"  # what services take was looked at before; nobody draws it here
TERMS = {
    "order": 24, "pack_size": 1, "order_quantity": 24, "policy": "R,s,nQ", "position": 8, "on_hand": 10,
    "unsellable": 0, "on_order": 0, "in_transit": 0, "allocated": 2, "backordered": 0, "level": 12, "by_hand": False,
    "expected": 7, "interval": 7.0, "unit": "day", "safety_stock": 5, "target": "cycle_service_level",
    "target_rate": 0.95, "undershoot": 0,
    "need": 5,
}  # fmt: skip


class Populated:
    """``add(n)`` adds n items to one warehouse, each with a row in every table that people list."""

    def __init__(self, make_product, make_supplier, warehouse, receive):
        ShopSettings.objects.update_or_create(pk=1, defaults={"demo_until": TODAY})
        self.make_product, self.receive, self.warehouse = make_product, receive, warehouse
        self.supplier = make_supplier()
        self.channel = SalesChannel.objects.create(code="web", name="Web")
        self.buyer = User.objects.create_user(username="who-overrides")
        self.run = JobRun.objects.create(kind="nightly", business_date=TODAY, state="published")

    def add(self, items: int) -> Populated:
        for _ in range(items):
            product = self.make_product()
            self.receive(product, 10)
            self._documents(product)
            self._plan(product)
        stock.plan_counts(warehouse=self.warehouse)
        return self

    def _documents(self, product) -> None:
        terms = {"product": product, "supplier": self.supplier, "unit_cost": Decimal("4")}
        SupplierProduct.objects.create(**terms, is_preferred=True)
        Promotion.objects.create(product=product, starts_on=TODAY, ends_on=TODAY, announced_on=TODAY)
        orders.place_sales_order(channel=self.channel, lines=[orders.NewLine(product, self.warehouse, 2)], actor=None)
        lines = [orders.NewPurchaseLine(product, 6, Decimal("4"))]
        bought = orders.create_purchase_order(supplier=self.supplier, warehouse=self.warehouse, lines=lines, actor=None)
        bought = orders.confirm_purchase_order(order=bought, actor=None)
        orders.report_wrong_goods(order=bought, code="4006381333931", quantity=2, photo=PICTURE, actor=None)
        series, _is_new = DemandSeries.objects.get_or_create(
            product=product, warehouse=self.warehouse, defaults={"first_on": TODAY, "closed_on": TODAY}
        )
        DailyDemand.objects.create(series=series, on_date=TODAY, demand=2)
        CartEvent.objects.create(product=product, warehouse=self.warehouse, kind="add", at=timezone.now())
        Signal.objects.create(
            name=f"rain-{product.pk}", warehouse=self.warehouse, on_date=TODAY, value=2.5, known_on=TODAY
        )
        self._goods_that_moved(product)

    def _goods_that_moved(self, product) -> None:
        self.receive(product, 3)
        line = orders.NewLine(product, self.warehouse, 1)
        sale = orders.place_sales_order(channel=self.channel, lines=[line], actor=None)
        sale = orders.ship_sales_order(order=sale, actor=None)
        orders.register_return(order=sale, quantities={sale.lines.get().pk: 1}, actor=None)
        stock.report_damage(damage=stock.Damage(product, self.warehouse, 1, photo=PICTURE), actor=None)
        store, _is_new = Warehouse.objects.get_or_create(code="store-room", defaults={"name": "Store-room"})
        counted = stock.open_count(warehouse=self.warehouse, actor=None, products=[product])
        entry = stock.Sent(uuid.uuid4(), "unknown", 3, timezone.now())
        stock.record_entries(count=counted, entries=[entry], actor=None)
        place = Bin.objects.create(warehouse=self.warehouse, code=f"A-{product.pk}")
        stock.put_in_bin(product=product, place=place, actor=None)
        stock.create_transfer(
            source=self.warehouse, destination=store, lines=[stock.TransferWish(product, 1)], actor=None
        )

    def _kinds(self, product) -> None:
        """Its classes, whom it was planned by when it was new, and a forecast of its category."""
        item = {"product": product, "warehouse": self.warehouse}
        Segment.objects.create(**item, abc="A", xyz="X", pattern="smooth", since_on=TODAY, judged_on=TODAY)
        Launch.objects.create(**item, run=self.run, look_alikes=[["SKU-1", 0.5]], daily_start=1.0, daily_now=1.0)
        Anomaly.objects.create(
            **item, kind="spike", expected=2.0, seen=30, score=6.0, first_on=TODAY, last_on=TODAY, found_on=TODAY,
            seen_on=TODAY,
        )  # fmt: skip
        AggregateForecast.objects.create(
            run=self.run, level="category", key=product.sku, warehouse=self.warehouse, items=1, method="naive",
            first_on=TODAY, mean=[1.0] * 28, quantiles=[[1.0] * 5] * 28, total_mean=28.0, total_quantiles=[28.0] * 6,
            own_total_mean=30.0,
        )  # fmt: skip

    def _people(self, product) -> None:
        """An override that was compared, and errors of the back-test."""
        days = {"product": product, "warehouse": self.warehouse, "first_on": TODAY, "last_on": TODAY}
        AccuracyByHorizon.objects.create(
            run=self.run, source="backtest", horizon="lead_time", warehouse=self.warehouse, method="naive", n=1,
            demand=7.0, squared_demand=49.0, error=1.0, absolute_error=1.0, squared_error=1.0,
        )  # fmt: skip
        override = Override.objects.create(
            **days, kind="percent", amount=20.0, reason="an advertisement", made_by=self.buyer, made_at=timezone.now()
        )
        ForecastValueAdded.objects.create(
            **days, override=override, run=self.run, days=[[0, 1.0, 2.0, 2.4]], naive=1.0, model=2.0, overridden=2.4,
            actual=3.0, evaluated_on=TODAY,
        )  # fmt: skip

    def _past(self) -> None:
        """A back-test that is done, and an evening's key figures."""
        day = TODAY - timedelta(days=KeyFigures.objects.count())
        KeyFigures.objects.create(warehouse=self.warehouse, on_date=day, stock_value=40, value_by_age=[40, 0, 0, 0, 0])
        run = JobRun.objects.create(
            kind="backtest", business_date=TODAY, version=JobRun.objects.count() + 1, state="published"
        )
        days = {"warmed_from": TODAY, "first_on": TODAY, "last_on": TODAY}
        row = Backtest.objects.create(run=run, **days, series=[1], series_total=1, facts={})
        sums = dict.fromkeys(SUMS, 1.0)
        BacktestResult.objects.create(
            backtest=row, rule="advice", case="middle", basis="own", warehouse=self.warehouse, **sums
        )

    def _plan(self, product) -> None:
        item = {"run": self.run, "product": product, "warehouse": self.warehouse}
        columns = {f"lead_time_demand_q{n}": 9.0 for n in (50, 80, 90, 95, 98, 99)}
        Forecast.objects.create(
            **item, method="naive", first_on=TODAY, mean=[1.0] * 28, quantiles=[[1.0] * 5] * 28,
            lead_time_demand_mean=7.0, lead_time_demand_grid=[7.0] * 28, **columns,
        )  # fmt: skip
        Accuracy.objects.create(**item, method="naive", wape=0.4)
        self._people(product)
        self._kinds(product)
        ReorderPoint.objects.create(
            **item, supplier=self.supplier, rule="R,s,nQ", cycle_service_level=0.95, lead_time_days=6.0,
            review_period_days=1, lead_time_demand=7.0, quantile=12, safety_stock=5, reorder_point=12,
            order_quantity=24, order_up_to_level=36, unit_cost=Decimal("4"),
        )  # fmt: skip
        self._past()
        Policy.objects.create(product=product, warehouse=self.warehouse, shortage_cost=2)
        level = StockLevel.objects.get(product=product, warehouse=self.warehouse)
        InventoryPosition.objects.update_or_create(
            level=level,
            defaults=item | {
                "inventory_position": 8, "reorder_point": 12, "order_up_to_level": 36, "stock_status": "order",
                "supplier": self.supplier, "daily_demand": 1.0, "days_of_cover": 8.0,
            },
        )  # fmt: skip
        Suggestion.objects.create(
            **item, supplier=self.supplier, quantity=24, unit_cost=Decimal("4"), cost=Decimal("96"),
            reason_code="order_lots", reason_terms=TERMS,
        )  # fmt: skip
        Alert.objects.create(
            rule="out_of_stock", subject=f"position:{product.pk}", warehouse=self.warehouse, product=product,
            code="nightly_job_late", terms={"business_on": TODAY.isoformat()}, opened_on=TODAY, seen_on=TODAY,
        )  # fmt: skip
