"""What accepting a suggestion makes, by kind, and how it is taken back. Call it with the suggestions locked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from catalog.models import Product, Promotion, Supplier
from inventory_site.common import audit
from inventory_site.common.models import ShopSettings, User
from orders.models import PurchaseOrder
from orders.services import NewPurchaseLine, add_purchase_lines, create_purchase_order, take_off_purchase_lines
from replenishment.errors import CannotReopen
from replenishment.models import Suggestion
from stock import services as stock
from stock.errors import InsufficientStock
from stock.models import SetAside, StockLevel, Transfer, Warehouse

Kind = Suggestion.Kind


def carry_out(rows: Sequence[Suggestion], actor: User | None) -> list[Any]:
    """Make what they propose, set the link on each row (unsaved), and return the documents that were made."""
    by_kind: dict[str, list[Suggestion]] = defaultdict(list)
    for row in rows:
        by_kind[row.kind].append(row)
    return [made for kind, group in by_kind.items() for made in MAKERS[kind](group, actor)]


def take_back(row: Suggestion, actor: User | None) -> None:
    """Undo what accepting made; refused where it went on since (ordered, shipped, ended)."""
    if row.purchase_line:
        _off_purchase(row, actor)
    elif row.transfer_line:
        _off_transfer(row, actor)
    elif row.promotion:
        _end_promotion(row, actor)
    elif row.set_aside:
        told = {"product": row.product, "warehouse": row.warehouse, "reference": row.set_aside.reference}
        stock.put_back(quantity=row.set_aside.quantity, actor=actor, **told)
    elif row.kind == Kind.STOP:
        _set_active(row.product_id, True, actor)
    row.purchase_line = row.transfer_line = row.promotion = row.set_aside = None


def made_by(row: Suggestion) -> Any:
    """The document that accepting made, None where there is none."""
    line = row.purchase_line or row.transfer_line
    if line:
        return line.order if row.purchase_line else line.transfer
    return row.promotion or row.set_aside or (row.product if row.kind == Kind.STOP else None)


def today_reference() -> str:
    return f"suggestions {ShopSettings.objects.load().today().isoformat()}"


def _purchases(rows: Sequence[Suggestion], actor: User | None) -> list[PurchaseOrder]:
    """One draft per supplier and warehouse; today's draft made so before is added to."""
    groups: dict[tuple[int, int], list[Suggestion]] = defaultdict(list)
    for row in rows:
        groups[row.supplier_id, row.warehouse_id].append(row)
    # Two who accept at once for one supplier wait for each other, or each would make a draft of its own.
    suppliers = {supplier for supplier, _ in groups}
    list(Supplier.objects.filter(pk__in=suppliers).order_by("pk").select_for_update(no_key=True))
    return [_purchase(group, actor) for group in groups.values()]


def _purchase(group: Sequence[Suggestion], actor: User | None) -> PurchaseOrder:
    supplier, warehouse = group[0].supplier, group[0].warehouse
    lines = [_line(row) for row in group]
    drafts = PurchaseOrder.objects.filter(supplier=supplier, warehouse=warehouse, state=PurchaseOrder.State.DRAFT)
    order = drafts.filter(reference=today_reference()).first()
    if order:
        order = add_purchase_lines(order=order, lines=lines, actor=actor)
    else:
        order = create_purchase_order(
            supplier=supplier, warehouse=warehouse, lines=lines, actor=actor, reference=today_reference()
        )
    by_product = {line.product_id: line for line in order.lines.all()}
    for row in group:
        row.purchase_line = by_product[row.product_id]
    return order


def _line(row: Suggestion) -> NewPurchaseLine:
    """At the cost that was suggested; a quantity that was changed is bought at the supplier's price for it."""
    is_changed = row.quantity != row.reason_terms["order"]
    return NewPurchaseLine(row.product, row.quantity, None if is_changed else row.unit_cost,
                           row.reason_terms["pack_size"])  # fmt: skip


def _off_purchase(row: Suggestion, actor: User | None) -> None:
    line = row.purchase_line
    _refuse_unless(line.order.state == PurchaseOrder.State.DRAFT, row, line.order.number, line.order)
    quantity = min(row.quantity, line.quantity)
    take_off_purchase_lines(order=line.order, quantities={line.pk: quantity}, actor=actor)


def _transfers(rows: Sequence[Suggestion], actor: User | None) -> list[Transfer]:
    """One draft from warehouse to warehouse; today's draft made so before is added to."""
    groups: dict[tuple[int, int], list[Suggestion]] = defaultdict(list)
    for row in rows:
        groups[row.source_id, row.warehouse_id].append(row)
    places = {place for way in groups for place in way}
    list(Warehouse.objects.filter(pk__in=places).order_by("pk").select_for_update(no_key=True))
    return [_transfer(group, actor) for group in groups.values()]


