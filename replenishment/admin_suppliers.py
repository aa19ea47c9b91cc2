"""Scorecards of suppliers in the admin: who is late, who drifts, who became dearer."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import F
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeNumericFilter
from unfold.decorators import display

from inventory_site.common.admin import ReadOnlyAdmin
from inventory_site.common.admin_export import ExportsList, Sheet
from inventory_site.common.numbers import percent
from replenishment.admin_filters import PercentRangeFilter
from replenishment.models import SupplierScore

JUDGED = {"late": _("late"), "drifts": _("drifts"), "overdue": _("owes goods"), "fine": _("as usual")}
COLOURS = {"late": "danger", "drifts": "warning", "overdue": "info", "fine": "success"}


class ScoreSheet(Sheet):
    cost_fields = ("price_rate",)

    class Meta:
        model = SupplierScore
        fields = ("supplier__code", "supplier__name", "warehouse__code", "until_on", "window_days", "orders", "lines",
                  "on_time_rate", "in_full_rate", "on_time_in_full_rate", "lead_time_low", "lead_time_median",
                  "lead_time_high", "price_rate", "late_lines", "late_pieces", "late_by_days", "drift_days",
                  "drift_chance", "weekly_capacity")  # fmt: skip


class JudgedFilter(admin.SimpleListFilter):
    """Late or drifting suppliers, and those that owe something."""

    title, parameter_name = _("state"), "judged"

    def lookups(self, request, model_admin):
        return list(JUDGED.items())

    def queryset(self, request, queryset):
        empty = {"late_by_days": None, "drift_days": None, "late_lines": 0}
        chosen = {
            "late": queryset.exclude(late_by_days=None), "drifts": queryset.exclude(drift_days=None),
            "overdue": queryset.filter(late_lines__gt=0), "fine": queryset.filter(**empty),
        }  # fmt: skip
        return chosen.get(self.value(), queryset)


def judged(score: SupplierScore) -> str:
    """The worst that is true of it."""
    if score.late_by_days is not None:
        return "late"
    if score.drift_days is not None:
        return "drifts"
    return "overdue" if score.late_lines else "fine"


@admin.register(SupplierScore)
class SupplierScoreAdmin(ExportsList, ReadOnlyAdmin):
    resource_classes = [ScoreSheet]
    cost_fields = ("price_rate", "price")
    list_display = ("name", "place", "state", "on_time", "in_full", "lead_time", "late_by", "drift", "price",
                    "late_lines", "lines", "until_on")  # fmt: skip
    list_display_links = None
    list_select_related = ("supplier", "warehouse")
    list_filter = (
        JudgedFilter, ("on_time_rate", PercentRangeFilter), ("in_full_rate", PercentRangeFilter),
        ("late_lines", RangeNumericFilter),
    )  # fmt: skip
    search_fields = ("supplier__code", "supplier__name")
    ordering = (F("late_by_days").desc(nulls_last=True), "-late_lines", "supplier__name")
    fields = ("supplier", "warehouse", "until_on", "window_days", "orders", "lines", "on_time_rate", "in_full_rate",
              "on_time_in_full_rate", "lead_time_low", "lead_time_median", "lead_time_high", "price_rate",
              "late_lines", "late_pieces", "late_by_days", "drift_days", "drift_chance",
              "weekly_capacity")  # fmt: skip

    def get_ordering(self, request):
        return self.ordering

    @display(description=_("supplier"), ordering="supplier__name")
    def name(self, score: SupplierScore) -> str:
        address = reverse("supplier-order", args=[score.supplier.code])
        if score.warehouse:
            address += "?" + urlencode({"warehouse": score.warehouse.code})
        return format_html('<a class="sw-link" href="{}">{}</a>', address, score.supplier)

    @display(description=_("warehouse"), ordering="warehouse__name")
    def place(self, score: SupplierScore) -> str:
        return str(score.warehouse or _g("all"))

    @display(description=_("state"), label=COLOURS)
    def state(self, score: SupplierScore) -> tuple[str, str]:
        return judged(score), JUDGED[judged(score)]

    @display(description=_("on time"), ordering="on_time_rate")
    def on_time(self, score: SupplierScore) -> str:
        return percent(score.on_time_rate, 0)

    @display(description=_("in full"), ordering="in_full_rate")
    def in_full(self, score: SupplierScore) -> str:
        return percent(score.in_full_rate, 0)

    @display(description=_("lead time, days"), ordering="lead_time_median")
    def lead_time(self, score: SupplierScore) -> str:
        if score.lead_time_median is None:
            return "–"
        return f"{score.lead_time_low}–{score.lead_time_high} ({score.lead_time_median})"

    @display(description=_("late by"), ordering="late_by_days")
    def late_by(self, score: SupplierScore) -> str:
        return "–" if score.late_by_days is None else _g("%(n).0f days") % {"n": score.late_by_days}

    @display(description=_("drift"), ordering="drift_days")
    def drift(self, score: SupplierScore) -> str:
        return "–" if score.drift_days is None else _g("%(n)+.0f days") % {"n": score.drift_days}

    @display(description=_("price"), ordering="price_rate")
    def price(self, score: SupplierScore) -> str:
        return percent(None if score.price_rate is None else score.price_rate - 1, signed=True)
