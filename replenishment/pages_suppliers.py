"""Pages of a buyer, who works by supplier: all suppliers, one order, and whom to ask where the goods are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from catalog.models import Supplier
from inventory_site.common.admin_acts import new_key, run_once, version_seen
from inventory_site.common.errors import DomainError
from inventory_site.common.models import ShopSettings
from inventory_site.common.numbers import whole_number
from orders import services as orders
from orders.errors import NothingToDo
from orders.models import DeliveryFinding, PurchaseOrderLine
from replenishment import shown_suppliers
from replenishment.services import purchasing, supplier_orders
from replenishment.services.scorecards import LONGEST_WINDOW_DAYS, WINDOW_DAYS, scorecards
from stock import access
from stock.models import Warehouse

SEE, BUY = "orders.view_purchaseorder", "orders.change_purchaseorder"
LINES_AT_ONCE = 50
UNDO = "supplier_order_before"

#: The longest number of pieces that is read.
DIGITS = 12


def suppliers(request: HttpRequest) -> HttpResponse:
    """Every supplier that one buys from, in each warehouse where something is suggested, drafted or late."""
    _require(request)
    context = _context(request, _("Order by supplier")) | {
        "groups": shown_suppliers.overview(request.user),
        "cash": shown_suppliers.cash(purchasing.cash_by_week(user=request.user)),
    }
    return TemplateResponse(request, "replenishment/suppliers.html", context)


def order(request: HttpRequest, code: str) -> HttpResponse:
    """The order screen. A form with ``fill`` (minimum or freight) gets pieces proposed, and nothing is written."""
    _require(request)
    supplier, warehouse = _asked(request, code)
    fill = request.POST.get("fill")
    if request.method == "POST" and not fill:
        return _save(request, supplier, warehouse)
    known = _read(request, supplier, warehouse)
    quantities, told = known.quantities(), ""
    if fill and _sees_costs(request):
        quantities, told = shown_suppliers.proposed(known, _numbers(request.POST, known), fill)
    window = _window(request)
    card = scorecards(suppliers=[supplier], window_days=window, user=request.user)[supplier.pk]
    context = _context(request, str(supplier)) | {
        "supplier": supplier, "warehouse": warehouse, "warehouses": _warehouses(request), "known": known,
        "may_buy": _may_buy(request, warehouse), "card": shown_suppliers.card(card), "window": window,
        "cash": shown_suppliers.cash(purchasing.cash_by_week(user=request.user, supplier=supplier)),
        "on_order": _on_order(request, supplier, warehouse), "told": told, "undo": _undo_of(request, known),
        "findings": _wrong_goods(request, supplier, warehouse),
        "facts": shown_suppliers.facts(supplier, known, card), **shown_suppliers.sheet(known, quantities),
    }  # fmt: skip
    return TemplateResponse(request, "replenishment/supplier_order.html", context)


@require_POST
def risk(request: HttpRequest, code: str) -> HttpResponse:
    """The figures of each line and of the whole at the quantities in the form; writes nothing."""
    _require(request)
    supplier, warehouse = _asked(request, code)
    known = _read(request, supplier, warehouse)
    context = {"sees_costs": _sees_costs(request), "currency": ShopSettings.objects.load().currency}
    context |= shown_suppliers.sheet(known, _numbers(request.POST, known))
    return render(request, "replenishment/supplier_order_live.html", context)


def chase(request: HttpRequest) -> HttpResponse:
    """Late and soon due lines: tick them, and write that somebody asked or what was promised."""
    _require(request)
    if request.method == "POST":
        return _chased(request, request.get_full_path())
    lines = purchasing.to_chase(request.user)
    if not _sees_costs(request):
        lines = lines.order_by("due_on", "pk")
    page = Paginator(lines, LINES_AT_ONCE).get_page(request.GET.get("page"))
    context = _context(request, _("Chase late goods")) | {"page": page, "may_buy": request.user.has_perm(BUY)}
    return TemplateResponse(request, "replenishment/chase.html", context)


@require_POST
def promise(request: HttpRequest, code: str) -> HttpResponse:
    """Promised days and reminders of the lines on the order screen."""
    _require(request)
    supplier, warehouse = _asked(request, code)
    return _chased(request, _address(supplier, warehouse))


def _require(request: HttpRequest) -> None:
    if not request.user.has_perm(SEE):
        raise PermissionDenied


def _sees_costs(request: HttpRequest) -> bool:
    return request.user.has_perm(settings.COST_PERMISSION)


def _context(request: HttpRequest, title: str) -> dict[str, Any]:
    return admin.site.each_context(request) | {
        "title": title, "once_key": new_key(), "sees_costs": _sees_costs(request),
        "today": ShopSettings.objects.load().today(), "currency": ShopSettings.objects.load().currency,
    }  # fmt: skip


def _warehouses(request: HttpRequest) -> list[Warehouse]:
    return list(Warehouse.objects.visible_to(request.user, SEE).filter(is_active=True))


def _asked(request: HttpRequest, code: str) -> tuple[Supplier, Warehouse]:
    """404 where the warehouse is not one of the person's; the first of theirs where none is named."""
    supplier = get_object_or_404(Supplier.objects.visible_to(request.user), code=code)
    mine = Warehouse.objects.visible_to(request.user, SEE).filter(is_active=True)
    if wanted := request.GET.get("warehouse"):
        return supplier, get_object_or_404(mine, code=wanted)
    return supplier, get_object_or_404(mine.order_by("priority", "pk")[:1])


