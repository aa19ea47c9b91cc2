"""Overrides in the admin: a list to withdraw from, a form to say one, a grid and a file to say many."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import path
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from forecasting import pages_overrides
from forecasting.csv_files import nearer
from forecasting.errors import OverrideRefused
from forecasting.models import ForecastValueAdded, Override
from forecasting.services.overrides import (
    CHANGE,
    Wish,
    create_overrides,
    fault_in,
    read_amount,
    withdraw_overrides,
)
from inventory_site.common.admin import ReadOnlyAdmin, ShelfAdmin, VisibleRelatedFilter, product_cell
from inventory_site.common.admin_acts import Act
from inventory_site.common.admin_export import ExportsList, Sheet
from inventory_site.common.models import ShopSettings


def _withdraw(request: HttpRequest, rows: list[Override], data: dict) -> str:
    changed = withdraw_overrides(overrides=rows, actor=request.user)
    return _g("%(count)d withdrawn. The next nightly run plans without them.") % {"count": len(changed)}


ITEM = ("product", "warehouse", "first_on", "last_on", "reason")


class OverrideForm(forms.ModelForm):
    override = forms.CharField(
        label=_("override"), max_length=40, widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text=_("120 for pieces in the whole period, +20 % or -5 % for a change of the forecast."),
    )  # fmt: skip

    class Meta:
        model = Override
        fields = ITEM

    def clean_override(self) -> tuple[str, float]:
        try:
            return read_amount(self.cleaned_data["override"])
        except OverrideRefused as refusal:
            raise forms.ValidationError(str(refusal)) from None

    def wish(self) -> Wish:
        told = {name: self.cleaned_data[name] for name in ITEM}
        kind, amount = self.cleaned_data["override"]
        return Wish(**told, kind=kind, amount=amount)

    def clean(self) -> dict[str, Any]:
        told = super().clean()
        if not self.errors and (why := fault_in(self.wish(), ShopSettings.objects.load().today())):
            raise forms.ValidationError(why)
        return told

    def _post_clean(self) -> None:
        """The row is made by the service, which validates it as a whole."""


class OverrideSheet(Sheet):
    class Meta:
        model = Override
        fields = ("product__sku", "warehouse__code", "first_on", "last_on", "kind", "amount", "reason",
                  "made_by__username", "made_at", "withdrawn_at")  # fmt: skip


class StandingFilter(admin.SimpleListFilter):
    title, parameter_name = _("state"), "standing"

    def lookups(self, request, model_admin):
        return [("1", _("standing")), ("0", _("withdrawn"))]

    def queryset(self, request, queryset):
        return {"1": queryset.standing(), "0": queryset.exclude(withdrawn_at=None)}.get(self.value(), queryset)


@admin.register(Override)
class OverrideAdmin(ExportsList, ShelfAdmin):
    """None is ever changed: another word is another row, and what was said is withdrawn."""

    by_warehouse = True
    resource_classes = [OverrideSheet]
    form = OverrideForm
    list_display = ("item", "warehouse", "first_on", "last_on", "what", "reason", "made_by", "made_at", "state")
    list_display_links = ("what",)
    list_select_related = ("product", "warehouse", "made_by")
    list_filter = (StandingFilter, ("warehouse", VisibleRelatedFilter), "kind", ("made_by", RelatedDropdownFilter))
    search_fields = ("product__sku", "product__name", "product__barcode", "reason")
    search_help_text = _("SKU, name, barcode or reason")
    autocomplete_fields = ("product",)
    fields = ("product", "warehouse", ("first_on", "last_on"), "override", "reason")
    list_before_template = "forecasting/override_links.html"
    acts = (
        Act(
            "withdraw", _("Withdraw"), CHANGE, _withdraw, possible=lambda row: row.withdrawn_at is None, in_list=True,
            note=_("The forecast counts again as if nothing had been said."),
        ),
    )  # fmt: skip

    def get_urls(self):
        view = self.admin_site.admin_view
        return [
            path("grid/", view(pages_overrides.grid), name="forecasting_override_grid"),
            path("grid/csv/", view(pages_overrides.export), name="forecasting_override_csv"),
            path("import/", view(pages_overrides.bring_in), name="forecasting_override_import"),
            *super().get_urls(),
        ]

    def has_change_permission(self, request, obj=None) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False

    def get_fields(self, request, obj=None):
        if obj is None:
            return self.fields
        return ("item", "warehouse", ("first_on", "last_on"), "what", "reason", "made_by", "made_at", "withdrawn_by",
                "withdrawn_at")  # fmt: skip

    def get_readonly_fields(self, request, obj=None):
        return ("item", "what") if obj else ()

    def save_model(self, request, obj, form, change) -> None:
        made = create_overrides(wishes=[form.wish()], actor=request.user)[0]
        obj.__dict__.update(made.__dict__)

    @display(description=_("product"))
    def item(self, override: Override) -> str:
        return product_cell(override.product)

    @display(description=_("override"), ordering="amount")
    def what(self, override: Override) -> str:
        return override.said

    @display(description=_("state"), ordering="withdrawn_at", label={"standing": "success", "withdrawn": "default"})
    def state(self, override: Override) -> tuple[str, str]:
        return ("withdrawn", _g("withdrawn")) if override.withdrawn_at else ("standing", _g("standing"))


class ValueSheet(Sheet):
    class Meta:
        model = ForecastValueAdded
        fields = ("product__sku", "warehouse__code", "first_on", "last_on", "override__kind", "override__amount",
                  "override__reason", "override__made_by__username", "naive", "model", "overridden", "actual",
                  "evaluated_on")  # fmt: skip


class ComparedFilter(admin.SimpleListFilter):
    title, parameter_name = _("state"), "compared"

    def lookups(self, request, model_admin):
        return [("1", _("compared")), ("0", _("not over yet"))]

    def queryset(self, request, queryset):
        return {"1": queryset.evaluated(), "0": queryset.filter(evaluated_on=None)}.get(self.value(), queryset)


@admin.register(ForecastValueAdded)
class ValueAddedAdmin(ExportsList, ReadOnlyAdmin):
    resource_classes = [ValueSheet]
    list_display = ("item", "warehouse", "first_on", "last_on", "said", "who", "naive_", "model_", "with_", "actual_",
                    "nearer")  # fmt: skip
    list_display_links = ("said",)
    list_select_related = ("product", "warehouse", "override__made_by")
    list_filter = (ComparedFilter, ("warehouse", VisibleRelatedFilter))
    search_fields = ("product__sku", "product__name", "override__reason")
    fields = ("item", "warehouse", "override", ("first_on", "last_on"), "run", ("naive", "model", "overridden"),
              "actual", "nearer", "evaluated_on")  # fmt: skip
    readonly_fields = ("item", "nearer")

    @display(description=_("product"))
    def item(self, row: ForecastValueAdded) -> str:
        return product_cell(row.product)

    @display(description=_("override"))
    def said(self, row: ForecastValueAdded) -> str:
        return row.override.said

    @display(description=_("who"))
    def who(self, row: ForecastValueAdded) -> str:
        return row.override.made_by.get_username()

    @display(description=_("naive forecast"))
    def naive_(self, row: ForecastValueAdded) -> str:
        return _number(row.naive)

    @display(description=_("model"))
    def model_(self, row: ForecastValueAdded) -> str:
        return _number(row.model)

    @display(description=_("with override"))
    def with_(self, row: ForecastValueAdded) -> str:
        return _number(row.overridden)

    @display(description=_("demand"))
    def actual_(self, row: ForecastValueAdded) -> str:
        return _number(row.actual)

    @display(description=_("pieces nearer than the model"))
    def nearer(self, row: ForecastValueAdded) -> str:
        added = nearer(row)
        return "–" if added is None else f"{added:+.1f}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"
