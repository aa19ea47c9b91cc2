"""Entries of counts in the admin: what devices sent, those that a person has to settle in front."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.urls import reverse
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from import_export.fields import Field
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from catalog.models import Product
from inventory_site.common.admin import ReadOnlyAdmin, VisibleRelatedFilter
from inventory_site.common.admin_acts import Act
from inventory_site.common.admin_export import ExportsList, Sheet
from stock import services
from stock.admin_new import number_input
from stock.models import Bin, CountEntry, StockCount
from stock.models.counts import MOST_COUNTED

SETTLE = "stock.settle_countentry"
IS_KEPT = ExpressionWrapper(
    ~Q(problem="") & Q(settled_at=None, count__state__in=["open", "posted"]), output_field=BooleanField()
)


def kept_page(count: StockCount) -> str:
    """Where a person settles what of this count nobody could take."""
    return f"{reverse('admin:stock_countentry_changelist')}?q={count.number}&settle=yes"


class SettleForm(forms.Form):
    """What was not as it was sent; ``entry`` is the one that a person settles."""

    sku = forms.CharField(
        label=_("SKU"), required=False, max_length=64, widget=UnfoldAdminTextInputWidget,
        help_text=_("Which product it was. Empty: as it was sent."),
    )  # fmt: skip
    counted = forms.IntegerField(
        label=_("counted"), required=False, min_value=0, max_value=MOST_COUNTED,
        widget=number_input(inputmode="numeric"), help_text=_("How many there were. Empty: as it was sent."),
    )  # fmt: skip
    bin = forms.CharField(
        label=_("bin"), required=False, max_length=40, widget=UnfoldAdminTextInputWidget,
        help_text=_("Where they lay. Empty: as it was sent."),
    )  # fmt: skip
    is_whole = forms.BooleanField(
        label=_("that was all of it"), required=False,
        help_text=_("In all bins together, so that no other bin is asked for."),
    )  # fmt: skip

    def __init__(self, data: Any, entry: CountEntry):
        super().__init__(data)
        self.warehouse_id = entry.count.warehouse_id

    def clean_sku(self) -> Product | None:
        sku = self.cleaned_data["sku"].strip()
        product = Product.objects.with_sku_in([sku]).first() if sku else None
        if sku and product is None:
            raise forms.ValidationError(_("There is no product with this SKU."))
        return product

    def clean_bin(self) -> Bin | None:
        code = self.cleaned_data["bin"].strip()
        place = Bin.objects.filter(warehouse=self.warehouse_id).by_code([code]).get(code) if code else None
        if code and place is None:
            raise forms.ValidationError(_("There is no bin “%s” here.") % code)
        return place


def accept(request, entries: list[CountEntry], data: dict) -> str:
    (entry,) = entries
    services.settle_finding(
        entry=entry, actor=request.user, accept=True, product=data["sku"], counted=data["counted"], place=data["bin"],
        is_whole=data["is_whole"],
    )  # fmt: skip
    return _g("It counts now.")


def dismiss(request, entries: list[CountEntry], data: dict) -> str:
    for entry in entries:
        services.settle_finding(entry=entry, actor=request.user, accept=False)
    return _g("Put aside: it counts nothing.")


def _is_finding(entry: CountEntry) -> bool:
    return bool(entry.problem) and entry.settled_at is None


class CountEntrySheet(Sheet):
    code = Field()

    class Meta:
        model = CountEntry
        fields = ("count__number", "code", "product__sku", "bin__code", "counted", "captured_at", "received_at",
                  "actor__username", "is_recount", "problem", "settled_at", "settled_by__username")  # fmt: skip

    def dehydrate_code(self, entry: CountEntry) -> str:
        return entry.sent.get("code", "")


class SettleFilter(admin.SimpleListFilter):
    title, parameter_name = _("to settle"), "settle"

    def lookups(self, request, model_admin):
        return [("yes", _("to settle"))]

    def queryset(self, request, queryset):
        return queryset.to_settle() if self.value() == "yes" else queryset


@admin.register(CountEntry)
class CountEntryAdmin(ExportsList, ReadOnlyAdmin):
    resource_classes = [CountEntrySheet]
    by_warehouse = True
    acts = (
        Act("accept", _("It counts"), SETTLE, accept, possible=_is_finding, variant="primary",
            form=lambda request, entry: SettleForm(request.POST or None, entry)),
        Act("dismiss", _("It counts nothing"), SETTLE, dismiss, possible=_is_finding, in_list=True),
    )  # fmt: skip
    list_display = ("captured_at", "count", "code", "counted", "bin", "what_is_wrong", "actor", "settled_at")
    list_select_related = ("count", "bin", "actor")
    list_filter = (SettleFilter, ("problem", ChoicesDropdownFilter), ("count__warehouse", VisibleRelatedFilter))
    search_fields = ("count__number", "product__sku")
    fields = ("count", "code", "product", "bin", "counted", "captured_at", "received_at", "actor", "is_recount",
              "problem", "settled_at", "settled_by")  # fmt: skip
    readonly_fields = ("code",)

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(is_kept=IS_KEPT)

    def get_ordering(self, request):
        return [IS_KEPT.desc(), "-pk"]

    @display(description=_("problem"), ordering="problem", label={"kept": "warning"})
    def what_is_wrong(self, entry: CountEntry):
        """Marked as long as somebody has to settle it."""
        told = entry.get_problem_display()
        return ("kept", told) if entry.is_kept else told or None

    @display(description=_("code"))
    def code(self, entry: CountEntry) -> str:
        return entry.sent.get("code", "")
