"""The demo shop as database rows: catalog, people, closed orders, daily demand, purchases, returns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import islice
from uuid import uuid4
from zoneinfo import ZoneInfo

import numpy as np
from django.db.models import Model
from django.utils.translation import gettext as _

from catalog.models import Category, Product, Promotion, Supplier, SupplierProduct
from inventory_site.common.bulk import insert_rows
from orders.models import (
    DailyDemand,
    DemandCorrection,
    DemandSeries,
    PurchaseOrder,
    PurchaseOrderLine,
    Receipt,
    SalesChannel,
    SalesOrder,
    SalesOrderLine,
    Source,
)
from orders.money import line_amount
from stock.models import StockLevel, StockSnapshot, Warehouse

from .names import barcode
from .promotions import AHEAD_WEEKS
from .sales import WAREHOUSE_SHARES, Shop
from .simulation import Simulation
from .story import Orders
from .suppliers import LATE, SECOND_SOURCE, SECOND_SOURCE_EVERY, SECOND_SOURCE_MARKUP, SUPPLIERS

PRODUCT_SOURCE = "demo"
ZONE, COUNTRY, CURRENCY = "America/New_York", "US", "USD"
#: Moments of a day, as a share of it.
PLACED_AT, ORDERED_AT = 0.5, 0.75
#: So many rows are built at once: all of them would take several hundred MB.
BATCH_ROWS = 4000
#: As early as the plan reaches ahead, so that every planned promotion is known on the last day.
PROMOTIONS_KNOWN_DAYS = 7 * AHEAD_WEEKS
CENT, MONEY = Decimal("0.01"), Decimal("0.0001")
RATE_DIGITS = 4


@dataclass
class Books:
    """The shop, its simulation, and the rows already made, each in the order of its arrays."""

    shop: Shop
    simulation: Simulation
    orders: Orders
    products: list[Product]
    warehouses: list[Warehouse]
    suppliers: list[Supplier]

    @cached_property
    def days(self) -> list[date]:
        return [self.shop.day(day) for day in range(self.simulation.demand.shape[1])]

    @cached_property
    def midnights(self) -> list[datetime]:
        """When each day begins, and the last one ends."""
        days = (self.shop.day(day) for day in range(len(self.days) + 1))
        return [datetime.combine(day, time(0), tzinfo=ZoneInfo(ZONE)).astimezone(UTC) for day in days]

    def during(self, day: int, share: float) -> datetime:
        """The moment at which ``share`` of the day is over; days on which the clock changes are shorter or longer."""
        begins, ends = self.midnights[day : day + 2]
        return begins + share * (ends - begins)

    @cached_property
    def keys(self) -> list[tuple[int, int]]:
        """Primary keys of each series' product and warehouse."""
        places = zip(self.simulation.product.tolist(), self.simulation.warehouse.tolist(), strict=True)
        return [(self.products[product].pk, self.warehouses[warehouse].pk) for product, warehouse in places]


def _create(model: type[Model], rows: Iterable[Model]) -> Iterator[list[Model]]:
    """Write the rows batch by batch, and hand each batch back with its primary keys."""
    rows = iter(rows)
    while batch := list(islice(rows, BATCH_ROWS)):
        yield model._default_manager.bulk_create(batch)


def write_warehouses() -> list[Warehouse]:
    names = {"CENTRAL": _("Central warehouse"), "NORTH": _("North warehouse"), "SOUTH": _("South warehouse")}
    return Warehouse.objects.bulk_create(
        Warehouse(code=code, name=names[code], country=COUNTRY, time_zone=ZONE, priority=10 * (place + 1))
        for place, code in enumerate(WAREHOUSE_SHARES)
    )


def write_products(shop: Shop, unit_cost: np.ndarray) -> list[Product]:
    categories = {name: Category(name=name) for name in sorted({p.category for p in shop.products})}
    Category.objects.bulk_create(categories.values())
    return Product.objects.bulk_create(
        Product(
            sku=real.sku, name=real.name, category=categories[real.category], price=real.price,
            unit_cost=_money(cost), source=PRODUCT_SOURCE, barcode=barcode(real.sku),
        )
        for real, cost in zip(shop.products, unit_cost, strict=True)
    )  # fmt: skip


def write_suppliers() -> list[Supplier]:
    """Those of ``SUPPLIERS`` in their order, then the second source; their numbers and addresses are nobody's."""
    return Supplier.objects.bulk_create(
        Supplier(
            code=s.code, name=s.label, lead_time_days=s.lead_time_days, review_period_days=s.review_period_days,
            minimum_order_cost=s.minimum_order_cost, phone=f"+1 555 01{n:02d}",
            email=f"orders@{s.code.lower()}.example",
        )
        for n, s in enumerate((*SUPPLIERS, SECOND_SOURCE))
    )  # fmt: skip


