"""What is missing or wrong in the shop's data, so that its plan stands on guesses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from alerts.models import Severity
from alerts.rules.base import Action, AlertRule, Finding, Threshold, register
from catalog.models import Product, SupplierProduct
from orders.models import DailyDemand
from replenishment.models import InventoryPosition
from stock.models import ClosedDay, Warehouse

NAMED = 5
WEEKS = 8


@register
class DataQuality(AlertRule):
    code, label = "data_quality", _("Data that is missing or wrong")
    severity, action = Severity.WARNING, Action.CHECK
    thresholds = {
        "gap_pieces": Threshold(
            20, _("pieces on a usual day, at least"),
            _("A day without any sale is a gap where its weekday usually sells so many."), 1,
        )
    }  # fmt: skip
    sentences = {
        "without_cost": _(
            "Products without a cost: %(count)s (%(skus)s). Their margin and what to buy of them are guesses. Enter "
            "their unit cost or the terms of a supplier."
        ),
        "without_supplier": _(
            "Products without a supplier: %(count)s (%(skus)s). They are planned and cannot be ordered. Enter who "
            "sells them."
        ),
        "price_below_cost": _(
            "Products sold for less than they cost: %(count)s (%(skus)s). Look at price and cost of each."
        ),
        "same_barcode": _("Products with the barcode of another: %(count)s (%(skus)s). A scan cannot tell them apart."),
        "same_name": _("Products with the name of another: %(count)s (%(skus)s). Are they the same, entered twice?"),
        "demand_gap": _(
            "Days in %(warehouse)s without any sale on which some %(pieces)s pieces are usual: %(days)s, the last on "
            "%(last_on)s. Were the orders of these days imported? If the shop was closed, enter the days as closed."
        ),
    }

    def findings(self):
        stocked = Product.objects.filter(is_active=True).filter(Exists(_positions()))
        bought = SupplierProduct.objects.filter(product=OuterRef("pk"))
        yield from self._about(
            "without_cost", stocked.filter(unit_cost=0).exclude(Exists(bought.filter(unit_cost__gt=0)))
        )
        yield from self._about("without_supplier", stocked.exclude(Exists(bought.filter(supplier__is_active=True))))
        yield from self._about("price_below_cost", stocked.filter(price__gt=0, price__lt=F("unit_cost")))
        active = Product.objects.filter(is_active=True)
        yield from self._about("same_barcode", active.exclude(barcode="").filter(Exists(_others("barcode"))))
        named = active.annotate(plain=Lower("name")).filter(plain__in=_repeated_names())
        yield from self._about("same_name", named)
        yield from self._gaps()

    def _about(self, code: str, products: QuerySet[Product]) -> Iterator[Finding]:
        skus = list(products.order_by("sku").values_list("sku", flat=True))
        if skus:
            shown = ", ".join(skus[:NAMED]) + (" …" if len(skus) > NAMED else "")
            yield Finding(f"quality:{code}", {"count": len(skus), "skus": shown}, code=code)

    def _gaps(self) -> Iterator[Finding]:
        names = dict(Warehouse.objects.values_list("pk", "name"))
        closed = set(ClosedDay.objects.values_list("warehouse", "on_date"))
        for place, sold in self._sold().items():
            usual = _usual(sold, self.today)
            gaps = [
                day
                for day in self._days()
                if not sold.get(day)
                and usual[day.weekday()] >= self.threshold("gap_pieces", place)
                and (place, day) not in closed
            ]
            if gaps:
                pieces = round(sum(usual[day.weekday()] for day in gaps) / len(gaps))
                terms = {
                    "warehouse": names[place], "days": len(gaps), "pieces": pieces, "last_on": max(gaps).isoformat(),
                }  # fmt: skip
                yield Finding(f"quality:gap:{place}", terms, code="demand_gap", warehouse_id=place)

    def _days(self) -> Iterator[date]:
        return (self.today - timedelta(days=back) for back in range(1, 7 * WEEKS + 1))

    def _sold(self) -> dict[int, dict[date, int]]:
        since = self.today - timedelta(weeks=WEEKS)
        rows = DailyDemand.objects.filter(on_date__gte=since, on_date__lt=self.today).order_by()
        sold: dict[int, dict[date, int]] = defaultdict(dict)
        for place, day, pieces in rows.values_list("series__warehouse", "on_date").annotate(Sum("demand")):
            sold[place][day] = pieces
        return sold


def _positions() -> QuerySet[InventoryPosition]:
    return InventoryPosition.objects.filter(Q(daily_demand__gt=0) | Q(stock_value__gt=0), product=OuterRef("pk"))


def _others(field: str) -> QuerySet[Product]:
    same = Product.objects.filter(is_active=True, **{field: OuterRef(field)})
    return same.exclude(pk=OuterRef("pk"))


def _repeated_names() -> QuerySet:
    names = Product.objects.filter(is_active=True).annotate(plain=Lower("name")).order_by().values("plain")
    return names.annotate(n=Count("pk")).filter(n__gt=1).values("plain")


def _usual(sold: dict[date, int], today: date) -> list[float]:
    """By weekday the median of the last weeks, days without a sale included."""
    usual = []
    for weekday in range(7):
        days = [today - timedelta(days=back) for back in range(1, 7 * WEEKS + 1)]
        pieces = sorted(sold.get(day, 0) for day in days if day.weekday() == weekday)
        usual.append(float(pieces[len(pieces) // 2]))
    return usual
