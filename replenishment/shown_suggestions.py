"""Suggestions as pages show them: the sentence, the button of their kind, and what accepting made."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from inventory_site.common.models import ShopSettings
from replenishment.models import Suggestion
from replenishment.reasons import reason

Kind = Suggestion.Kind


def reason_of(suggestion: Suggestion, *, currency: str, shows_money: bool) -> str:
    """Its sentence, and where one like it was dismissed before, when and why."""
    told = reason(suggestion.reason_code, suggestion.reason_terms, currency=currency, shows_money=shows_money)
    before = suggestion.follows
    if before is None or not before.decided_at:
        return told
    day = date_format(before.decided_at, "SHORT_DATE_FORMAT")
    why = before.dismissal_note or before.get_dismissal_display()
    return told + " " + _("Dismissed on %(day)s: %(why)s.") % {"day": day, "why": why}


def for_pages(suggestions: Iterable[Suggestion], *, shows_money: bool) -> list[Suggestion]:
    """Give each ``reason``, ``button`` and ``document`` (its name and address, None before accepting).

    Read them ``with_documents``: this makes no query but that of the settings.
    """
    currency, rows = ShopSettings.objects.load().currency, list(suggestions)
    for row in rows:
        row.reason = reason_of(row, currency=currency, shows_money=shows_money)
        row.button, row.document = button(row, currency), document(row)
    return rows


def button(suggestion: Suggestion, currency: str) -> str:
    """What accepting does, in two or three words."""
    told = {"n": suggestion.quantity, "price": suggestion.price, "currency": currency}
    return {
        Kind.PURCHASE: _("Order %(n)s"),
        Kind.TRANSFER: _("Move %(n)s"),
        Kind.MARKDOWN: _("Mark down to %(price)s %(currency)s"),
        Kind.RETURN: _("Send %(n)s back"),
        Kind.STOP: _("Stop buying"),
    }[suggestion.kind] % told


def document(suggestion: Suggestion) -> tuple[str, str] | None:
    """Name and address of what accepting made."""
    if line := suggestion.purchase_line:
        return line.order.number, reverse("admin:orders_purchaseorder_change", args=[line.order_id])
    if line := suggestion.transfer_line:
        return line.transfer.number, reverse("admin:stock_transfer_change", args=[line.transfer_id])
    if promotion := suggestion.promotion:
        return _("Markdown"), reverse("admin:catalog_promotion_change", args=[promotion.pk])
    if aside := suggestion.set_aside:
        return aside.get_reason_display(), reverse("admin:stock_setaside_change", args=[aside.pk])
    return None