def _read(request: HttpRequest, supplier: Supplier, warehouse: Warehouse) -> supplier_orders.SupplierOrder:
    return supplier_orders.read_order(supplier, warehouse, by_money=_sees_costs(request))


def _may_buy(request: HttpRequest, warehouse: Warehouse) -> bool:
    return Warehouse.objects.visible_to(request.user, BUY).filter(pk=warehouse.pk).exists()


def _address(supplier: Supplier, warehouse: Warehouse) -> str:
    return f"{reverse('supplier-order', args=[supplier.code])}?{urlencode({'warehouse': warehouse.code})}"


def _window(request: HttpRequest) -> int:
    asked = whole_number(request.GET.get("window"), 5)
    return WINDOW_DAYS if asked is None else min(max(asked, 7), LONGEST_WINDOW_DAYS)


def _numbers(data: Mapping[str, str], known: supplier_orders.SupplierOrder) -> dict[int, int]:
    """Pieces by product from the fields ``q-…``; what is no whole number counts as what stood there before."""
    found = known.quantities()
    for pk in found:
        if (pieces := whole_number(data.get(f"q-{pk}"), DIGITS)) is not None:
            found[pk] = pieces
    return found


def _save(request: HttpRequest, supplier: Supplier, warehouse: Warehouse) -> HttpResponse:
    access.require(request.user, BUY, warehouse)
    address = _address(supplier, warehouse)
    try:
        said = run_once(request, request.resolver_match.view_name, lambda: _saved(request, supplier, warehouse))
    except DomainError as error:
        messages.error(request, _("Nothing was changed. %(why)s") % {"why": error})
    else:
        messages.success(request, said)
    return HttpResponseRedirect(address)


def _saved(request: HttpRequest, supplier: Supplier, warehouse: Warehouse) -> str:
    before = _read(request, supplier, warehouse)
    named = {row.product.pk for row in before.rows if f"q-{row.product.pk}" in request.POST}
    if wrong := [row.product.sku for row in before.rows if not _is_number(request.POST.get(f"q-{row.product.pk}"))]:
        raise NothingToDo(_("%(sku)s: write a whole number of pieces.") % {"sku": ", ".join(wrong[:5])})
    wanted = {pk: quantity for pk, quantity in _numbers(request.POST, before).items() if pk in named}
    draft = supplier_orders.save_order(
        supplier=supplier, warehouse=warehouse, quantities=wanted, actor=request.user, version=version_seen(request)
    )
    request.session[UNDO] = {
        "of": [supplier.pk, warehouse.pk], "version": draft.version if draft else None,
        "quantities": {str(row.product.pk): row.drafted for row in before.rows if row.product.pk in wanted},
    }  # fmt: skip
    if draft is None:
        return _("Nothing is left to order: there is no draft any more.")
    lines = draft.lines.count()
    sentence = ngettext("%(number)s holds %(n)d line now.", "%(number)s holds %(n)d lines now.", lines)
    return sentence % {"number": draft.number, "n": lines}


