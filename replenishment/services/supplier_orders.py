"""One supplier's next order in one warehouse: read as a whole, and written to its draft as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
from django.conf import settings
from django.db import transaction
from django.db.models import ExpressionWrapper, F, FloatField, Q, Sum
from django.utils.translation import gettext as _

from catalog.models import Product, Supplier
from forecasting.models import Forecast
from inventory_site.common.errors import StaleVersion
from inventory_site.common.models import ShopSettings, User
from orders import services as orders
from orders.errors import InvalidLines
from orders.models import PurchaseOrder, PurchaseOrderLine
from orders.order_days import order_days_of
from orders.services.common import check_quantity
from orders.services.purchase_terms import Terms, terms_of
from replenishment.joint_orders import Offer, risk
from replenishment.models import InventoryPosition, ReorderPoint, Suggestion
from replenishment.querysets import SuggestionQuerySet
from replenishment.services.acceptances import today_reference
from replenishment.services.decisions import accept_suggestions, reopen_suggestions
from replenishment.services.facts import law_of
from stock.models import Warehouse

#: Items that may join the order without needing to: those that will need it soonest.
CAN_ORDER = 30
MOST_LINES = 1000

BY_MONEY, BY_SKU = ("-margin_at_risk", "pk"), ("product__sku", "pk")

OF_FORECAST = ("product_id", "run_id", "lead_time_demand_mean", "lead_time_demand_grid", "lead_time_demand_excess")


@dataclass(frozen=True)
class Row:
    """One item; ``quantity`` is what stands on the draft and is suggested beyond it. ``others`` are on other drafts.

    What needs a decision of its own is not saved with the others unless somebody writes how many.
    """

    product: Product
    position: InventoryPosition | None
    point: ReorderPoint | None
    forecast: Forecast | None
    terms: Terms
    suggestion: Suggestion | None = None
    drafted: int = 0
    others: int = 0

    @property
    def quantity(self) -> int:
        is_usual = self.suggestion and not self.suggestion.needs_decision
        return self.drafted + (self.suggestion.quantity if is_usual else 0)

    @property
    def stock(self) -> int:
        """The inventory position without this order."""
        return (self.position.inventory_position if self.position else 0) + self.others

    @property
    def is_can_order(self) -> bool:
        return not self.quantity

    @property
    def unit_margin(self) -> float:
        price, cost = (self.point.unit_price, self.point.unit_cost) if self.point else (self.product.price, None)
        return max(float(price - (self.terms.unit_cost if cost is None else cost)), 0.0)

    @property
    def offer(self) -> Offer:
        daily = self.position.daily_demand if self.position else 0.0
        return Offer(self.stock - (self.point.reorder_point if self.point else 0), daily, self.terms)

    @property
    def days_until_needed(self) -> float | None:
        days = self.offer.days(0)
        return days if np.isfinite(days) else None


@dataclass(frozen=True)
class SupplierOrder:
    """``drafts`` are other drafts for the same supplier and warehouse, which are not changed here."""

    supplier: Supplier
    warehouse: Warehouse
    today: date
    order_on: date
    draft: PurchaseOrder | None
    drafts: list[PurchaseOrder]
    rows: list[Row]

    def quantities(self) -> dict[int, int]:
        return {row.product.pk: row.quantity for row in self.rows}

    def value(self, quantities: Mapping[int, int]) -> Decimal:
        """What so many pieces (by product) cost at the prices for these quantities."""
        asked = ((quantities.get(row.product.pk, 0), row.terms) for row in self.rows)
        return sum((count * terms.unit_cost_at(count) for count, terms in asked), Decimal(0)).quantize(Decimal("0.01"))

    def risks_at(self, quantities: Mapping[int, int]) -> dict[int, tuple[float, float] | None]:
        """Chance of a stock-out and margin at risk by product; None where nothing is forecast."""
        known = [row for row in self.rows if row.forecast]
        if not known:
            return {row.product.pk: None for row in self.rows}
        demand = law_of([row.forecast for row in known])
        stock = np.array([row.stock + quantities.get(row.product.pk, 0) for row in known])
        chances, lost = risk(demand, stock, np.array([row.unit_margin for row in known]))
        found = {row.product.pk: (c, m) for row, c, m in zip(known, chances.tolist(), lost.tolist(), strict=True)}
        return {row.product.pk: found.get(row.product.pk) for row in self.rows}


def read_order(supplier: Supplier, warehouse: Warehouse, *, by_money: bool = True) -> SupplierOrder:
    """Suggested and drafted items and those that may join; a dozen queries however many there are.

    Suggestions stand in the order of what is at stake, or of SKUs for who must not learn that (not ``by_money``).
    """
    today = ShopSettings.objects.load().now().astimezone(ZoneInfo(warehouse.time_zone)).date()
    drafts = list(_drafts(supplier, warehouse))
    draft = _working(drafts)
    pending = _suggested(supplier, warehouse).order_by(*BY_MONEY if by_money else BY_SKU)[:MOST_LINES]
    rows = _rows(supplier, warehouse, pending, draft, [one for one in drafts if one != draft])
    order_on = order_days_of([supplier])[supplier.pk].next(today)
    return SupplierOrder(supplier, warehouse, today, order_on, draft, [d for d in drafts if d != draft], rows)


def _drafts(supplier: Supplier, warehouse: Warehouse):
    return PurchaseOrder.objects.filter(
        supplier=supplier, warehouse=warehouse, state=PurchaseOrder.State.DRAFT
    ).order_by("-pk")  # fmt: skip


def _working(drafts: Sequence[PurchaseOrder]) -> PurchaseOrder | None:
    """The newest that was made of suggestions; what somebody wrote by hand for a reason is left to them."""
    return next((order for order in drafts if order.reference.startswith("suggestions ")), None)


def _suggested(supplier: Supplier, warehouse: Warehouse) -> SuggestionQuerySet:
    return Suggestion.objects.open().filter(kind=Suggestion.Kind.PURCHASE, supplier=supplier, warehouse=warehouse)


def _rows(
    supplier: Supplier, warehouse: Warehouse, pending: Iterable[Suggestion], draft: PurchaseOrder | None,
    others: list[PurchaseOrder],
) -> list[Row]:  # fmt: skip
    here = {"supplier": supplier, "warehouse": warehouse}
    suggested = {row.product_id: row for row in pending}
    drafted = dict(draft.lines.order_by("pk").values_list("product", "quantity")) if draft else {}
    elsewhere = PurchaseOrderLine.objects.filter(order__in=others).order_by().values_list("product")
    waiting = dict(elsewhere.annotate(pieces=Sum("quantity"))) if others else {}
    wanted = [*suggested, *(pk for pk in drafted if pk not in suggested)]
    near = _soonest(here, wanted)
    positions = {row.product_id: row for row in InventoryPosition.objects.filter(
        warehouse=warehouse, product__in=[*wanted, *near]).select_related("product")}  # fmt: skip
    products = Product.objects.in_bulk([*wanted, *near])
    points = _of_runs(ReorderPoint.objects, positions, warehouse)
    forecasts = _of_runs(Forecast.objects.only(*OF_FORECAST), positions, warehouse)
    terms = terms_of(supplier, products.values())
    return [
        Row(products[pk], positions.get(pk), points.get(pk), forecasts.get(pk), terms[pk], suggested.get(pk),
            drafted.get(pk, 0), waiting.get(pk, 0))
        for pk in [*wanted, *near]
    ]  # fmt: skip


def _soonest(here: dict, wanted: list[int]) -> list[int]:
    """Products that fall to their reorder point next, the first of them in front."""
    above = ExpressionWrapper((F("inventory_position") - F("reorder_point")) * 1.0 / F("daily_demand"), FloatField())
    rows = InventoryPosition.objects.filter(daily_demand__gt=0, product__is_active=True, **here)
    rows = rows.exclude(product__in=wanted).order_by(above, "pk")
    return list(rows.values_list("product", flat=True)[:CAN_ORDER])


def _of_runs(rows, positions: Mapping[int, InventoryPosition], warehouse: Warehouse) -> dict[int, object]:
    """What the run of each position says of its product."""
    runs = {row.run_id for row in positions.values()}
    found = rows.filter(run__in=runs, warehouse=warehouse, product__in=list(positions))
    return {row.product_id: row for row in found if positions[row.product_id].run_id == row.run_id}


@transaction.atomic
def save_order(
    *, supplier: Supplier, warehouse: Warehouse, quantities: Mapping[int, int], actor: User | None,
    version: int | None = None,
) -> PurchaseOrder | None:  # fmt: skip
    """Make the draft hold these pieces (by product): suggestions are accepted at them, 0 takes a product off.

    A suggestion whose product is taken off is open again. Products that are not named stay as they are. Returns the
    draft, None where nothing is left on it; refused where the draft is no longer the ``version`` that was seen, 0 where
    none was there.
    """
    held = _held(supplier, warehouse)
    Supplier.objects.select_for_update(no_key=True).get(pk=supplier.pk)
    known = read_order(supplier, warehouse, by_money=actor is None or actor.has_perm(settings.COST_PERMISSION))
    if known.draft:
        StaleVersion.check(known.draft, version)
    wanted = _checked(known, quantities)
    _take_off(known, wanted, held, actor)
    _accept(known, wanted, held, actor)
    return _set(supplier, warehouse, known, wanted, actor)


def _held(supplier: Supplier, warehouse: Warehouse) -> set[int]:
    """Lock what may be accepted or opened again: first the suggestions, then their supplier, as accepting does.

    What is suggested after this moment is left for the next look at the page.
    """
    drafted = Q(state="accepted", purchase_line__order__state="draft")
    rows = Suggestion.objects.filter(Q(state="open") | drafted, kind=Suggestion.Kind.PURCHASE)
    return {row.pk for row in rows.filter(supplier=supplier, warehouse=warehouse).locked()}


def _checked(known: SupplierOrder, quantities: Mapping[int, int]) -> dict[int, int]:
    names = {row.product.pk for row in known.rows}
    if unknown := set(quantities) - names:
        raise InvalidLines(_("Product %(product)s is not on this page any more: load it again.")
                           % {"product": min(unknown)})  # fmt: skip
    for row in known.rows:
        if quantities.get(row.product.pk):
            check_quantity(quantities[row.product.pk], row.product.sku)
    return dict(quantities)


def _take_off(known: SupplierOrder, wanted: Mapping[int, int], held: set[int], actor: User | None) -> None:
    gone = [pk for pk, quantity in wanted.items() if not quantity]
    if known.draft and gone:
        accepted = Suggestion.objects.filter(
            purchase_line__order=known.draft, product__in=gone, state="accepted", pk__in=held
        )
        still_open = {row.product.pk for row in known.rows if row.suggestion}
        reopen_suggestions(suggestions=list(accepted.exclude(product__in=still_open)), actor=actor)


def _accept(known: SupplierOrder, wanted: Mapping[int, int], held: set[int], actor: User | None) -> None:
    open_rows = [row for row in known.rows if row.suggestion and row.suggestion.pk in held]
    more = {row.suggestion.pk: wanted[row.product.pk] - row.drafted for row in open_rows
            if wanted.get(row.product.pk, 0) > row.drafted}  # fmt: skip
    if not more:
        return
    if known.draft and known.draft.reference != today_reference():
        PurchaseOrder.objects.filter(pk=known.draft.pk).update(reference=today_reference())
    accept_suggestions(suggestions=Suggestion.objects.filter(pk__in=more), actor=actor, quantities=more)


def _set(
    supplier: Supplier, warehouse: Warehouse, known: SupplierOrder, wanted: Mapping[int, int], actor: User | None
) -> PurchaseOrder | None:
    # The draft of before, or the one that accepting has just made: where the former went with its last line, another
    # must not take its place.
    others = {one.pk for one in known.drafts}
    draft = _working([one for one in _drafts(supplier, warehouse) if one.pk not in others])
    has = dict(draft.lines.values_list("product", "quantity")) if draft else {}
    products = {row.product.pk: row.product for row in known.rows}
    changed = {pk: quantity for pk, quantity in wanted.items() if quantity != has.get(pk, 0)}
    lines = [orders.NewPurchaseLine(products[pk], quantity) for pk, quantity in changed.items()]
    if draft is None:
        return None if not lines else orders.create_purchase_order(
            supplier=supplier, warehouse=warehouse, lines=lines, actor=actor, reference=today_reference()
        )  # fmt: skip
    if not any((has | changed).values()):
        orders.cancel_purchase_order(order=draft, actor=actor)
        return None
    return orders.change_purchase_lines(order=draft, lines=lines, actor=actor) if lines else draft
