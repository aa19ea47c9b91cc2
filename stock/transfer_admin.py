"""Transfers in the admin: entered, shipped, received, closed short, given up."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.db.models import F, Sum
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateFilter
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from inventory_site.common.admin import NeverDeleted, ReadOnlyInline, ShelfAdmin, VisibleRelatedFilter, product_cell
from inventory_site.common.admin_acts import Act, version_seen
from inventory_site.common.admin_export import ExportsList, Sheet
from inventory_site.common.admin_lines import LinesForm, quantities_in
from inventory_site.common.models import ShopSettings
from inventory_site.common.numbers import per_cent
from stock import services
from stock.access import require, require_either
from stock.admin_new import NewDocumentPage, ProductLine
from stock.lines_page import ACT, ChangesLines, DraftLine
from stock.models import StockLevel, Transfer, TransferLine, Warehouse

State = Transfer.State
DRAFT, MOVE, OVER = "stock.add_transfer", "stock.change_transfer", "stock.over_receive_transfer"
COLOURS = {"draft": "warning", "shipped": "info", "partly_received": "info", "received": "success",
           "cancelled": "danger"}  # fmt: skip


class TransferHead(forms.Form):
    source = forms.ModelChoiceField(Warehouse.objects.none(), label=_("from"), widget=UnfoldAdminSelectWidget)
    destination = forms.ModelChoiceField(Warehouse.objects.none(), label=_("to"), widget=UnfoldAdminSelectWidget)
    expected_on = forms.DateField(label=_("expected on"), required=False, widget=UnfoldAdminSingleDateWidget)
    reference = forms.CharField(label=_("reference"), required=False, max_length=120, widget=UnfoldAdminTextInputWidget)

    def __init__(self, *args, user, permission: str, **kwargs):
        super().__init__(*args, **kwargs)
        self.user, self.permission = user, permission
        for name in ("source", "destination"):
            self.fields[name].queryset = Warehouse.objects.visible_to(user).active()

    def clean(self) -> dict:
        told = super().clean()
        source, destination = told.get("source"), told.get("destination")
        if source and source == destination:
            self.add_error("destination", _g("Goods cannot be sent to where they are."))
        elif source and destination:
            require_either(self.user, self.permission, source, destination)
        return told


class NewTransferLine(ProductLine):
    line_model = TransferLine


class ReceiveForm(LinesForm):
    """What arrived; more than is in transit only where the shop tolerates it and the box is ticked."""

    def __init__(self, data, lines, *, may_exceed: bool, source: str):
        tolerated = ShopSettings.objects.load().over_receipt_rate if may_exceed else 0
        super().__init__(data, lines, is_capped=not tolerated)
        if tolerated:
            self.fields["may_exceed"] = forms.BooleanField(
                label=_g("More arrived than was sent"), required=False, widget=UnfoldBooleanWidget,
                help_text=_g("Up to %(rate)s of 100 more. The surplus is taken off what is available in %(source)s.")
                % {"rate": per_cent(tolerated), "source": source},
            )  # fmt: skip


def ship_form(request, transfer: Transfer) -> LinesForm:
    lines = transfer.lines.select_related("product").order_by("pk")
    return LinesForm(request.POST or None, [(line.pk, str(line.product), line.quantity) for line in lines])


def receive_form(request, transfer: Transfer) -> LinesForm:
    lines = transfer.lines.select_related("product").order_by("pk")
    coming = [(line.pk, str(line.product), line.in_transit) for line in lines if line.in_transit]
    mine = Warehouse.objects.visible_to(request.user, OVER)
    may_exceed = mine.filter(pk=transfer.destination_id).exists()
    return ReceiveForm(request.POST or None, coming, may_exceed=may_exceed, source=str(transfer.source))


def ship(request, transfers: list[Transfer], data: dict) -> str:
    (transfer,) = transfers
    require(request.user, MOVE, transfer.source)
    services.ship_transfer(
        transfer=transfer, actor=request.user, quantities=quantities_in(data), version=version_seen(request)
    )
    return _g("%(number)s is on its way to %(warehouse)s.") % {
        "number": transfer.number, "warehouse": transfer.destination,
    }  # fmt: skip


def receive(request, transfers: list[Transfer], data: dict) -> str:
    (transfer,), wanted = transfers, quantities_in(data)
    may_exceed = bool(data.get("may_exceed"))
    require(request.user, MOVE, transfer.destination)
    if may_exceed:
        require(request.user, OVER, transfer.destination)
    before = _pieces_sent(transfer)
    services.receive_transfer(
        transfer=transfer, actor=request.user, quantities=wanted, version=version_seen(request),
        may_exceed=may_exceed,
    )  # fmt: skip
    pieces = sum(wanted.values())
    said = ngettext("%(n)d piece received.", "%(n)d pieces received.", pieces) % {"n": pieces}
    if surplus := _pieces_sent(transfer) - before:
        told = {"n": surplus, "source": transfer.source}
        said += " " + _g("%(n)d more than were sent: they were taken off the stock of %(source)s.") % told
    return said


def _pieces_sent(transfer: Transfer) -> int:
    return transfer.lines.aggregate(Sum("shipped"))["shipped__sum"] or 0


def change_lines(request, transfers: list[Transfer], data: dict) -> str:
    (transfer,) = transfers
    require_either(request.user, DRAFT, transfer.source, transfer.destination)
    changed = data["form"].changed("line")
    kept = {line.product: line for line in transfer.lines.select_related("product")}
    wishes = [services.TransferWish(line.product, changed[line.pk]) for line in kept.values() if line.pk in changed]
    more = {line["product"] for line in data["added"]}  # what is on it already gets the sum
    wishes += [services.TransferWish(p, kept[p].quantity) for p in more & {*kept} if kept[p].pk not in changed]
    wishes += [services.TransferWish(line["product"], line["quantity"]) for line in data["added"]]
    services.change_transfer_draft(transfer=transfer, lines=wishes, actor=request.user, version=version_seen(request))
    return _g("%(number)s: its lines are changed.") % {"number": transfer.number}


def problems_of(transfer: Transfer, user) -> list[str]:
    """What a draft asks beyond what its source has, for who may look into that."""
    levels = StockLevel.objects.visible_to(user).filter(warehouse=transfer.source_id)
    lines = transfer.lines.select_related("product").order_by("pk")
    if not Warehouse.objects.visible_to(user).filter(pk=transfer.source_id).exists():
        return []
    there = {level.product_id: level.available for level in levels.filter(product__in=lines.values("product"))}
    return [
        _g("%(sku)s: %(asked)d asked, %(available)d available in %(warehouse)s.")
        % {"sku": line.product.sku, "asked": line.quantity, "available": max(there.get(line.product_id, 0), 0),
           "warehouse": transfer.source}
        for line in lines
        if line.quantity > there.get(line.product_id, 0)
    ]  # fmt: skip


def close(request, transfers: list[Transfer], data: dict) -> str:
    (transfer,) = transfers
    require(request.user, MOVE, transfer.destination)
    services.close_transfer(transfer=transfer, actor=request.user, version=version_seen(request))
    return _g("%(number)s is closed; what never came is written off.") % {"number": transfer.number}


def cancel(request, transfers: list[Transfer], data: dict) -> str:
    for transfer in transfers:
        needed = DRAFT if transfer.state == State.DRAFT else MOVE
        require_either(request.user, needed, transfer.source, transfer.destination)
        services.cancel_transfer(transfer=transfer, actor=request.user, version=version_seen(request))
    done = len(transfers)
    return ngettext("%(n)d transfer cancelled.", "%(n)d transfers cancelled.", done) % {"n": done}


def _is_draft(transfer: Transfer) -> bool:
    return transfer.state == State.DRAFT


def _is_coming(transfer: Transfer) -> bool:
    return transfer.state in (State.SHIPPED, State.PARTLY_RECEIVED)


class TransferSheet(Sheet):
    class Meta:
        model = Transfer
        fields = ("number", "source__code", "destination__code", "state", "created_at", "shipped_at", "expected_on",
                  "closed_at", "reference")  # fmt: skip


class TransferLineInline(ReadOnlyInline):
    model = TransferLine
    fields = ("item", "quantity", "shipped", "coming", "received", "lost", "returned")
    readonly_fields = ("item", "coming")

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("product")

    @display(description=_("product"))
    def item(self, line: TransferLine) -> str:
        return product_cell(line.product)

    @display(description=_("in transit"))
    def coming(self, line: TransferLine) -> int:
        return line.in_transit


@admin.register(Transfer)
class TransferAdmin(ChangesLines, NewDocumentPage, ExportsList, NeverDeleted, ShelfAdmin):
    resource_classes = [TransferSheet]
    by_warehouse = True
    new_head, new_line = TransferHead, NewTransferLine
    write_buttons = (("write", _("Write the transfer")),)
    list_display = ("number", "source", "destination", "state_label", "pieces", "coming", "created_on", "due_on")
    list_select_related = ("source", "destination")
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("source", VisibleRelatedFilter),
        ("destination", VisibleRelatedFilter),
        ("expected_on", RangeDateFilter),
    )
    search_fields = ("number", "reference", "lines__product__sku")
    fields = (("number", "state"), ("source", "destination"), ("created_at", "shipped_at"),
              ("expected_on", "closed_at"), "reference")  # fmt: skip
    inlines = (TransferLineInline,)
    change_form_before_template = "stock/transfer_problems.html"
    acts = (
        Act(ACT, _("Change lines"), DRAFT, change_lines, possible=_is_draft, form=lambda request, transfer: None),
        Act("ship", _("Ship"), MOVE, ship, possible=_is_draft, form=ship_form, variant="primary",
            note=_("Write what leaves. What is not shipped now falls away.")),
        Act("receive", _("Receive"), MOVE, receive, possible=_is_coming, form=receive_form, variant="primary"),
        Act("close", _("Write off the rest"), MOVE, close, possible=_is_coming,
            form=lambda request, transfer: forms.Form(request.POST or None),
            note=_("What is still in transit never came: it is written off as lost on the way.")),
        Act("cancel", _("Cancel"), DRAFT, cancel, variant="danger", in_list=True,
            possible=lambda transfer: _is_draft(transfer) or _is_coming(transfer)),
    )  # fmt: skip

    def make(self, request, head: dict, lines: list[dict]) -> Transfer:
        return services.create_transfer(
            **head, actor=request.user,
            lines=[services.TransferWish(line["product"], line["quantity"]) for line in lines],
        )  # fmt: skip

    def draft_lines(self, row: Transfer) -> list[DraftLine]:
        lines = row.lines.select_related("product").order_by("pk")
        return [DraftLine(line.pk, str(line.product), line.quantity) for line in lines]

    def change_view(self, request, object_id, form_url="", extra_context=None):
        transfer = self.get_object(request, object_id)
        extra = {"problems": problems_of(transfer, request.user) if transfer and _is_draft(transfer) else []}
        return super().change_view(request, object_id, form_url, extra | (extra_context or {}))

    def has_change_permission(self, request, obj=None) -> bool:
        return False  # by its buttons only

    def acts_for(self, request, row: Transfer) -> list[Act]:
        """Shipping is the source's, receiving and closing the destination's, cancelling anybody's of both."""
        mine = set(Warehouse.objects.visible_to(request.user, MOVE).values_list("pk", flat=True))
        sides = {"ship": {row.source_id}, "receive": {row.destination_id}, "close": {row.destination_id}}
        if not _is_draft(row):
            sides["cancel"] = {row.source_id, row.destination_id}
        return [act for act in super().acts_for(request, row) if act.name not in sides or mine & sides[act.name]]

    def get_queryset(self, request):
        queryset = super().get_queryset(request)
        if request.resolver_match and request.resolver_match.url_name.endswith("_changelist"):
            in_transit = Sum(F("lines__shipped") - F("lines__received") - F("lines__returned"))
            queryset = queryset.annotate(total=Sum("lines__quantity"), in_transit=in_transit)
        return queryset

    @display(description=_("state"), ordering="state", label=COLOURS)
    def state_label(self, transfer: Transfer) -> tuple[str, str]:
        return transfer.state, transfer.get_state_display()

    @display(description=_("pieces"))
    def pieces(self, transfer: Transfer) -> int:
        return transfer.total or 0

    @display(description=_("in transit"))
    def coming(self, transfer: Transfer) -> int:
        return transfer.in_transit or 0

    @display(description=_("created"), ordering="created_at")
    def created_on(self, transfer: Transfer) -> str:
        return date_format(localtime(transfer.created_at), "SHORT_DATE_FORMAT")

    @display(description=_("expected"), ordering="expected_on")
    def due_on(self, transfer: Transfer) -> str:
        return date_format(transfer.expected_on, "SHORT_DATE_FORMAT") if transfer.expected_on else "–"
