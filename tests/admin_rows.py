"""How to make the n-th row of each model that has an admin, around one shop with one warehouse."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from alerts.models import Alert, Channel, Delivery, RuleSetting, Subscription
from catalog.models import Category, Product, Promotion, Supplier, SupplierProduct
from forecasting.models import (
    Accuracy,
    AggregateForecast,
    Anomaly,
    DataRule,
    Forecast,
    ForecastValueAdded,
    Launch,
    MethodChoice,
    MethodTrial,
    ModelVersion,
    Override,
    Segment,
    Signal,
    SignalKind,
)
from inventory_site.common.models import ApiToken, Audit, ImportJob, JobPartition, JobRun, ShopSettings, User
from orders.models import (
    CartEvent,
    Customer,
    DailyDemand,
    DailyInterest,
    DeliveryFinding,
    DemandSeries,
    PurchaseOrder,
    PurchaseOrderLine,
    Receipt,
    Return,
    ReturnLine,
    SalesChannel,
    SalesOrder,
    SalesOrderLine,
)
from replenishment.models import (
    InventoryPosition,
    KpiSnapshot,
    LeadTime,
    Policy,
    PolicyModeChange,
    ReorderPoint,
    Suggestion,
    SupplierScore,
    TransferLane,
)
from stock.models import (
    Allocation,
    Bin,
    ClosedDay,
    CountEntry,
    CountLine,
    CountNeed,
    SetAside,
    StockCount,
    StockLevel,
    StockMovement,
    Transfer,
    TransferLine,
    Warehouse,
    WarehouseAccess,
)

DAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
REASON = {"order": 12, "position": 3, "level": 9, "on_hand": 3, "unsellable": 0, "on_order": 0, "in_transit": 0,
          "allocated": 0, "backordered": 0, "policy": "R,s,nQ", "order_quantity": 12, "pack_size": 12, "expected": 7,
          "interval": 8.0, "unit": "day", "safety_stock": 2, "undershoot": 0, "target": "cycle_service_level",
          "target_rate": 0.95, "by_hand": False}  # fmt: skip


@dataclass
class Shop:
    """What the rows stand around; products and levels are made once for each n."""

    warehouse: Warehouse
    supplier: Supplier
    run: JobRun
    actor: User
    products: dict[int, Product] = field(default_factory=dict)

    def product(self, n: int) -> Product:
        if n not in self.products:
            self.products[n] = Product.objects.create(
                sku=f"ROW-{n}", name=f"=Product {n}", price=9, unit_cost=4, category=Category.objects.get_or_create(
                    name=f"Category {n}")[0],
            )  # fmt: skip
        return self.products[n]

    def level(self, n: int) -> StockLevel:
        return StockLevel.objects.get_or_create(
            product=self.product(n), warehouse=self.warehouse, defaults={"on_hand": 3}
        )[0]

    def item(self, n: int) -> dict[str, Any]:
        return {"product": self.product(n), "warehouse": self.warehouse}


def _user(shop: Shop, n: int) -> User:
    return User.objects.create(username=f"person{n}")


def _movement(shop: Shop, n: int) -> StockMovement:
    return StockMovement.objects.create(
        level=shop.level(n), quantity=3, reason="receipt", effective_at=NOW, actor=shop.actor
    )


def _sale(shop: Shop, n: int) -> SalesOrder:
    channel = SalesChannel.objects.get_or_create(code="web", name="Web")[0]
    order = SalesOrder.objects.create(number=f"S{n}", channel=channel, customer=_customer(shop, n), placed_at=NOW)
    SalesOrderLine.objects.create(order=order, quantity=2, unit_price=9, demand_on=DAY, **shop.item(n))
    return order


def _return(shop: Shop, n: int) -> Return:
    order = _sale(shop, n)
    order.lines.update(shipped=2)
    document = Return.objects.create(number=f"R{n}", order=order)
    ReturnLine.objects.create(document=document, line=order.lines.get(), warehouse=shop.warehouse, quantity=1)
    return document


def _customer(shop: Shop, n: int) -> Customer:
    return Customer.objects.create(external_id=f"C{n}", name=f"Customer {n}")


def _purchase(shop: Shop, n: int) -> PurchaseOrder:
    order = PurchaseOrder.objects.create(number=f"P{n}", supplier=shop.supplier, warehouse=shop.warehouse)
    PurchaseOrderLine.objects.create(order=order, product=shop.product(n), quantity=12, unit_cost=4)
    return order


def _receipt(shop: Shop, n: int) -> Receipt:
    return Receipt.objects.create(line=_purchase(shop, n).lines.get(), quantity=5, received_at=NOW)


def _day(shop: Shop, n: int) -> DailyDemand:
    series = DemandSeries.objects.create(first_on=DAY, **shop.item(n))
    return DailyDemand.objects.create(series=series, on_date=DAY, demand=2, sales=2, price=9)


def _forecast(shop: Shop, n: int) -> Forecast:
    names = ("mean", "q50", "q80", "q90", "q95", "q98", "q99")
    return Forecast.objects.create(
        run=shop.run, method="moving_average", first_on=DAY, mean=[1.0], quantiles=[[1, 2, 3, 4, 5]],
        lead_time_demand_grid=[], **{f"lead_time_demand_{name}": 1.0 for name in names}, **shop.item(n),
    )  # fmt: skip


def _aggregate(shop: Shop, n: int) -> AggregateForecast:
    return AggregateForecast.objects.create(
        run=shop.run, level="category", key=f"Tea {n}", category=shop.product(n).category, warehouse=shop.warehouse,
        items=2, method="naive", first_on=DAY, mean=[1.0], quantiles=[[1, 2, 3, 4, 5]], total_mean=1.0,
        total_quantiles=[1, 2, 3, 4, 5, 6], own_total_mean=1.1,
    )  # fmt: skip


def _launch(shop: Shop, n: int) -> Launch:
    return Launch.objects.create(
        run=shop.run, look_alikes=[["ROW-9", 0.5]], daily_start=1, daily_now=2, own_share=0.5, **shop.item(n)
    )


def _version(shop: Shop, n: int) -> ModelVersion:
    run = JobRun.objects.create(kind="nightly", business_date=DAY + timedelta(days=n + 1), state="published")
    return ModelVersion.objects.create(
        run=run, kind="retrain", trained_on=DAY, reason="age", score=0.2, other_score=0.3
    )


def _override(shop: Shop, n: int) -> Override:
    return Override.objects.create(
        first_on=DAY, last_on=DAY, kind="percent", amount=20, reason="advertised", made_by=shop.actor, made_at=NOW,
        **shop.item(n),
    )  # fmt: skip


def _value_added(shop: Shop, n: int) -> ForecastValueAdded:
    return ForecastValueAdded.objects.create(
        override=_override(shop, n), run=shop.run, first_on=DAY, last_on=DAY, days=[[0, 1.0, 2.0, 2.4]], naive=1,
        model=2, overridden=2.4, actual=3, evaluated_on=DAY, **shop.item(n),
    )  # fmt: skip


def _reorder_point(shop: Shop, n: int) -> ReorderPoint:
    return ReorderPoint.objects.create(
        run=shop.run, supplier=shop.supplier, rule="R,s,nQ", cycle_service_level=0.95, lead_time_days=7.0,
        review_period_days=1, lead_time_demand=7.0, quantile=9, safety_stock=2, reorder_point=9, order_quantity=12,
        order_up_to_level=21, **shop.item(n),
    )  # fmt: skip


def _suggestion(shop: Shop, n: int) -> Suggestion:
    return Suggestion.objects.create(
        run=shop.run, supplier=shop.supplier, quantity=12, unit_cost=4, cost=48, margin_at_risk=30,
        reason_code="order_lots", reason_terms=REASON, **shop.item(n),
    )  # fmt: skip


def _position(shop: Shop, n: int) -> InventoryPosition:
    return InventoryPosition.objects.create(
        level=shop.level(n), supplier=shop.supplier, stock_status="order", stock_value=12, margin_at_risk=30,
        abc="A", xyz="X", **shop.item(n),
    )  # fmt: skip


def _alert(shop: Shop, n: int) -> Alert:
    return Alert.objects.create(
        rule="out_of_stock", subject=f"position:{n}", code="out_of_stock_nothing_on_order", opened_on=DAY, seen_on=DAY,
        terms={"sku": f"ROW-{n}", "product": "Product", "warehouse": "Riga", "daily_demand": 2.0},
        money_at_risk=30, **shop.item(n),
    )  # fmt: skip


def _delivery(shop: Shop, n: int) -> Delivery:
    subscription = Subscription.objects.create(user=_user(shop, n), warehouse=shop.warehouse)
    return Delivery.objects.create(subscription=subscription, business_date=DAY, message_id=f"m{n}", subject="s")


def _count_line(shop: Shop, n: int) -> CountLine:
    count = StockCount.objects.create(number=f"C{n}", warehouse=shop.warehouse, kind="list", opened_by=shop.actor)
    return CountLine.objects.create(
        count=count, level=shop.level(n), state="counted", expected=5, counted=4, delta=-1, unit_cost=4, cost=-4
    )


def _transfer(shop: Shop, n: int) -> Transfer:
    depot = Warehouse.objects.get_or_create(code="depot", defaults={"name": "Depot"})[0]
    transfer = Transfer.objects.create(number=f"T{n}", source=shop.warehouse, destination=depot)
    TransferLine.objects.create(transfer=transfer, product=shop.product(n), quantity=4)
    return transfer


def _partitioned_run(shop: Shop, n: int) -> JobRun:
    run = JobRun.objects.create(kind="nightly", business_date=date(2026, 2, 1 + n), state="failed")
    JobPartition.objects.create(run=run, step="plan", number=1, state="quarantined", failures=3, error="why")
    return run


ROWS: dict[str, Callable[[Shop, int], Any]] = {
    "alerts.alert": _alert,
    "alerts.channel": lambda shop, n: Channel.objects.create(name=f"Channel {n}", url="https://hooks.example/in"),
    "alerts.delivery": _delivery,
    "alerts.rulesetting": lambda shop, n: RuleSetting.objects.create(rule=f"rule{n}"),
    "alerts.subscription": lambda shop, n: Subscription.objects.create(user=_user(shop, n), warehouse=shop.warehouse),
    "catalog.category": lambda shop, n: shop.product(n).category,
    "catalog.product": lambda shop, n: shop.product(n),
    "catalog.promotion": lambda shop, n: Promotion.objects.create(
        product=shop.product(n), starts_on=DAY, ends_on=DAY, announced_on=DAY
    ),
    "catalog.supplier": lambda shop, n: Supplier.objects.create(code=f"ROW{n}", name=f"Supplier {n}"),
    "catalog.supplierproduct": lambda shop, n: SupplierProduct.objects.create(
        supplier=shop.supplier, product=shop.product(n), unit_cost=4
    ),
    "common.apitoken": lambda shop, n: ApiToken.objects.issue(user=_user(shop, n), name=f"token {n}")[0],
    "common.audit": lambda shop, n: Audit.objects.create(
        actor=shop.actor, action="x", subject_type="y", subject_key=str(n)
    ),
    "common.importjob": lambda shop, n: ImportJob.objects.create(
        kind="sales", file_name=f"{n}.csv", fingerprint=str(n), requested_by=shop.actor
    ),
    "common.jobrun": _partitioned_run,
    "common.shopsettings": lambda shop, n: ShopSettings.objects.get_or_create(pk=1)[0],
    "common.user": _user,
    "forecasting.accuracy": lambda shop, n: Accuracy.objects.create(
        run=shop.run, method="croston", wape=0.4, **shop.item(n)
    ),
    "forecasting.aggregateforecast": _aggregate,
    "forecasting.anomaly": lambda shop, n: Anomaly.objects.create(
        kind="spike",
        expected=5.2,
        seen=40,
        score=7.0,
        first_on=DAY,
        last_on=DAY,
        found_on=DAY,
        seen_on=DAY,
        **shop.item(n),
    ),
    "forecasting.forecast": _forecast,
    "forecasting.launch": _launch,
    "forecasting.modelversion": _version,
    "forecasting.segment": lambda shop, n: Segment.objects.create(
        abc="A",
        xyz="X",
        pattern="smooth",
        since_on=DAY,
        judged_on=DAY,
        measures={"gap": 1.0, "variation": 0.2},
        kept={"abc": "B"},
        **shop.item(n),
    ),
    "forecasting.forecastvalueadded": _value_added,
    "forecasting.override": _override,
    "forecasting.datarule": lambda shop, n: DataRule.objects.create(missing="unknown", **shop.item(n)),
    "forecasting.methodchoice": lambda shop, n: MethodChoice.objects.create(methods=["arima"], **shop.item(n)),
    "forecasting.methodtrial": lambda shop, n: MethodTrial.objects.create(
        run=shop.run, method="arima", error=3.0, automatic_error=4.0, **shop.item(n)
    ),
    "forecasting.signal": lambda shop, n: Signal.objects.create(
        name="rain", warehouse=shop.warehouse, on_date=DAY + timedelta(days=n), value=3.5, known_on=DAY
    ),
    "forecasting.signalkind": lambda shop, n: SignalKind.objects.create(name=f"signal-{n}"),
    "orders.cartevent": lambda shop, n: CartEvent.objects.create(kind="add", at=NOW, **shop.item(n)),
    "orders.customer": _customer,
    "orders.dailydemand": _day,
    "orders.dailyinterest": lambda shop, n: DailyInterest.objects.create(
        on_date=DAY, views=9, adds=3, abandoned=1, **shop.item(n)
    ),
    "orders.purchaseorder": _purchase,
    "orders.receipt": _receipt,
    "orders.deliveryfinding": lambda shop, n: DeliveryFinding.objects.create(
        order=_purchase(shop, n), code="smudged", quantity=2, found_at=NOW, actor=shop.actor
    ),
    "orders.return": _return,
    "orders.saleschannel": lambda shop, n: SalesChannel.objects.create(code=f"c{n}", name=f"Channel {n}"),
    "orders.salesorder": _sale,
    "replenishment.inventoryposition": _position,
    "replenishment.kpisnapshot": lambda shop, n: KpiSnapshot.objects.create(
        warehouse=shop.warehouse, on_date=date(2026, 2, 1 + n), stock_value=10
    ),
    "replenishment.supplierscore": lambda shop, n: SupplierScore.objects.create(
        supplier=Supplier.objects.create(code=f"scored-{n}", name=f"Scored {n}"),
        until_on=DAY,
        window_days=365,
        on_time_rate=0.9,
        in_full_rate=1.0,
        price_rate=1.05,
        late_lines=n,
        late_by_days=4.0 if n % 2 else None,
    ),
    "replenishment.leadtime": lambda shop, n: LeadTime.objects.create(
        run=shop.run, supplier=shop.supplier, product=shop.product(n), mean_days=7, std_days=1, distribution=[]
    ),
    "replenishment.policy": lambda shop, n: Policy.objects.create(**shop.item(n)),
    "replenishment.policymodechange": lambda shop, n: PolicyModeChange.objects.create(
        policy=Policy.objects.get_or_create(**shop.item(n))[0],
        holds_for=f"Policy {n}",
        warehouse=shop.warehouse,
        from_mode="shadow",
        to_mode="suggest",
        reason="by_hand",
        changed_by=shop.actor,
        changed_on=DAY,
    ),
    "replenishment.reorderpoint": _reorder_point,
    "replenishment.suggestion": _suggestion,
    "replenishment.transferlane": lambda shop, n: TransferLane.objects.create(
        source=shop.warehouse, destination=Warehouse.objects.create(code=f"lane-{n}", name=f"Lane {n}"), days=2
    ),
    "stock.allocation": lambda shop, n: Allocation.objects.create(
        level=shop.level(n), quantity=1, holder=uuid.UUID(int=n)
    ),
    "stock.closedday": lambda shop, n: ClosedDay.objects.create(
        warehouse=shop.warehouse, on_date=DAY + timedelta(days=n), reason="stock-taking"
    ),
    "stock.bin": lambda shop, n: Bin.objects.create(warehouse=shop.warehouse, code=f"A-{n}"),
    "stock.stockcount": lambda shop, n: _count_line(shop, n).count,
    "stock.countline": _count_line,
    "stock.countneed": lambda shop, n: CountNeed.objects.create(
        level=shop.level(n), rank=n + 1, seconds=45, cost=3, due_on=DAY, turn_on=DAY, planned_on=DAY, why=[["days", 3]]
    ),
    "stock.countentry": lambda shop, n: CountEntry.objects.create(
        count=_count_line(shop, n).count, sent={"code": "smudged"}, problem="unknown", captured_at=NOW
    ),
    "stock.setaside": lambda shop, n: SetAside.objects.create(
        level=shop.level(n), quantity=1, reason="damaged", effective_at=NOW, actor=shop.actor
    ),
    "stock.stocklevel": lambda shop, n: shop.level(n),
    "stock.stockmovement": _movement,
    "stock.transfer": _transfer,
    "stock.warehouse": lambda shop, n: (
        shop.warehouse if n == 0 else Warehouse.objects.create(code=f"w{n}", name=f"Warehouse {n}")
    ),
    "stock.warehouseaccess": lambda shop, n: WarehouseAccess.objects.create(
        user=_user(shop, n), warehouse=shop.warehouse, role="viewer"
    ),
}
