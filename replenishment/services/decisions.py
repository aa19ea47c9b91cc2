"""What people decide on suggestions: accept into draft purchase orders, take back, dismiss."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from catalog.models import Supplier
from inventory_site.common import audit
from inventory_site.common.models import ShopSettings, User
from orders.models import PurchaseOrder
from orders.services import NewPurchaseLine, add_purchase_lines, create_purchase_order, take_off_purchase_lines
from replenishment.errors import CannotReopen, SuggestionClosed
from replenishment.models import Suggestion

State = Suggestion.State


@transaction.atomic
def accept_suggestions(*, suggestions: Sequence[Suggestion], actor: User | None) -> list[PurchaseOrder]:
    """Put them on draft purchase orders, one per supplier and warehouse; today's draft made so before is added to.

    Accepting twice changes nothing and returns the same orders. Refused as a whole where one is closed otherwise.
    """
    rows = _reread(suggestions)
    closed = next((row for row in rows if row.state not in (State.OPEN, State.ACCEPTED)), None)
    if closed:
        raise SuggestionClosed.of(closed)
    orders = {row.purchase_line.order_id: row.purchase_line.order for row in rows if row.purchase_line}
    for order in _put_on_drafts([row for row in rows if row.state == State.OPEN], actor):
        orders[order.pk] = order
    return [orders[pk] for pk in sorted(orders)]


@transaction.atomic
def reopen_suggestions(*, suggestions: Sequence[Suggestion], actor: User | None) -> list[Suggestion]:
    """Undo accepting or dismissing: the pieces leave their draft, and a draft that nothing is left on goes.

    What is open already stays so. Refused once the order is confirmed, or where a newer suggestion is open.
    """
    rows = _reread(suggestions)
    decided = [row for row in rows if row.state != State.OPEN]
    for row in decided:
        _refuse_reopening(row)
    for row in decided:
        if row.purchase_line:
            quantity = min(row.quantity, row.purchase_line.quantity)
            take_off_purchase_lines(
                order=row.purchase_line.order, quantities={row.purchase_line_id: quantity}, actor=actor
            )
        row.state, row.purchase_line, row.decided_by, row.decided_at = State.OPEN, None, None, None
        row.save(update_fields=["state", "purchase_line", "decided_by", "decided_at"])
        audit.record(actor=actor, action="suggestion.reopen", subject=row)
    return rows


@transaction.atomic
def dismiss_suggestion(*, suggestion: Suggestion, actor: User | None, reason: str = "") -> Suggestion:
    """Not now: it stays away for four weeks, or until much more is missing. Dismissing twice changes nothing."""
    row = _reread([suggestion])[0]
    if row.state == State.DISMISSED:
        return row
    if row.state != State.OPEN:
        raise SuggestionClosed.of(row)
    _decide(row, State.DISMISSED, actor)
    audit.record(actor=actor, action="suggestion.dismiss", subject=row, changes={"reason": reason})
    return row


def _reread(suggestions: Sequence[Suggestion]) -> list[Suggestion]:
    """The same rows, locked and as they are now."""
    chosen = Suggestion.objects.filter(pk__in=[row.pk for row in suggestions])
    return list(chosen.locked().select_related("product", "supplier", "warehouse", "purchase_line__order"))


def _decide(row: Suggestion, state: str, actor: User | None) -> None:
    row.state, row.decided_by, row.decided_at = state, actor, ShopSettings.objects.load().now()
    row.save(update_fields=["state", "decided_by", "decided_at", "purchase_line"])


def _put_on_drafts(rows: Sequence[Suggestion], actor: User | None) -> list[PurchaseOrder]:
    groups: dict[tuple[int, int], list[Suggestion]] = defaultdict(list)
    for row in rows:
        groups[row.supplier_id, row.warehouse_id].append(row)
    # Two who accept at once for one supplier wait for each other, or each would make a draft of its own.
    suppliers = {supplier for supplier, _ in groups}
    list(Supplier.objects.filter(pk__in=suppliers).order_by("pk").select_for_update(no_key=True))
    return [_put_on_draft(group, actor) for group in groups.values()]


def _put_on_draft(group: Sequence[Suggestion], actor: User | None) -> PurchaseOrder:
    """All of one supplier and warehouse."""
    supplier, warehouse = group[0].supplier, group[0].warehouse
    reference = f"suggestions {ShopSettings.objects.load().today().isoformat()}"
    lines = [NewPurchaseLine(row.product, row.quantity, row.unit_cost, row.reason_terms["pack_size"]) for row in group]
    order = PurchaseOrder.objects.filter(
        supplier=supplier, warehouse=warehouse, state=PurchaseOrder.State.DRAFT, reference=reference
    ).first()
    if order:
        order = add_purchase_lines(order=order, lines=lines, actor=actor)
    else:
        order = create_purchase_order(
            supplier=supplier, warehouse=warehouse, lines=lines, actor=actor, reference=reference
        )
    by_product = {line.product_id: line for line in order.lines.all()}
    for row in group:
        row.purchase_line = by_product[row.product_id]
        _decide(row, State.ACCEPTED, actor)
        changes = {"order": order.number, "quantity": row.quantity}
        audit.record(actor=actor, action="suggestion.accept", subject=row, changes=changes)
    return order


def _refuse_reopening(row: Suggestion) -> None:
    if row.state == State.SUPERSEDED:
        raise SuggestionClosed.of(row)
    if row.purchase_line and row.purchase_line.order.state != PurchaseOrder.State.DRAFT:
        raise CannotReopen(
            _("%(sku)s cannot be taken back: %(order)s is %(state)s.")
            % {
                "sku": row.product.sku,
                "order": row.purchase_line.order.number,
                "state": row.purchase_line.order.get_state_display(),
            }
        )
    if Suggestion.objects.open().filter(product=row.product, warehouse=row.warehouse).exists():
        raise CannotReopen(_("A newer suggestion for %(sku)s is open: decide on that one.") % {"sku": row.product.sku})
