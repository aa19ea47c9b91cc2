"""Forecasts and how right they were, to look at."""

from __future__ import annotations

from django.contrib import admin
from django.http import Http404
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeNumericFilter
from unfold.decorators import display

from forecasting import words
from forecasting.admin_anomalies import AnomalyAdmin
from forecasting.admin_data import DataRuleAdmin, SignalAdmin, SignalKindAdmin
from forecasting.admin_items import AggregateForecastAdmin, LaunchAdmin, ModelVersionAdmin, SegmentAdmin
from forecasting.admin_methods import MethodChoiceAdmin, MethodTrialAdmin
from forecasting.admin_overrides import OverrideAdmin, ValueAddedAdmin
from forecasting.models import Accuracy, Forecast
from forecasting.pages import forecast_context
from inventory_site.common.admin import ReadOnlyAdmin, VisibleRelatedFilter, product_cell
from inventory_site.common.admin_export import ExportsList, Sheet
from inventory_site.common.admin_lists import FindsItems
from inventory_site.common.models import JobRun
from inventory_site.common.numbers import percent

__all__ = [
    "AccuracyAdmin",
    "AggregateForecastAdmin",
    "AnomalyAdmin",
    "DataRuleAdmin",
    "ForecastAdmin",
    "LaunchAdmin",
    "MethodChoiceAdmin",
    "MethodTrialAdmin",
    "ModelVersionAdmin",
    "OverrideAdmin",
    "SegmentAdmin",
    "SignalAdmin",
    "SignalKindAdmin",
    "ValueAddedAdmin",
]


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
        fields = ("product__sku", "product__name", "warehouse__code", "method", "first_on", "interval_days",
                  "lead_time_demand_mean", "baseline_lead_time_demand_mean", "lead_time_demand_q50",
                  "lead_time_demand_q80", "lead_time_demand_q90", "lead_time_demand_q95", "lead_time_demand_q98",
                  "lead_time_demand_q99")  # fmt: skip


class MethodFilter(admin.SimpleListFilter):
    """Offers all methods: looking which ones occur would read every forecast of every run."""

    title, parameter_name = _("method"), "method"

    def lookups(self, request, model_admin):
        return list(words.METHODS.items())

    def queryset(self, request, queryset):
        return queryset.filter(method=self.value()) if self.value() else queryset


class OverriddenFilter(admin.SimpleListFilter):
    title, parameter_name = _("override"), "overridden"

    def lookups(self, request, model_admin):
        return [("1", _("with an override"))]

    def queryset(self, request, queryset):
        return queryset.filter(baseline_lead_time_demand_mean__isnull=False) if self.value() == "1" else queryset


@admin.register(Forecast)
class ForecastAdmin(FindsItems, LatestRunOnly, ExportsList, ReadOnlyAdmin):
    search_fields = ("product__sku",)
    resource_classes = [ForecastSheet]
    list_display = ("item", "warehouse", "method_in_words", "mean_ltd", "baseline", "days", "q90", "q98")
    list_display_links = ("method_in_words",)
    list_select_related = ("product", "warehouse")
    list_filter = (
        ("warehouse", VisibleRelatedFilter), ("product__category", VisibleRelatedFilter), MethodFilter,
        OverriddenFilter, ("lead_time_demand_mean", RangeNumericFilter),
    )  # fmt: skip

    def get_queryset(self, request):
        queryset = super().get_queryset(request)
        if not request.resolver_match.url_name.endswith("_changelist"):
            return queryset
        return queryset.defer("mean", "quantiles", "lead_time_demand_grid", "drivers", "naive")

    def change_view(self, request, object_id, form_url="", extra_context=None):
        """One forecast with its history, what drives it and how right it was."""
        forecast = self.get_object(request, object_id)
        if forecast is None:
            raise Http404
        if not self.has_view_permission(request, forecast):
            return self.refuse()
        context = self.admin_site.each_context(request) | forecast_context(request, forecast)
        return TemplateResponse(request, "forecasting/forecast.html", context | {"opts": self.opts})

    @display(description=_("product"))
    def item(self, forecast: Forecast) -> str:
        return product_cell(forecast.product)

    @display(description=_("method"), ordering="method")
    def method_in_words(self, forecast: Forecast) -> str:
        return format_html('<span class="sw-words">{}</span>', words.method(forecast.method))

    @display(description=_("lead-time demand"), ordering="lead_time_demand_mean")
    def mean_ltd(self, forecast: Forecast) -> str:
        return f"{forecast.lead_time_demand_mean:.1f}"

    @display(description=_("in days"), ordering="interval_days")
    def days(self, forecast: Forecast) -> str:
        return "–" if forecast.interval_days is None else f"{forecast.interval_days:.0f}"

    @display(description=_("90 %"))
    def q90(self, forecast: Forecast) -> str:
        return f"{forecast.lead_time_demand_q90:.0f}"

    @display(description=_("98 %"))
    def q98(self, forecast: Forecast) -> str:
        return f"{forecast.lead_time_demand_q98:.0f}"

    @display(description=_("without override"))
    def baseline(self, forecast: Forecast) -> str:
        own = forecast.baseline_lead_time_demand_mean
        return "" if own is None else f"{own:.1f}"


@admin.register(Accuracy)
class AccuracyAdmin(FindsItems, LatestRunOnly, ReadOnlyAdmin):
    search_fields = ("product__sku",)
    list_display = ("item", "warehouse", "method_in_words", "wape_rate", "bias", "pinball", "naive_pinball")
    list_display_links = ("method_in_words",)
    list_select_related = ("product", "warehouse")
    list_filter = (("warehouse", VisibleRelatedFilter), MethodFilter, ("wape", RangeNumericFilter))
    fields = ("item", "warehouse", "run", "method", "wape", "bias", "pinball", "naive_pinball")
    readonly_fields = ("item",)

    @display(description=_("product"))
    def item(self, accuracy: Accuracy) -> str:
        return product_cell(accuracy.product)

    @display(description=_("method"), ordering="method")
    def method_in_words(self, accuracy: Accuracy) -> str:
        return format_html('<span class="sw-words">{}</span>', words.method(accuracy.method))

    @display(description=_("WAPE"), ordering="wape")
    def wape_rate(self, accuracy: Accuracy) -> str:
        return percent(accuracy.wape, 0)
