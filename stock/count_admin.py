"""Counts in the admin: how far they are, what differs, what has to be settled, posted with a click."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.db.models import Count, Q, Sum
from django.urls import path
from django.utils.html import format_html
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from inventory_site.common.admin import ReadOnlyAdmin, VisibleRelatedFilter, product_cell
from inventory_site.common.admin_acts import Act, version_seen
from inventory_site.common.admin_export import ExportsList, Sheet
from inventory_site.common.numbers import amount
from stock import count_entry_admin, count_need_admin, place_admin, services  # noqa: F401  these register themselves
from stock.count_entry_admin import kept_page
from stock.count_new import OpensCounts, open_in_each
from stock.count_pages import CountPages
from stock.count_posting import PostForm
from stock.models import CountLine, StockCount, StockLevel

COUNT, APPROVE = "stock.change_stockcount", "stock.approve_stockcount"


def _is_open(count: StockCount) -> bool:
    return count.state == StockCount.State.OPEN


def post(request, counts: list[StockCount], data: dict) -> str:
    (count,) = counts
    services.post_count(
        count=count, actor=request.user, version=version_seen(request), leave_unsettled=data.get("leave", False)
    )
    n = count.lines.filter(state=CountLine.State.POSTED).exclude(delta=0).count()
    return ngettext("Posted: %(n)d item was corrected.", "Posted: %(n)d items were corrected.", n) % {"n": n}


def approve(request, counts: list[StockCount], data: dict) -> str:
    (count,) = counts
    count = services.approve_count(count=count, actor=request.user, version=version_seen(request))
    if count.approved_by_id is None:
        return _g("What differs has changed since it was shown, so nothing is approved yet. Look again.")
    return _g("%(number)s is approved and can be posted.") % {"number": count.number}


def cancel(request, counts: list[StockCount], data: dict) -> str:
    (count,) = counts
    services.cancel_count(count=count, actor=request.user, version=version_seen(request))
    return _g("%(number)s is given up; nothing was posted.") % {"number": count.number}


def undo(request, counts: list[StockCount], data: dict) -> str:
    (count,) = counts
    services.undo_count(count=count, actor=request.user, version=version_seen(request))
    return _g("%(number)s is undone: its differences are reversed.") % {"number": count.number}


def _is_posted(count: StockCount) -> bool:
    return count.state == StockCount.State.POSTED


def open_of(request, levels: list[StockLevel], data: dict) -> str:
    return open_in_each(levels, request.user)


COUNT_ACTS = (Act("open-count", _("Count these"), "stock.add_stockcount", open_of, in_list=True),)


class CountSheet(Sheet):
    class Meta:
        model = StockCount
        fields = ("number", "warehouse__code", "kind", "category__name", "state", "is_blind", "note",
                  "opened_by__username", "opened_at", "approved_by__username", "posted_by__username", "closed_at",
                  "undone_by__username", "undone_at")  # fmt: skip


@admin.register(StockCount)
class StockCountAdmin(OpensCounts, CountPages, ExportsList, ReadOnlyAdmin):
    resource_classes = [CountSheet]
    by_warehouse = True
    cost_fields = ("difference", "cost_sum")
    list_before_template = "stock/no_counts.html"
    change_form_outer_before_template = "stock/count_head.html"
    change_form_before_template = "stock/count_figures.html"
    acts = (
        Act("post", _("Post the differences"), COUNT, post, possible=_is_open, variant="primary",
            form=lambda request, count: PostForm(request, count),
            note=_("Each as of the moment when it was counted. Items that nobody counted stay as they are.")),
        Act("approve", _("Approve"), APPROVE, approve,
            possible=lambda count: _is_open(count) and count.approved_by_id is None),
        Act("cancel", _("Give up"), COUNT, cancel, possible=_is_open, variant="danger"),
        Act("undo", _("Undo"), APPROVE, undo, possible=_is_posted, variant="danger",
            form=lambda request, count: forms.Form(request.POST or None),
            note=_("Every difference that it posted is reversed, as of the moment when it was counted.")),
    )  # fmt: skip
    list_display = ("number", "warehouse", "kind", "state", "progress", "to_settle", "difference", "opened_at")
    list_select_related = ("warehouse", "category")
    list_filter = (("state", ChoicesDropdownFilter), ("warehouse", VisibleRelatedFilter))
    search_fields = ("number", "note")
    fields = ("number", "warehouse", "kind", "category", "state", "progress", "to_settle", "difference", "is_blind",
              "recount_pieces", "recount_cost", "approve_cost", "note", "opened_by", "opened_at", "approved_by",
              "posted_by", "closed_at", "undone_by", "undone_at")  # fmt: skip
    readonly_fields = ("progress", "to_settle", "difference")

    def get_urls(self):
        seen = self.admin_site.admin_view
        return [
            path("size/", seen(self.size_view), name="stock_stockcount_size"),
            path("accuracy/", seen(self.accuracy_view), name="stock_stockcount_accuracy"),
            path("<path:object_id>/paste/", seen(self.paste_view), name="stock_stockcount_paste"),
            path("<path:object_id>/report/", seen(self.report_view), name="stock_stockcount_report"),
            *super().get_urls(),
        ]

    def change_view(self, request, object_id, form_url="", extra_context=None):
        count = self.get_object(request, object_id)
        extra = self.figures_of(request, count) if count and self.has_view_permission(request, count) else {}
        return super().change_view(request, object_id, form_url, extra | (extra_context or {}))

    def get_queryset(self, request):
        done = Q(lines__state__in=[CountLine.State.COUNTED, CountLine.State.POSTED])
        return (
            super()
            .get_queryset(request)
            .annotate(
                line_count=Count("lines"),
                done_count=Count("lines", filter=done),
                unsettled=Count("lines", filter=Q(lines__state__in=CountLine.UNSETTLED)),
                cost_sum=Sum("lines__cost", filter=done),
            )
            .with_kept()
        )

    def get_fields(self, request, obj=None):
        """What is empty says nothing; a line of it each would hide the rest."""
        names = super().get_fields(request, obj)
        return [name for name in names if obj is None or getattr(obj, name, "") not in (None, "", False)]

    @display(description=_("counted"))
    def progress(self, count: StockCount) -> str:
        return _g("%(done)d of %(all)d items") % {"done": count.done_count, "all": count.line_count}

    @display(description=_("to settle"))
    def to_settle(self, count: StockCount):
        """Items, and entries that nobody could take: these lead to where a person says what they are."""
        if not count.kept:
            return count.unsettled
        kept = ngettext("%(n)d kept entry", "%(n)d kept entries", count.kept) % {"n": count.kept}
        link = format_html('<a class="sw-link" href="{}">{}</a>', kept_page(count), kept)
        return format_html("{} + {}", count.unsettled, link) if count.unsettled else link

    @display(description=_("value of the differences"))
    def difference(self, count: StockCount) -> str:
        hides = count.is_blind and _is_open(count)
        return "–" if hides or count.cost_sum is None else amount(count.cost_sum)


def _is_hidden(line: CountLine) -> bool:
    """Of a blind count nobody is told what is expected until it is over."""
    return line.count.is_blind and line.count.state == StockCount.State.OPEN


class CountLineSheet(Sheet):
    cost_fields = ("unit_cost", "cost")

    class Meta:
        model = CountLine
        fields = ("count__number", "level__product__sku", "state", "expected", "counted", "delta", "unit_cost", "cost",
                  "captured_at", "first_by__username", "recount_by__username")  # fmt: skip

    def export_field(self, field, instance, **kwargs):
        if field.attribute in ("expected", "delta", "cost") and _is_hidden(instance):
            return ""
        return super().export_field(field, instance, **kwargs)


@admin.register(CountLine)
class CountLineAdmin(ExportsList, ReadOnlyAdmin):
    resource_classes = [CountLineSheet]
    by_warehouse = True
    cost_fields = ("cost", "unit_cost", "value")
    list_display = ("item", "count", "state", "was_expected", "counted", "difference", "value", "captured_at",
                    "first_by", "recount_by")  # fmt: skip
    list_filter = (("state", ChoicesDropdownFilter), ("count__warehouse", VisibleRelatedFilter))
    search_fields = ("count__number", "level__product__sku")
    fields = ("item", "count", "state", "was_expected", "counted", "difference", "unit_cost", "value", "captured_at",
              "first_by", "recount_by")  # fmt: skip
    readonly_fields = ("item", "was_expected", "difference", "value")

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("level__product", "count", "first_by", "recount_by")

    @display(description=_("product"), ordering="level__product__sku")
    def item(self, line: CountLine) -> str:
        return product_cell(line.level.product)

    @display(description=_("expected"), ordering="expected")
    def was_expected(self, line: CountLine):
        return None if _is_hidden(line) else line.expected

    @display(description=_("difference"), ordering="delta")
    def difference(self, line: CountLine):
        return None if _is_hidden(line) else line.delta

    @display(description=_("value of the difference"), ordering="cost")
    def value(self, line: CountLine):
        return None if _is_hidden(line) else line.cost
