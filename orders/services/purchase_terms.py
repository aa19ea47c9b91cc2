"""What a supplier asks of an order: prices at a quantity, minimums, packs, days on which orders are taken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from catalog.models import Product, Supplier, SupplierProduct
from inventory_site.common.models import ShopSettings
from inventory_site.common.numbers import amount
from orders.models import PurchaseOrder, PurchaseOrderLine
from orders.money import line_amount
from orders.order_days import order_days_of


@dataclass(frozen=True)
class Terms:
    """How one supplier sells one product; ``price_breaks`` are (from pieces, unit cost), rising."""

    unit_cost: Decimal
    min_order_quantity: int = 1
    pack_size: int = 1
    price_breaks: tuple[tuple[int, Decimal], ...] = ()

    def unit_cost_at(self, quantity: int) -> Decimal:
        """What one piece costs where so many are ordered.

        >>> Terms(Decimal(4), price_breaks=((10, Decimal(3)), (50, Decimal(2)))).unit_cost_at(49)
        Decimal('3')
        """
        reached = [cost for least, cost in self.price_breaks if quantity >= least]
        return reached[-1] if reached else self.unit_cost


@dataclass(frozen=True)
class Problem:
    """What the supplier will not like of an order; a blocking one is confirmed only on purpose."""

    code: str
    sentence: str
    is_blocking: bool = False
    tells_cost: bool = False

    def __str__(self) -> str:
        return self.sentence


def terms_of(supplier: Supplier, products: Iterable[Product]) -> dict[int, Terms]:
    """Each product's terms with this supplier, by primary key; its usual cost where none are entered."""
    wanted = {product.pk: product for product in products}
    rows = SupplierProduct.objects.filter(supplier=supplier, product__in=wanted).prefetch_related("price_breaks")
    known = {
        row.product_id: Terms(
            row.unit_cost, row.min_order_quantity, row.pack_size,
            tuple(sorted((step.min_quantity, step.unit_cost) for step in row.price_breaks.all())),
        )
        for row in rows
    }  # fmt: skip
    return {pk: known.get(pk) or Terms(product.unit_cost) for pk, product in wanted.items()}


def local_today(order: PurchaseOrder) -> date:
    """The business day in the warehouse that the goods go to."""
    return ShopSettings.objects.load().now().astimezone(ZoneInfo(order.warehouse.time_zone)).date()


def problems_of(order: PurchaseOrder, *, on: date | None = None) -> list[Problem]:
    """What speaks against confirming the order on that day (today); empty where it meets the supplier's terms."""
    lines = list(order.lines.select_related("product").order_by("pk"))
    terms = terms_of(order.supplier, [line.product for line in lines])
    found = [problem for line in lines for problem in _lots(line, terms[line.product_id])]
    return [*found, *_value(order, lines), *_weekday(order.supplier, on or local_today(order))]


def _lots(line: PurchaseOrderLine, terms: Terms) -> Iterable[Problem]:
    told = {"sku": line.product.sku, "asked": line.quantity}
    if line.quantity < terms.min_order_quantity:
        sentence = _("%(sku)s: %(asked)d ordered, the supplier's minimum is %(least)d.")
        yield Problem("min_order_quantity", sentence % (told | {"least": terms.min_order_quantity}), is_blocking=True)
    if line.quantity % line.pack_size:
        fewer = line.quantity - line.quantity % line.pack_size
        sentence = _("%(sku)s: %(asked)d are not whole packs of %(pack)d: order %(fewer)d or %(more)d.")
        if not fewer:
            sentence = _("%(sku)s: %(asked)d are not whole packs of %(pack)d: order %(more)d.")
        told |= {"pack": line.pack_size, "fewer": fewer, "more": fewer + line.pack_size}
        yield Problem("pack_size", sentence % told, is_blocking=True)


def _value(order: PurchaseOrder, lines: Iterable[PurchaseOrderLine]) -> Iterable[Problem]:
    value = sum((line_amount(line.quantity, line.unit_cost) for line in lines), Decimal(0))
    least = order.supplier.minimum_order_cost
    if value < least:
        sentence = _("The order is worth %(value)s %(currency)s, %(supplier)s delivers from %(least)s on.") % {
            "value": amount(value), "least": amount(least), "supplier": order.supplier,
            "currency": ShopSettings.objects.load().currency,
        }  # fmt: skip
        yield Problem("minimum_order_cost", sentence, tells_cost=True)


def _weekday(supplier: Supplier, today: date) -> Iterable[Problem]:
    following = order_days_of([supplier])[supplier.pk].next(today)
    if following == today:
        return
    told = {
        "supplier": supplier,
        "days": ", ".join(str(WEEKDAYS[n]) for n in sorted(supplier.order_weekdays)),
        "day": date_format(following, "SHORT_DATE_FORMAT"),
    }
    sentence = _("%(supplier)s takes orders on %(days)s; the next such day is %(day)s.")
    if not supplier.order_weekdays or today.weekday() in supplier.order_weekdays:
        sentence = _("%(supplier)s takes no orders on this day; the next day that it does is %(day)s.")
    yield Problem("order_weekday", sentence % told)
