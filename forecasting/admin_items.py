"""What the nights found out: classes of items, new items, models in use, forecasts of several items together."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateFilter
from unfold.decorators import display

from forecasting import words
from forecasting.models import AggregateForecast, Launch, ModelVersion, Segment
from forecasting.services.learning import pin_version, unpin_version
from inventory_site.common.admin import ReadOnlyAdmin, VisibleRelatedFilter, product_cell
from inventory_site.common.admin_acts import Act
from inventory_site.common.admin_export import ExportsList, Sheet
from inventory_site.common.models import JobRun
from inventory_site.common.numbers import percent

ITEM_SEARCH = ("product__sku", "product__name", "product__barcode")
PIN = "forecasting.change_modelversion"


class OfTheLatestRun:
    """Lists rows of the published run that people see; single ones open from any run."""

    def get_queryset(self, request):
        queryset = super().get_queryset(request)
        if request.resolver_match.url_name.endswith("_changelist"):
            return queryset.of_run(JobRun.objects.latest_published())
        return queryset


class SegmentSheet(Sheet):
    class Meta:
        model = Segment
        fields = ("product__sku", "warehouse__code", "abc", "xyz", "pattern", "shape", "since_on", "judged_on")


@admin.register(Segment)
class SegmentAdmin(ExportsList, ReadOnlyAdmin):
    resource_classes = [SegmentSheet]
    list_display = ("item", "warehouse", "abc", "xyz", "pattern_label", "shape", "since_on", "why")
    list_display_links = ("pattern_label",)
    list_select_related = ("product", "warehouse")
    list_filter = (("warehouse", VisibleRelatedFilter), "abc", "xyz", ("pattern", ChoicesDropdownFilter), "shape",
                   ("since_on", RangeDateFilter))  # fmt: skip
    search_fields = ITEM_SEARCH
    fields = ("item", "warehouse", ("abc", "xyz", "pattern"), "shape", ("since_on", "judged_on"), "why")
    readonly_fields = ("item", "why")

    @display(description=_("product"))
    def item(self, segment: Segment) -> str:
        return product_cell(segment.product)

    @display(description=_("demand pattern"), ordering="pattern")
    def pattern_label(self, segment: Segment) -> str:
        return segment.get_pattern_display()

    @display(description=_("why"))
    def why(self, segment: Segment) -> str:
        return in_words(words.segment(segment))


@admin.register(Launch)
class LaunchAdmin(OfTheLatestRun, ReadOnlyAdmin):
    list_display = ("item", "warehouse", "age_days", "by_look_alikes", "now", "own", "alike")
    list_display_links = ("age_days",)
    list_select_related = ("product", "warehouse")
    list_filter = (("warehouse", VisibleRelatedFilter),)
    search_fields = ITEM_SEARCH
    fields = ("item", "warehouse", "run", "age_days", ("daily_start", "daily_now"), "own_share", "alike")
    readonly_fields = ("item", "alike")

    @display(description=_("product"))
    def item(self, launch: Launch) -> str:
        return product_cell(launch.product)

    @display(description=_("by look-alikes alone, a day"), ordering="daily_start")
    def by_look_alikes(self, launch: Launch) -> str:
        return f"{launch.daily_start:.2f}"

    @display(description=_("with its own demand, a day"), ordering="daily_now")
    def now(self, launch: Launch) -> str:
        return f"{launch.daily_now:.2f}"

    @display(description=_("share of its own demand"), ordering="own_share")
    def own(self, launch: Launch) -> str:
        return percent(launch.own_share, 0)

    @display(description=_("in words"))
    def alike(self, launch: Launch) -> str:
        return in_words(words.launch(launch))


def _pin(request: HttpRequest, rows: list[ModelVersion], data: dict) -> str:
    pin_version(version=rows[0], actor=request.user)
    return _g("The next nights use these models, until they are let go.")


def _unpin(request: HttpRequest, rows: list[ModelVersion], data: dict) -> str:
    unpin_version(version=rows[0], actor=request.user)
    return _g("The nights choose again.")


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin):
    list_display = ("night", "what", "trained_on", "why", "in_use", "other", "measured", "drifted", "pinned_by")
    list_display_links = ("night",)
    list_select_related = ("run",)
    list_filter = (("kind", ChoicesDropdownFilter), ("run__business_date", RangeDateFilter))
    fields = ("run", "kind", "trained_on", "why", ("score", "other_score"), ("loss", "bias", "drift"), "pinned_by")
    readonly_fields = ("why",)
    acts = (
        Act("pin", _("Use these models"), PIN, _pin, possible=lambda row: not row.pinned_by,
            note=_("The nights use them instead of newer ones until they are let go, whatever their errors.")),
        Act("unpin", _("Let the nights choose"), PIN, _unpin, possible=lambda row: bool(row.pinned_by)),
    )  # fmt: skip

    @display(description=_("night"), ordering="run__business_date")
    def night(self, version: ModelVersion) -> str:
        return str(version.run)

    @display(description=_("what was done"), ordering="kind")
    def what(self, version: ModelVersion) -> str:
        return version.get_kind_display()

    @display(description=_("why"), ordering="reason")
    def why(self, version: ModelVersion) -> str:
        return in_words(words.version(version))

    @display(description=_("loss of the models in use"), ordering="score")
    def in_use(self, version: ModelVersion) -> str:
        return _number(version.score)

    @display(description=_("loss of the models not used"), ordering="other_score")
    def other(self, version: ModelVersion) -> str:
        return _number(version.other_score)

    @display(description=_("loss of the night before"), ordering="loss")
    def measured(self, version: ModelVersion) -> str:
        return _number(version.loss)

    @display(description=_("drift"), ordering="drift")
    def drifted(self, version: ModelVersion) -> str:
        return f"{version.drift:.1f}"


@admin.register(AggregateForecast)
class AggregateForecastAdmin(OfTheLatestRun, ReadOnlyAdmin):
    list_display = ("of_what", "level_label", "items", "total", "q50", "q90", "q98")
    list_display_links = ("of_what",)
    list_select_related = ("product", "category", "warehouse")
    list_filter = (("level", ChoicesDropdownFilter), ("warehouse", VisibleRelatedFilter))
    search_fields = ("product__sku", "product__name", "category__name", "warehouse__name")
    fields = ("of_what", "level", "items", "run", "method", "first_on", ("total_mean", "own_total_mean"),
              ("q50", "q90", "q98"))  # fmt: skip
    readonly_fields = ("of_what", "q50", "q90", "q98")

    @display(description=_("forecast of"))
    def of_what(self, row: AggregateForecast) -> str:
        parts = (row.product, row.category, row.warehouse)
        return " · ".join(str(part) for part in parts if part) or str(AggregateForecast.Level(row.level).label)

    @display(description=_("level"), ordering="level")
    def level_label(self, row: AggregateForecast) -> str:
        return row.get_level_display()

    @display(description=_("mean"), ordering="total_mean")
    def total(self, row: AggregateForecast) -> str:
        return f"{row.total_mean:.1f}"

    @display(description=_("50 %"))
    def q50(self, row: AggregateForecast) -> str:
        return _number(row.total_quantiles[0], 0)

    @display(description=_("90 %"))
    def q90(self, row: AggregateForecast) -> str:
        return _number(row.total_quantiles[2], 0)

    @display(description=_("98 %"))
    def q98(self, row: AggregateForecast) -> str:
        return _number(row.total_quantiles[4], 0)


def in_words(sentence: str) -> str:
    """A sentence in a column wide enough for it."""
    return format_html('<span class="sw-words">{}</span>', sentence)


def _number(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
