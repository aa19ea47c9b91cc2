"""Set-asides in the admin: a stock level's buttons, and the list of what they did."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.core.validators import MaxValueValidator
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from inventory_site.common.admin import ReadOnlyAdmin, ShopTimeFilter, VisibleRelatedFilter, product_cell
from inventory_site.common.admin_acts import Act, version_seen
from inventory_site.common.admin_export import ExportsList, Sheet
from inventory_site.common.photos import photo_cell
from stock import services
from stock.models import SetAside, StockLevel

Reason = SetAside.Reason
ADD = "stock.add_setaside"


class PiecesForm(forms.Form):
    """How many pieces, up to what is there, and a note."""

    quantity = forms.IntegerField(
        label=_("pieces"), min_value=1,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )  # fmt: skip
    note = forms.CharField(label=_("note"), required=False, max_length=200, widget=UnfoldAdminTextInputWidget)

    def __init__(self, data, most: int):
        super().__init__(data)
        self.fields["quantity"].validators.append(MaxValueValidator(most))
        self.fields["quantity"].help_text = _g("At most %(most)d.") % {"most": most}


class SetAsideForm(PiecesForm):
    reason = forms.ChoiceField(
        label=_("reason"), widget=UnfoldAdminSelectWidget,
        choices=[(r.value, r.label) for r in (Reason.DAMAGED, Reason.EXPIRED, Reason.HELD)],
    )  # fmt: skip
    field_order = ("quantity", "reason", "note")


def _set_aside_form(request, level: StockLevel) -> SetAsideForm:
    return SetAsideForm(request.POST or None, level.on_hand - level.unsellable)


def _form(request, level: StockLevel) -> PiecesForm:
    return PiecesForm(request.POST or None, level.unsellable)


def _of(request, level: StockLevel) -> dict:
    seen = version_seen(request)
    return {"product": level.product, "warehouse": level.warehouse, "actor": request.user, "version": seen}


def set_aside(request, levels: list[StockLevel], data: dict) -> str:
    (level,) = levels
    services.set_aside(**_of(request, level), **data)
    return _now(level)


def put_back(request, levels: list[StockLevel], data: dict) -> str:
    (level,) = levels
    services.put_back(**_of(request, level), **data)
    return _now(level)


def write_off(request, levels: list[StockLevel], data: dict) -> str:
    (level,) = levels
    services.write_off_set_aside(**_of(request, level), **data)
    return _now(level)


def _now(level: StockLevel) -> str:
    level.refresh_from_db(fields=["on_hand", "allocated", "unsellable"])
    return _g("%(item)s: %(aside)d set aside, %(available)d available now.") % {
        "item": level, "aside": level.unsellable, "available": level.available,
    }  # fmt: skip


def _has_aside(level: StockLevel) -> bool:
    return level.unsellable > 0


SET_ASIDE_ACTS = (
    Act("set-aside", _("Set aside"), ADD, set_aside, form=_set_aside_form,
        possible=lambda level: level.on_hand > level.unsellable,
        note=_("They stay in the building and are not sold. Promises that they were needed for become short.")),
    Act("put-back", _("Put back on sale"), ADD, put_back, form=_form, possible=_has_aside),
    Act("write-off-aside", _("Write off what is set aside"), ADD, write_off, form=_form, possible=_has_aside,
        variant="danger", note=_("They leave the building for good.")),
)  # fmt: skip


class SetAsideSheet(Sheet):
    class Meta:
        model = SetAside
        fields = ("level__product__sku", "level__warehouse__code", "quantity", "reason", "note", "reference",
                  "actor__username", "effective_at")  # fmt: skip


@admin.register(SetAside)
class SetAsideAdmin(ExportsList, ReadOnlyAdmin):
    resource_classes = [SetAsideSheet]
    by_warehouse = True
    list_display = ("effective_at", "item", "where", "signed", "reason", "note", "reference", "actor")
    list_select_related = ("level__product", "level__warehouse", "actor", "photo")
    list_filter = (
        ("reason", ChoicesDropdownFilter),
        ("level__warehouse", VisibleRelatedFilter),
        ("effective_at", ShopTimeFilter),
    )
    search_fields = ("reference", "note", "level__product__sku")
    fields = ("item", "where", "quantity", "reason", "note", "reference", "actor", "effective_at", "recorded_at",
              "picture")  # fmt: skip
    readonly_fields = ("item", "where", "picture")

    @display(description=_("product"), ordering="level__product__sku")
    def item(self, row: SetAside) -> str:
        return product_cell(row.level.product)

    @display(description=_("warehouse"))
    def where(self, row: SetAside) -> str:
        return row.level.warehouse.name

    @display(description=_("quantity"), ordering="quantity")
    def signed(self, row: SetAside) -> str:
        return f"{row.quantity:+d}"

    @display(description=_("photo"))
    def picture(self, row: SetAside) -> str:
        return photo_cell("set-asides-photo", row.pk) if hasattr(row, "photo") else "–"
