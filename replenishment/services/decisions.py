"""What people decide on suggestions: accept, take back, dismiss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from catalog.models import SupplierProduct
from inventory_site.common import audit
from inventory_site.common.models import ShopSettings, User
from replenishment.errors import CannotReopen, DismissalPast, NoAlternative, QuantityFixed, SuggestionClosed
from replenishment.formulas import lot_size
from replenishment.models import Suggestion
from replenishment.services.acceptances import carry_out, made_by, take_back
from replenishment.services.proposals import money
from replenishment.services.suggestions import DISMISSED_FOR

State = Suggestion.State
DISMISSAL = ("dismissal", "dismissal_note", "dismissed_until")
PIECES = ("quantity", "cost", "reason_terms")
#: Terms about what the supplier can deliver.
OF_ONE_SUPPLIER = ("capacity", "wanted", "share")
LINKS = ("purchase_line", "transfer_line", "promotion", "set_aside")


@transaction.atomic
def accept_suggestions(
    *, suggestions: Sequence[Suggestion], actor: User | None, quantities: Mapping[int, int] | None = None
) -> list[Any]:
    """Make what they propose: drafts (one per supplier and warehouse, one per way), promotions, set-asides.

    Accepting twice changes nothing and returns the same documents. Refused as a whole where one is closed otherwise.
    ``quantities`` by suggestion replace those that were suggested (purchases only).
    """
    rows = _reread(suggestions)
    closed = next((row for row in rows if row.state not in (State.OPEN, State.ACCEPTED)), None)
    if closed:
        raise SuggestionClosed.of(closed)
    to_do = [row for row in rows if row.state == State.OPEN]
    for row in to_do:
        _change(row, (quantities or {}).get(row.pk, row.quantity))
    made = carry_out(to_do, actor)
    for row in to_do:
        _decide(row, State.ACCEPTED, actor)
        told = {"kind": row.kind, "quantity": row.quantity, "made": str(made_by(row) or "")}
        audit.record(actor=actor, action="suggestion.accept", subject=row, changes=told)
    made += [made_by(row) for row in rows if row not in to_do]
    unique = {(document._meta.label, document.pk): document for document in made if document}
    return [unique[key] for key in sorted(unique)]


@transaction.atomic
def switch_supplier(*, suggestion: Suggestion, actor: User | None) -> Suggestion:
    """Buy it from the alternative that it names, in that supplier's packs; once more switches back."""
    row = _reread([suggestion])[0]
    if row.state != State.OPEN:
        raise SuggestionClosed.of(row)
    terms = SupplierProduct.objects.filter(supplier=row.alternative_id, product=row.product_id).first()
    if terms is None:
        raise NoAlternative.of(row)
    lot = int(lot_size(row.reason_terms["order"], terms.min_order_quantity, terms.pack_size))
    told = {"supplier": [row.supplier.code, terms.supplier.code], "quantity": [row.quantity, lot]}
    if row.reason_terms.get("share") == 0:
        row.needs_decision = False  # it was only that the supplier of before delivers none of it
    kept = {name: told for name, told in row.reason_terms.items() if name not in OF_ONE_SUPPLIER}
    row.reason_terms = kept | _turned(row) | {"pack_size": terms.pack_size}
    row.supplier, row.alternative, row.quantity, row.unit_cost = terms.supplier, row.supplier, lot, terms.unit_cost
    row.cost = money(lot * terms.unit_cost)
    row.save(update_fields=["supplier", "alternative", "unit_cost", "needs_decision", *PIECES])
    audit.record(actor=actor, action="suggestion.switch_supplier", subject=row, changes=told)
    return row


def _turned(row: Suggestion) -> dict[str, Any]:
    """Terms of the sentence in which the other supplier is the one that it is bought from now."""
    told = row.reason_terms
    return {
        "first": told["alternative_first"], "last": told["alternative_last"], "alternative": row.supplier.name,
        "alternative_first": told["first"], "alternative_last": told["last"],
        "difference": str(-Decimal(told["difference"])), "is_short": False,
    }  # fmt: skip