def _is_number(text: str | None) -> bool:
    return text is None or whole_number(text, DIGITS) is not None


def _undo_of(request: HttpRequest, known: supplier_orders.SupplierOrder) -> dict[str, int]:
    """What the draft held before this person's last change, while nobody changed it since."""
    stored = request.session.get(UNDO)
    version = known.draft.version if known.draft else None
    if not stored or stored["of"] != [known.supplier.pk, known.warehouse.pk] or stored["version"] != version:
        return {}
    shown = known.quantities()
    kept = {pk: quantity for pk, quantity in stored["quantities"].items() if int(pk) in shown}
    drafted = {str(row.product.pk): row.drafted for row in known.rows}
    return kept if any(drafted[pk] != quantity for pk, quantity in kept.items()) else {}


def _wrong_goods(request: HttpRequest, supplier: Supplier, warehouse: Warehouse) -> list[DeliveryFinding]:
    """What this supplier sent by mistake and nobody has cleared up yet."""
    rows = DeliveryFinding.objects.open().visible_to(request.user)
    rows = rows.filter(order__supplier=supplier, order__warehouse=warehouse)
    return list(rows.select_related("order", "product", "actor")[:LINES_AT_ONCE])


def _on_order(request: HttpRequest, supplier: Supplier, warehouse: Warehouse) -> Page:
    lines = PurchaseOrderLine.objects.on_order().visible_to(request.user)
    lines = lines.filter(order__supplier=supplier, order__warehouse=warehouse).select_related("product", "order")
    lines = lines.prefetch_related("promises__actor", "reminders__actor").order_by("order__expected_on", "pk")
    return Paginator(lines, LINES_AT_ONCE).get_page(request.GET.get("page"))


def _chased(request: HttpRequest, address: str) -> HttpResponse:
    try:
        said = run_once(request, request.resolver_match.view_name, lambda: _noted(request))
    except DomainError as error:
        messages.error(request, _("Nothing was changed. %(why)s") % {"why": error})
    else:
        messages.success(request, said)
    return HttpResponseRedirect(address)


def _noted(request: HttpRequest) -> str:
    """Single days as they were changed, then one day or one note for all that are ticked."""
    ticked = [number for pk in request.POST.getlist("line") if (number := whole_number(pk)) is not None]
    days = shown_suppliers.changed_days(request.POST)
    mine = PurchaseOrderLine.objects.visible_to(request.user, BUY)
    named = {*ticked, *days}
    allowed = set(mine.filter(pk__in=named).values_list("pk", flat=True))
    if named - allowed:
        raise PermissionDenied
    verb = request.POST.get("verb")
    if verb == "asked":
        if not ticked:
            raise NothingToDo(_("Tick the lines that you asked about."))
        done = orders.remind_supplier(lines=ticked, note=request.POST.get("note", "")[:200], actor=request.user)
        return ngettext("Noted for %(n)d line.", "Noted for %(n)d lines.", len(done)) % {"n": len(done)}
    if day := shown_suppliers.day_of(request.POST.get("all", "")):
        days |= dict.fromkeys(ticked, day)
    if not days:
        raise NothingToDo(_("Write a day, or tick lines and write one for all of them."))
    done = orders.promise_dates(dates=days, actor=request.user)
    sentence = ngettext("%(n)d promised day changed.", "%(n)d promised days changed.", len(done))
    return sentence % {"n": len(done)}