def write_terms(books: Books) -> None:
    terms = books.simulation.terms
    rows = [
        SupplierProduct(
            supplier=books.suppliers[terms.supplier[place]], product=product, unit_cost=product.unit_cost,
            min_order_quantity=int(terms.min_order_quantity[place]), pack_size=int(terms.pack_size[place]),
            is_preferred=True,
        )
        for place, product in enumerate(books.products)
    ]  # fmt: skip
    dearer = Decimal(str(SECOND_SOURCE_MARKUP))
    late = np.flatnonzero(terms.supplier == LATE)
    rows += [
        SupplierProduct(supplier=books.suppliers[-1], product=product, unit_cost=_money(product.unit_cost * dearer))
        for product in (books.products[place] for place in late[::SECOND_SOURCE_EVERY])
    ]
    SupplierProduct.objects.bulk_create(rows)


def write_promotions(books: Books) -> None:
    """Real ones under how they were advertised; the planned ones say that they are simulated."""
    Promotion.objects.bulk_create(
        Promotion(
            product=books.products[p.product],
            name=_promotion_name(p.in_mailer, p.on_display, p.is_planned),
            starts_on=p.starts_on,
            ends_on=p.ends_on,
            price=max(CENT, (books.products[p.product].price * Decimal(str(1 - p.discount_rate))).quantize(CENT)),
            announced_on=p.starts_on - timedelta(days=PROMOTIONS_KNOWN_DAYS),
        )
        for p in books.shop.promotions
    )


def _promotion_name(in_mailer: bool, on_display: bool, is_planned: bool) -> str:
    if in_mailer and on_display:
        name = _("Mailer and display")
    else:
        name = _("Mailer") if in_mailer else _("Display")
    return _("%(name)s, planned (simulated)") % {"name": name} if is_planned else name


def write_sales(books: Books) -> None:
    """One closed order a day and warehouse: what was asked, what was shipped, the rest cancelled."""
    channel = SalesChannel.objects.create(code="tills", name=_("Tills: real sales, one order a day"))
    days, warehouses = books.simulation.demand.shape[1], len(books.warehouses)
    orders = SalesOrder.objects.bulk_create(
        SalesOrder(
            number=order_number(books, day, warehouse), channel=channel, state=SalesOrder.State.CLOSED,
            source=Source.IMPORT, currency=CURRENCY, placed_at=books.during(day, PLACED_AT),
        )
        for day in range(days) for warehouse in range(warehouses) if _sold(books, day, warehouse)
    )  # fmt: skip
    order_of = {order.number: order.pk for order in orders}
    columns = ("order_id", "product_id", "warehouse_id", "holder", "quantity", "shipped", "cancelled", "unit_price",
               "amount", "demand_on")  # fmt: skip
    insert_rows(SalesOrderLine, columns, _sales_lines(books, order_of))


def order_number(books: Books, day: int, warehouse: int) -> str:
    return f"{books.warehouses[warehouse].code}-{books.days[day]:%Y%m%d}"


def _sold(books: Books, day: int, warehouse: int) -> bool:
    return bool(books.simulation.demand[books.simulation.warehouse == warehouse, day].any())


def _sales_lines(books: Books, order_of: dict[str, int]) -> Iterator[tuple]:
    simulation = books.simulation
    for day in range(simulation.demand.shape[1]):
        orders = [order_of.get(order_number(books, day, place)) for place in range(len(books.warehouses))]
        for series in np.flatnonzero(simulation.demand[:, day]).tolist():
            asked, shipped = int(simulation.demand[series, day]), int(simulation.shipped[series, day])
            price = _unit_price(books, series, day)
            yield (
                orders[simulation.warehouse[series]], *books.keys[series], uuid4(), asked, shipped, asked - shipped,
                price, line_amount(asked, price), books.days[day],
            )  # fmt: skip


def _unit_price(books: Books, series: int, day: int) -> Decimal:
    """What was really paid for a piece on that day."""
    place = books.simulation.product[series], books.simulation.warehouse[series], day
    return (Decimal(int(books.shop.cents[place])) / (100 * int(books.shop.demand[place]))).quantize(MONEY)


def write_demand(books: Books) -> None:
    """Daily demand as the nightly close would write it: a row where something was asked for or not in stock."""
    all_series = DemandSeries.objects.bulk_create(
        DemandSeries(
            product_id=product, warehouse_id=warehouse, first_on=books.days[first], closed_on=books.shop.last_on
        )
        for (product, warehouse), first in zip(books.keys, books.simulation.first_day.tolist(), strict=True)
    )
    columns = ("series_id", "on_date", "demand", "sales", "price", "stocked_out_rate")
    insert_rows(DailyDemand, columns, _daily_demand(books, all_series))
    DemandCorrection.objects.bulk_create(_corrections(books, all_series))