def _transfer(group: Sequence[Suggestion], actor: User | None) -> Transfer:
    source, destination = group[0].source, group[0].warehouse
    ways = Transfer.objects.filter(source=source, destination=destination, state=Transfer.State.DRAFT)
    transfer = ways.filter(reference=today_reference()).first()
    if transfer:
        known = dict(transfer.lines.values_list("product", "quantity"))
        wishes = [stock.TransferWish(row.product, row.quantity + known.get(row.product_id, 0)) for row in group]
        transfer = stock.change_transfer_draft(transfer=transfer, lines=wishes, actor=actor)
    else:
        days = max(row.reason_terms["days"] for row in group)
        transfer = stock.create_transfer(
            source=source, destination=destination, actor=actor, reference=today_reference(),
            lines=[stock.TransferWish(row.product, row.quantity) for row in group],
            expected_on=ShopSettings.objects.load().today() + timedelta(days=days),
        )  # fmt: skip
    by_product = {line.product_id: line for line in transfer.lines.all()}
    for row in group:
        row.transfer_line = by_product[row.product_id]
    return transfer


def _off_transfer(row: Suggestion, actor: User | None) -> None:
    """The last pieces of the last line take the draft with them."""
    line, transfer = row.transfer_line, row.transfer_line.transfer
    _refuse_unless(transfer.state == Transfer.State.DRAFT, row, transfer.number, transfer)
    left = max(line.quantity - row.quantity, 0)
    if left or transfer.lines.exclude(pk=line.pk).exists():
        wish = stock.TransferWish(row.product, left)
        stock.change_transfer_draft(transfer=transfer, lines=[wish], actor=actor)
    else:
        stock.cancel_transfer(transfer=transfer, actor=actor)


def _promotions(rows: Sequence[Suggestion], actor: User | None) -> list[Promotion]:
    """From tomorrow on, known from today; a suggestion that waited long gets the same number of days."""
    today = ShopSettings.objects.load().today()
    first = today + timedelta(days=1)
    for row in rows:
        last = max(row.until_on, first + timedelta(days=row.reason_terms["period"] - 1))
        row.promotion = Promotion.objects.create(
            product=row.product, warehouse_code=row.warehouse.code, starts_on=first, ends_on=last, price=row.price,
            name=_("Markdown") + f" {row.pk}", announced_on=today,
        )  # fmt: skip
        told = {"price": row.price, "until": last, "warehouse": row.warehouse.code}
        audit.record(actor=actor, action="promotion.add", subject=row.promotion, changes=told)
    return [row.promotion for row in rows]


def _end_promotion(row: Suggestion, actor: User | None) -> None:
    """Gone if it has not begun, else over today: what was sold at its price was."""
    today, promotion = ShopSettings.objects.load().today(), row.promotion
    if promotion.ends_on < today:
        raise CannotReopen(_("The markdown of %(sku)s has ended already.") % {"sku": row.product.sku})
    told = {"until": [promotion.ends_on, today]}
    audit.record(actor=actor, action="promotion.end", subject=promotion, changes=told)
    if promotion.starts_on > today:
        promotion.delete()
    else:
        promotion.ends_on = today
        promotion.save(update_fields=["ends_on"])


def _returns(rows: Sequence[Suggestion], actor: User | None) -> list[SetAside]:
    """Taken off sale until they are sent off; what is promised to customers is not sent back."""
    products, places = {row.product_id for row in rows}, {row.warehouse_id for row in rows}
    levels = StockLevel.objects.filter(product__in=products, warehouse__in=places).locked()
    known = {(level.product_id, level.warehouse_id): level for level in levels}
    short = []
    for row in rows:
        level = known[row.product_id, row.warehouse_id]
        if row.quantity > level.available:
            level.product, level.warehouse = row.product, row.warehouse
            short.append((level, row.quantity, level.available))
    if short:
        raise InsufficientStock.of(short)
    for row in rows:
        row.set_aside = stock.set_aside(
            product=row.product, warehouse=row.warehouse, quantity=row.quantity, reason=SetAside.Reason.HELD,
            note=_("goes back to %(supplier)s") % {"supplier": row.supplier}, actor=actor,
            reference=f"return {row.pk}",
        )  # fmt: skip
    return [row.set_aside for row in rows]


def _stops(rows: Sequence[Suggestion], actor: User | None) -> list[Product]:
    return [_set_active(row.product_id, False, actor) for row in rows]


def _set_active(product_id: int, is_active: bool, actor: User | None) -> Product:
    product = Product.objects.select_for_update(no_key=True).get(pk=product_id)
    if product.is_active != is_active:
        told = {"is_active": [product.is_active, is_active]}
        product.is_active = is_active
        product.save(update_fields=["is_active"])
        audit.record(actor=actor, action="product.change", subject=product, changes=told)
    return product


def _refuse_unless(is_draft: bool, row: Suggestion, number: str, document: PurchaseOrder | Transfer) -> None:
    if not is_draft:
        raise CannotReopen(
            _("%(sku)s cannot be taken back: %(order)s is %(state)s.")
            % {"sku": row.product.sku, "order": number, "state": document.get_state_display()}
        )


MAKERS = {
    Kind.PURCHASE: _purchases,
    Kind.TRANSFER: _transfers,
    Kind.MARKDOWN: _promotions,
    Kind.RETURN: _returns,
    Kind.STOP: _stops,
}
