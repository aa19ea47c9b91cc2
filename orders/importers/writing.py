"""Pass 2: write a checked file in short transactions, keyed by the line, so that it can be run again after a kill."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from catalog.models import Product
from inventory_site.common import audit
from inventory_site.common.bulk import insert_rows
from inventory_site.common.models import ShopSettings
from inventory_site.common.tables import ImportRefused
from orders.demand import mark_dirty
from orders.importers import known
from orders.importers.cells import PRICE_SCALE
from orders.importers.days import twice_if_beaten, write_days
from orders.importers.formats import Kind
from orders.importers.known import KnownLine, batches
from orders.importers.lines import NOTHING, line_key
from orders.importers.options import Progress, no_progress
from orders.importers.sales_file import FileLine, OrderName, SalesFile
from orders.models import Customer, SalesChannel, SalesOrder, SalesOrderLine, Source
from orders.money import line_amount
from stock.models import Warehouse

LINES_AT_ONCE = 2000
ROWS_AT_ONCE = 500
LINE_COLUMNS = (
    "order_id", "product_id", "warehouse_id", "holder", "quantity", "shipped", "cancelled", "unit_price", "amount",
    "demand_on", "import_key",
)  # fmt: skip


def write_sales(
    *, file: SalesFile, skip_bad_rows: bool = False, actor: Any = None, progress: Progress = no_progress
) -> dict[str, int]:
    """Write what ``check_sales`` found and return how much; writing the same file again changes nothing.

    Not one transaction but many short ones: after a kill, check and write the file once more.
    """
    if file.report.bad_rows and not skip_bad_rows:
        raise ImportRefused(
            _("%(count)d bad rows: nothing was written. Mend them, or leave them out.")
            % {"count": file.report.bad_rows}
        )
    written = Counter(products=0, orders=0, lines=0, changed=0, corrections=0, days=0)
    _make_warehouses(file)
    writer = _LineWriter(file, _make_products(file, written), written)
    writer.write(progress)
    write_days(file, writer.products, written, progress)
    file.report.written = dict(written)
    _record(file, actor)
    return file.report.written


def _record(file: SalesFile, actor: Any) -> None:
    channel = SalesChannel.objects.filter(code__in=file.channels).first()
    if channel and any(file.report.written.values()):
        audit.record(actor=actor, action="orders.import_sales", subject=channel, changes=file.report.written)


def _make_warehouses(file: SalesFile) -> None:
    for number, warehouse in enumerate(file.warehouses.chosen):
        if warehouse.pk is None:
            made, _is_new = Warehouse.objects.get_or_create(
                code=warehouse.code, defaults={"name": warehouse.name, "time_zone": warehouse.time_zone}
            )
            file.warehouses.chosen[number] = made


def _make_products(file: SalesFile, written: Counter) -> dict[str, int]:
    """Primary keys by SKU in upper case; what is sold and not known yet is made."""
    there = known.products_by_sku()
    prices = _last_prices(file)
    new = [
        Product(sku=sku, name=_most_frequent_name(file, number) or sku, price=prices.get(number, 0), source="import")
        for number, sku in enumerate(file.skus.things)
        if number in prices and sku.upper() not in there
    ]
    for part in batches(new, ROWS_AT_ONCE):
        Product.objects.bulk_create(part, ignore_conflicts=True)
    written["products"] = len(new)
    return known.products_by_sku() if new else there


def _most_frequent_name(file: SalesFile, number: int) -> str:
    names = file.names.get(number)
    return names.most_common(1)[0][0][:200] if names else ""


def _last_prices(file: SalesFile) -> dict[int, Decimal]:
    """The price of the latest sale that had one, for every SKU that was sold."""
    columns, sales = file.columns, file.places(Kind.SALE)
    in_time = sales[np.lexsort((columns["at"][sales], columns["price"][sales] > 0))]
    last = dict(zip(columns["sku"][in_time].tolist(), columns["price"][in_time].tolist(), strict=True))
    return {sku: (Decimal(price) / PRICE_SCALE).quantize(Decimal("0.01")) for sku, price in last.items()}


class _LineWriter:
    """Writes orders and their lines, batch by batch."""

    def __init__(self, file: SalesFile, products: dict[str, int], written: Counter):
        self.file, self.products, self.written = file, products, written
        self.currency = ShopSettings.objects.load().currency
        self.sales = file.places(Kind.SALE)
        self.channels = self._make_channels()
        self.customers = self._make_customers()
        self.placed = self._placed()

    def _make_channels(self) -> dict[str, int]:
        rows = [SalesChannel(code=code, name=name) for code, name in self.file.channels.items()]
        SalesChannel.objects.bulk_create(rows, ignore_conflicts=True)
        return dict(SalesChannel.objects.filter(code__in=self.file.channels).values_list("code", "pk"))

    def _make_customers(self) -> dict[str, int]:
        wanted = np.unique(self.file.columns["customer"][self.sales])
        names = [self.file.customers.things[number] for number in wanted.tolist() if number != NOTHING]
        found = _customers(names)
        for part in batches([name for name in names if name not in found], ROWS_AT_ONCE):
            Customer.objects.bulk_create([Customer(external_id=name) for name in part], ignore_conflicts=True)
            found |= _customers(part)
        return found

    def _placed(self) -> np.ndarray:
        """The earliest moment of each order's sales."""
        placed = np.full(len(self.file.orders), np.iinfo(np.int64).max)
        np.minimum.at(placed, self.file.columns["order"][self.sales], self.file.columns["at"][self.sales])
        return placed

    def write(self, progress: Progress) -> None:
        done, total = 0, len(self.sales)
        for part in batches(self.file.lines(self.sales.tolist()), LINES_AT_ONCE):
            self.written.update(twice_if_beaten(lambda part=part: self._write(part)))
            done += len(part)
            progress("lines", done, total)

    def _write(self, part: Sequence[FileLine]) -> Counter:
        there = known.imported_lines([line.key for line in part])
        new = [line for line in part if line.key not in there]
        changed = [line for line in part if line.key in there and self.file.differs(line, there[line.key])]
        for line in changed:
            self._change(line, there[line.key])
        orders, made = self._orders(new)
        insert_rows(SalesOrderLine, LINE_COLUMNS, (self._row(line, orders[line.order]) for line in new))
        return Counter(orders=made, lines=len(new), changed=len(changed))

    def _row(self, line: FileLine, order_id: int) -> tuple:
        price = Decimal(line.price) / PRICE_SCALE
        return (
            order_id, self._product(line), self._warehouse(line), uuid.uuid4(), line.quantity, line.quantity, 0, price,
            line_amount(line.quantity, price), line.day, line.key,
        )  # fmt: skip

    def _product(self, line: FileLine) -> int:
        return self.products[self.file.skus.things[line.sku].upper()]

    def _warehouse(self, line: FileLine) -> int:
        return self.file.warehouses.chosen[line.warehouse].pk

    def _change(self, line: FileLine, before: KnownLine) -> None:
        """The file's word replaces the earlier one; the day that loses the sale is closed again by the next night."""
        price = Decimal(line.price) / PRICE_SCALE
        SalesOrderLine.objects.filter(import_key=line.key).update(
            warehouse=self._warehouse(line), quantity=line.quantity, shipped=line.quantity,
            unit_price=price, amount=line_amount(line.quantity, price), demand_on=line.day,
        )  # fmt: skip
        if (before.warehouse_id, before.day) != (self._warehouse(line), line.day):
            mark_dirty(product_id=self._product(line), warehouse_id=before.warehouse_id, on_date=before.day)

    def _orders(self, lines: Iterable[FileLine]) -> tuple[dict[int, int], int]:
        """The primary keys of these rows' orders, by the order's number in the file, and how many had to be made."""
        wanted = dict.fromkeys(line.order for line in lines)
        found = self._find_orders(wanted)
        new = [self._new_order(number) for number in wanted if number not in found]
        if new:
            SalesOrder.objects.bulk_create(new, ignore_conflicts=True)
            found = self._find_orders(wanted)
        return found, len(new)

    def _find_orders(self, wanted: Iterable[int]) -> dict[int, int]:
        by_name = {self._name_in_channel(number): number for number in wanted}
        channels, names = {channel for channel, _name in by_name}, [name for _channel, name in by_name]
        rows = SalesOrder.objects.filter(channel__in=channels, external_id__in=names)
        told = rows.values_list("channel_id", "external_id", "pk")
        return {by_name[channel, name]: pk for channel, name, pk in told if (channel, name) in by_name}

    def _name_in_channel(self, number: int) -> tuple[int, str]:
        order: OrderName = self.file.orders.things[number]
        return self.channels[order.channel], order.number

    def _new_order(self, number: int) -> SalesOrder:
        order: OrderName = self.file.orders.things[number]
        customer = self.file.customers.things[order.customer] if order.customer != NOTHING else None
        return SalesOrder(
            number=_document_number(order),
            channel_id=self.channels[order.channel],
            external_id=order.number,
            customer_id=self.customers.get(customer),
            state=SalesOrder.State.CLOSED,
            source=Source.IMPORT,
            currency=self.currency,
            placed_at=datetime.fromtimestamp(int(self.placed[number]), UTC),
        )


def _document_number(order: OrderName) -> str:
    """Readable where it fits and may stand in an address; a channel's code has no colon, so it is unique."""
    number = f"{order.channel}:{order.number}"
    return number if len(number) <= 64 and not set(number) & set("/.?") else f"{order.channel}:{line_key(number)}"


def _customers(names: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in batches(names, ROWS_AT_ONCE):
        found |= dict(Customer.objects.filter(external_id__in=part).values_list("external_id", "pk"))
    return found