def _daily_demand(books: Books, all_series: list[DemandSeries]) -> Iterator[tuple]:
    simulation, rates = books.simulation, books.simulation.stocked_out_rate
    for series, row in enumerate(all_series):
        for day in np.flatnonzero((simulation.demand[series] > 0) | (rates[series] > 0)).tolist():
            asked, shipped = int(simulation.demand[series, day]), int(simulation.shipped[series, day])
            price = _unit_price(books, series, day) if asked else None
            yield row.pk, books.days[day], asked, shipped, price, round(float(rates[series, day]), RATE_DIGITS)


def write_snapshots(books: Books) -> None:
    """What the close of each day would have kept: a row where stock or stock-out changed since the day before."""
    levels = StockLevel.objects.values_list("product_id", "warehouse_id", "pk")
    level_of = {(product, warehouse): pk for product, warehouse, pk in levels}
    insert_rows(StockSnapshot, ("level_id", "on_date", "on_hand", "stocked_out_rate"), _snapshots(books, level_of))


def _snapshots(books: Books, level_of: dict[tuple[int, int], int]) -> Iterator[tuple]:
    on_hand, rates = books.simulation.on_hand, np.round(books.simulation.stocked_out_rate, RATE_DIGITS)
    changed = (np.diff(on_hand, axis=1) != 0) | (np.diff(rates, axis=1) != 0)
    for series, first in enumerate(books.simulation.first_day.tolist()):
        level = level_of[books.keys[series]]
        for day in (first, *(first + 1 + np.flatnonzero(changed[series, first:])).tolist()):
            yield level, books.days[day], int(on_hand[series, day]), float(rates[series, day])


def _corrections(books: Books, all_series: list[DemandSeries]) -> Iterator[DemandCorrection]:
    """A return takes its pieces off the day of the sale, but nobody knew before it came back."""
    returns = books.simulation.returns
    columns = (returns.series, returns.sold_day, returns.day, returns.quantity)
    for place, (series, sold, back, quantity) in enumerate(zip(*(c.tolist() for c in columns), strict=True)):
        yield DemandCorrection(
            series_id=all_series[series].pk, on_date=books.days[sold], known_on=books.days[back],
            quantity=quantity, source_key=f"simulated-return-{place}",
        )  # fmt: skip


def write_purchases(books: Books) -> None:
    orders = [order for batch in _create(PurchaseOrder, _purchase_orders(books)) for order in batch]
    lines = [line.pk for batch in _create(PurchaseOrderLine, _purchase_lines(books, orders)) for line in batch]
    receipts = books.simulation.receipts
    columns = zip(receipts.line.tolist(), receipts.quantity.tolist(), receipts.day.tolist(), strict=True)
    rows = ((lines[line], quantity, books.midnights[day]) for line, quantity, day in columns)
    insert_rows(Receipt, ("line_id", "quantity", "received_at"), rows)


def purchase_number(books: Books, order: int) -> str:
    supplier, warehouse = SUPPLIERS[books.orders.supplier[order]], books.warehouses[books.orders.warehouse[order]]
    return f"SIM-{books.days[books.orders.ordered_day[order]]:%Y%m%d}-{warehouse.code}-{supplier.code}"


def _purchase_orders(books: Books) -> Iterator[PurchaseOrder]:
    of_line, count = books.orders.of_line, len(books.orders.supplier)
    wanted, got, closed = (np.zeros(count, int) for _ in range(3))
    np.add.at(wanted, of_line, books.simulation.purchases.quantity)
    np.add.at(got, of_line, books.orders.received)
    np.maximum.at(closed, of_line[books.simulation.receipts.line], books.simulation.receipts.day)
    for order in range(count):
        ordered_at = books.during(books.orders.ordered_day[order], ORDERED_AT)
        state = PurchaseOrder.State.PARTLY_RECEIVED if got[order] else PurchaseOrder.State.CONFIRMED
        if got[order] == wanted[order]:
            state = PurchaseOrder.State.RECEIVED
        yield PurchaseOrder(
            number=purchase_number(books, order), supplier=books.suppliers[books.orders.supplier[order]],
            warehouse=books.warehouses[books.orders.warehouse[order]], state=state, source=Source.SIMULATED,
            reference=_("simulated"), created_at=ordered_at, confirmed_at=ordered_at,
            expected_on=books.shop.day(books.orders.expected_day[order]),
            closed_at=books.midnights[closed[order]] if state == PurchaseOrder.State.RECEIVED else None,
        )  # fmt: skip


def _purchase_lines(books: Books, orders: list[PurchaseOrder]) -> Iterator[PurchaseOrderLine]:
    purchases, terms = books.simulation.purchases, books.simulation.terms
    for line, series in enumerate(purchases.series.tolist()):
        place = books.simulation.product[series]
        yield PurchaseOrderLine(
            order_id=orders[books.orders.of_line[line]].pk, product_id=books.products[place].pk,
            quantity=int(purchases.quantity[line]), received=int(books.orders.received[line]),
            unit_cost=books.products[place].unit_cost, pack_size=int(terms.pack_size[place]),
        )  # fmt: skip


def _money(amount: float | Decimal) -> Decimal:
    return Decimal(str(amount)).quantize(MONEY)
