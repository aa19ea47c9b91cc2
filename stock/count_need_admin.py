"""What to count today, as a list of the admin; opened as a count with one click."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateFilter
from unfold.decorators import display

from inventory_site.common.admin import ReadOnlyAdmin, VisibleRelatedFilter, product_cell
from inventory_site.common.admin_acts import Act, new_key, run_once
from inventory_site.common.admin_export import ExportsList, Sheet
from inventory_site.common.admin_lists import FindsItems
from inventory_site.common.errors import DomainError
from inventory_site.common.models import ShopSettings
from inventory_site.common.numbers import percent
from stock import services
from stock.access import require
from stock.count_new import open_in_each
from stock.count_words import short_of_time, why_of
from stock.models import CountNeed, Warehouse
from stock.services.count_plans import plan_sums

OPEN = "stock.add_stockcount"


class WhenFilter(admin.SimpleListFilter):
    """Today's list unless another is asked for."""

    title, parameter_name = _("when"), "when"

    def lookups(self, request, model_admin):
        return [("week", _("its turn within a week")), ("overdue", _("overdue")), ("all", _("everything"))]

    def choices(self, changelist):
        first, *rest = super().choices(changelist)
        return [first | {"display": _("today's list")}, *rest]

    def queryset(self, request, queryset):
        today = ShopSettings.objects.load().today()
        chosen = {
            "all": {}, "week": {"turn_on__lt": today + timedelta(days=7)}, "overdue": {"due_on__lt": today},
        }.get(self.value(), {"rank__isnull": False})  # fmt: skip
        return queryset.filter(**chosen)


class CountNeedSheet(Sheet):
    cost_fields = ("cost", "level__product__unit_cost")

    class Meta:
        model = CountNeed
        fields = ("rank", "level__product__sku", "level__product__name", "level__warehouse__code", "abc",
                  "level__on_hand", "level__product__unit_cost", "chance", "pieces", "cost", "seconds", "counted_at",
                  "due_on", "turn_on")  # fmt: skip


def count_these(request, needs: list[CountNeed], data: dict) -> str:
    return open_in_each([need.level for need in needs], request.user)


@admin.register(CountNeed)
class CountNeedAdmin(FindsItems, ExportsList, ReadOnlyAdmin):
    resource_classes = [CountNeedSheet]
    item_path = "level__product__"
    by_warehouse = True
    cost_fields = ("expected_cost", "cost")
    list_before_template = "stock/count_list.html"
    list_display = ("item", "reason", "expected_cost", "minutes", "where", "due")
    list_display_links = None
    list_select_related = ("level__product", "level__warehouse")
    list_filter = (
        WhenFilter, ("level__warehouse", VisibleRelatedFilter), ("abc", ChoicesDropdownFilter),
        ("due_on", RangeDateFilter),
    )  # fmt: skip
    search_fields = ("level__product__sku",)
    fields = ("item", "where", "reason", "abc", "probability", "off", "cost", "seconds", "counted_at", "due_on",
              "turn_on", "planned_on")  # fmt: skip
    readonly_fields = ("item", "where", "reason", "probability", "off")
    acts = (Act("count", _("Count these"), OPEN, count_these, in_list=True),)

    def get_queryset(self, request):
        return super().get_queryset(request).with_open_count()

    def get_ordering(self, request):
        return [F("rank").asc(nulls_last=True), "turn_on", "pk"]

    def get_urls(self):
        do = self.admin_site.admin_view
        return [
            path("open/<slug:code>/", do(self.open_view), name="stock_countneed_open"),
            path("plan/<slug:code>/", do(self.plan_view), name="stock_countneed_plan"),
            *super().get_urls(),
        ]

    def changelist_view(self, request, extra_context=None):
        mine = Warehouse.objects.visible_to(request.user, "stock.view_countneed").active()
        may_open = set(Warehouse.objects.visible_to(request.user, OPEN).values_list("pk", flat=True))
        sums = plan_sums(list(mine), ShopSettings.objects.load().today())
        plans = [{"sums": one, "note": short_of_time(one), "may_open": one.warehouse.pk in may_open} for one in sums]
        extra = {"plans": plans, "once_key": new_key(), "sees_costs": self.sees_costs(request)}
        return super().changelist_view(request, extra | (extra_context or {}))

    def open_view(self, request: HttpRequest, code: str) -> HttpResponse:
        """One click: a count of the warehouse's list of today."""
        place = self._place(request, code)

        def effect() -> list:
            count = services.open_planned_count(warehouse=place, actor=request.user)
            return [count.pk, count.number]

        try:
            pk, number = run_once(request, request.resolver_match.view_name, effect)
        except DomainError as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(reverse("admin:stock_countneed_changelist"))
        messages.success(request, _g("%(number)s is open: count with a phone, or enter it here.") % {"number": number})
        return HttpResponseRedirect(reverse("admin:stock_stockcount_change", args=[pk]))

    def plan_view(self, request: HttpRequest, code: str) -> HttpResponse:
        """Plan the warehouse anew, as the night does."""
        place = self._place(request, code)
        n = services.plan_counts(warehouse=place)
        messages.success(request, _g("Planned: %(n)d items are on the list of %(place)s.") % {"n": n, "place": place})
        return HttpResponseRedirect(reverse("admin:stock_countneed_changelist"))

    def _place(self, request: HttpRequest, code: str) -> Warehouse:
        if request.method != "POST" or not request.user.has_perm(OPEN):
            raise PermissionDenied
        place = get_object_or_404(Warehouse.objects.visible_to(request.user), code=code)
        require(request.user, OPEN, place)
        return place

    @display(description=_("product"), ordering="level__product__sku")
    def item(self, need: CountNeed) -> str:
        return product_cell(need.level.product)

    @display(description=_("why"))
    def reason(self, need: CountNeed) -> str:
        return format_html('<span class="sw-words">{}</span>', why_of(need))

    @display(description=_("money to be found"), ordering="cost")
    def expected_cost(self, need: CountNeed):
        return need.cost

    @display(description=_("minutes"), ordering="seconds")
    def minutes(self, need: CountNeed) -> str:
        return f"{need.seconds / 60:.1f}"

    @display(description=_("warehouse"))
    def where(self, need: CountNeed) -> str:
        return need.level.warehouse.name

    @display(description=_("chance that it is wrong"))
    def probability(self, need: CountNeed) -> str:
        return percent(need.chance)

    @display(description=_("due"), ordering="due_on")
    def due(self, need: CountNeed) -> str:
        """With the count that has it already, or else the day on which it is planned: three columns are too wide."""
        told = _g("planned for %(day)s") % {"day": date_format(need.turn_on, "SHORT_DATE_FORMAT")}
        if need.open_count:
            page = reverse("admin:stock_stockcount_change", args=[need.open_count])
            told = format_html(
                '<a class="sw-link" href="{}">{}</a>', page, _g("in %(count)s") % {"count": need.open_count_number}
            )
        day = date_format(need.due_on, "SHORT_DATE_FORMAT")
        return format_html('{}<div class="sw-note">{}</div>', day, told)

    @display(description=_("pieces expected off"))
    def off(self, need: CountNeed) -> str:
        return number_format(round(need.pieces, 1), 1)