def _change(row: Suggestion, quantity: int) -> None:
    if quantity == row.quantity:
        return
    if row.kind != Suggestion.Kind.PURCHASE:
        raise QuantityFixed.of(row)
    row.reason_terms = row.reason_terms | {"suggested": row.quantity}
    row.quantity, row.cost = quantity, money(quantity * row.unit_cost)
    row.save(update_fields=PIECES)


def _as_suggested(row: Suggestion) -> None:
    """A quantity that was changed when it was accepted is what was suggested again."""
    if (quantity := row.reason_terms.pop("suggested", None)) is not None:
        row.quantity, row.cost = quantity, money(quantity * row.unit_cost)


@transaction.atomic
def reopen_suggestions(*, suggestions: Sequence[Suggestion], actor: User | None) -> list[Suggestion]:
    """Undo accepting or dismissing: pieces leave their draft (an empty one goes), markdowns end, goods are sold again.

    What is open already stays so. Refused once an order is confirmed, or where a newer suggestion is open.
    """
    rows = _reread(suggestions)
    decided = [row for row in rows if row.state != State.OPEN]
    for row in decided:
        _refuse_reopening(row)
    for row in decided:
        if row.state == State.ACCEPTED:
            take_back(row, actor)
            _as_suggested(row)
        row.state, row.decided_by, row.decided_at = State.OPEN, None, None
        row.dismissal, row.dismissal_note, row.dismissed_until = "", "", None
        row.save(update_fields=["state", "decided_by", "decided_at", *LINKS, *DISMISSAL, *PIECES])
        audit.record(actor=actor, action="suggestion.reopen", subject=row)
    return rows


@transaction.atomic
def dismiss_suggestion(
    *, suggestion: Suggestion, actor: User | None, because: str = Suggestion.Dismissal.OTHER, note: str = "",
    until: date | None = None,
) -> Suggestion:  # fmt: skip
    """Not now: it stays away until that day (four weeks), or until much more is missing. Twice changes nothing."""
    row = _reread([suggestion])[0]
    if row.state == State.DISMISSED:
        return row
    if row.state != State.OPEN:
        raise SuggestionClosed.of(row)
    today = ShopSettings.objects.load().today()
    if until is not None and until < today:
        raise DismissalPast.of(until)
    row.dismissal, row.dismissal_note, row.dismissed_until = because, note[:200], until or today + DISMISSED_FOR
    _decide(row, State.DISMISSED, actor)
    told = {"because": because, "note": note, "until": row.dismissed_until}
    audit.record(actor=actor, action="suggestion.dismiss", subject=row, changes=told)
    return row


def _reread(suggestions: Sequence[Suggestion]) -> list[Suggestion]:
    """The same rows, locked and as they are now."""
    chosen = Suggestion.objects.filter(pk__in=[row.pk for row in suggestions])
    related = ("product", "supplier", "warehouse", "source", "purchase_line__order", "transfer_line__transfer")
    return list(chosen.locked().select_related(*related, "promotion", "set_aside"))


def _decide(row: Suggestion, state: str, actor: User | None) -> None:
    row.state, row.decided_by, row.decided_at = state, actor, ShopSettings.objects.load().now()
    row.save(update_fields=["state", "decided_by", "decided_at", *LINKS, *DISMISSAL])


def _refuse_reopening(row: Suggestion) -> None:
    if row.state == State.SUPERSEDED:
        raise SuggestionClosed.of(row)
    open_ones = Suggestion.objects.open().filter(product=row.product, warehouse=row.warehouse)
    if row.kind in Suggestion.EXITS:
        open_ones = open_ones.filter(kind__in=Suggestion.EXITS)
    else:
        open_ones = open_ones.filter(kind=row.kind, source=row.source)
    if open_ones.exists():
        raise CannotReopen(_("A newer suggestion for %(sku)s is open: decide on that one.") % {"sku": row.product.sku})
