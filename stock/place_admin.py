"""Bins in the admin: their places, and what lies in them."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from inventory_site.common.admin import ShelfAdmin, VisibleRelatedFilter
from inventory_site.common.admin_acts import Act
from stock import services
from stock.models import Bin, StockLevel, Warehouse

NAMED = 5


def place_by_codes(request, bins: list[Bin], data: dict) -> str:
    untold = services.place_by_codes(bins=bins, actor=request.user)
    done = len(bins) - len(untold)
    said = ngettext("%(n)d bin has its place in the hall.", "%(n)d bins have their places in the hall.", done)
    if untold:
        codes = ", ".join(place.code for place in untold[:NAMED]) + (" …" if len(untold) > NAMED else "")
        said += " " + _g("These codes tell no aisle and bay: %(codes)s.")
        return said % {"n": done, "codes": codes}
    return said % {"n": done}


BIN_ACTS = (
    Act(
        "place", _("Take their places from their codes"), "stock.change_bin", place_by_codes, in_list=True,
        note=_("A-03-2 is aisle 1 (A), 3 metres in: a metre for each bay. What was written before is replaced."),
    ),
)  # fmt: skip


class BinForm(forms.ModelForm):
    def clean(self) -> dict:
        """What lies in a bin is stock of its own warehouse; a level of another one would tell how much it has."""
        told = super().clean()
        place, levels = told.get("warehouse"), told.get("levels")
        if place and levels is not None:
            strange = levels.exclude(warehouse=place).select_related("product", "warehouse").first()
            if strange is not None:
                said = {"item": strange.product.sku, "other": strange.warehouse, "place": place}
                self.add_error("levels", _g("%(item)s of %(other)s cannot lie in a bin of %(place)s.") % said)
        return told


@admin.register(Bin)
class BinAdmin(ShelfAdmin):
    form = BinForm
    by_warehouse = True
    list_display = ("code", "warehouse", "area", "walk_order", "aisle", "position_metres")
    list_select_related = ("warehouse",)
    list_filter = (("warehouse", VisibleRelatedFilter), "area")
    search_fields = ("code", "area")
    fields = (("warehouse", "code"), ("area", "walk_order"), ("aisle", "position_metres"), "levels")
    acts = BIN_ACTS
    autocomplete_fields = ("levels",)

    def save_model(self, request, obj, form, change) -> None:
        list(Bin.objects.filter(pk=obj.pk).locked())  # nothing is laid into a bin that goes to another warehouse
        super().save_model(request, obj, form, change)

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        """Only warehouses where the person's role lets them change bins."""
        kwargs["queryset"] = Warehouse.objects.visible_to(request.user, "stock.change_bin")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        kwargs["queryset"] = StockLevel.objects.visible_to(request.user)
        return super().formfield_for_manytomany(db_field, request, **kwargs)
