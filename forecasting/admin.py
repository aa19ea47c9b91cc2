"""Forecasts and how right they were, to look at."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeNumericFilter
from unfold.decorators import display

from forecasting.models import Accuracy, Forecast
from inventory_site.common.admin import ReadOnlyAdmin, VisibleRelatedFilter, product_cell
from inventory_site.common.admin_export import ExportsList, Sheet
from inventory_site.common.models import JobRun


class LatestRunOnly:
    """Lists the published run that people see; older ones stay behind ``?run__id__exact=``."""

    def get_queryset(self, request):
        queryset = super().get_queryset(request)
        if request.resolver_match.url_name.endswith("_changelist") and "run__id__exact" not in request.GET:
            queryset = queryset.of_run(JobRun.objects.latest_published())
        return queryset

    def lookup_allowed(self, lookup, value, request) -> bool:
        return lookup == "run__id__exact" or super().lookup_allowed(lookup, value, request)


class ForecastSheet(Sheet):
    class Meta:
        model = Forecast
        fields = ("product__sku", "warehouse__code", "method", "first_on", "lead_time_demand_mean",
                  "lead_time_demand_q50", "lead_time_demand_q80", "lead_time_demand_q90", "lead_time_demand_q95",
                  "lead_time_demand_q98", "lead_time_demand_q99")  # fmt: skip


@admin.register(Forecast)
class ForecastAdmin(LatestRunOnly, ExportsList, ReadOnlyAdmin):
    resource_classes = [ForecastSheet]
    list_display = ("item", "warehouse", "method", "first_on", "mean_ltd", "q50", "q90", "q98")
    list_display_links = ("method",)
    list_select_related = ("product", "warehouse")
    list_filter = (("warehouse", VisibleRelatedFilter),)
    search_fields = ("product__sku", "product__name")
    fields = ("item", "warehouse", "run", "method", "first_on", "lead_time_demand_mean", "lead_time_demand_q50",
              "lead_time_demand_q80", "lead_time_demand_q90", "lead_time_demand_q95", "lead_time_demand_q98",
              "lead_time_demand_q99")  # fmt: skip
    readonly_fields = ("item",)

    @display(description=_("product"))
    def item(self, forecast: Forecast) -> str:
        return product_cell(forecast.product)

    @display(description=_("lead-time demand"))
    def mean_ltd(self, forecast: Forecast) -> str:
        return f"{forecast.lead_time_demand_mean:.1f}"

    @display(description=_("50 %"))
    def q50(self, forecast: Forecast) -> str:
        return f"{forecast.lead_time_demand_q50:.1f}"

    @display(description=_("90 %"))
    def q90(self, forecast: Forecast) -> str:
        return f"{forecast.lead_time_demand_q90:.1f}"

    @display(description=_("98 %"))
    def q98(self, forecast: Forecast) -> str:
        return f"{forecast.lead_time_demand_q98:.1f}"


@admin.register(Accuracy)
class AccuracyAdmin(LatestRunOnly, ReadOnlyAdmin):
    list_display = ("item", "warehouse", "method", "wape_rate", "bias", "pinball", "naive_pinball")
    list_display_links = ("method",)
    list_select_related = ("product", "warehouse")
    list_filter = (("warehouse", VisibleRelatedFilter), ("wape", RangeNumericFilter))
    search_fields = ("product__sku", "product__name")
    fields = ("item", "warehouse", "run", "method", "wape", "bias", "pinball", "naive_pinball")
    readonly_fields = ("item",)

    @display(description=_("product"))
    def item(self, accuracy: Accuracy) -> str:
        return product_cell(accuracy.product)

    @display(description=_("WAPE"), ordering="wape")
    def wape_rate(self, accuracy: Accuracy) -> str:
        return "–" if accuracy.wape is None else f"{accuracy.wape:.0%}"
