"""Pages of one count beside its form: lines pasted or brought in, and its report; and how right areas are over time."""

from __future__ import annotations

import csv
import json
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminTextareaWidget

from inventory_site.common import charts
from inventory_site.common.admin_acts import new_key, run_once
from inventory_site.common.admin_export import harmless
from inventory_site.common.errors import DomainError, WrongState
from inventory_site.common.numbers import percent
from stock import count_figures, services
from stock.count_entry_admin import kept_page
from stock.count_paste import Paste, read_file, read_text
from stock.count_report import pdf_of, report_of
from stock.models import StockCount, Warehouse

COUNT = "stock.change_stockcount"
FAULTS_SHOWN = 500
MOST_TEXT = 4 * 2**20
AREAS_SHOWN = 6
COLOURS = ("var(--color-primary-500)", "#d97706", "#2563eb", "#dc2626", "#7c3aed", "var(--color-base-400)")


class PasteForm(forms.Form):
    text = forms.CharField(
        label=_("lines"), required=False, max_length=MOST_TEXT, strip=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 12, "spellcheck": "false", "autocomplete": "off"}),
        help_text=_("As copied from a sheet: SKU or barcode, counted, and where you have them bin and time. "
                    "A first line with names of columns may say their order."),
    )  # fmt: skip
    file = forms.FileField(
        label=_("or a file"), required=False, widget=UnfoldAdminFileFieldWidget, help_text=_("CSV or XLSX.")
    )

    def clean(self) -> dict:
        told = super().clean()
        if not self.errors and not told.get("file") and not told.get("text", "").strip():
            raise forms.ValidationError(_g("Paste lines, or choose a file."))
        return told


class CountPages:
    """Views of an admin of counts; rows through its ``get_object``, so of the person's warehouses only."""

    def count_or_404(self, request: HttpRequest, object_id: str) -> StockCount:
        count = self.get_object(request, object_id)
        if count is None or not self.has_view_permission(request, count):
            raise Http404
        return count

    def figures_of(self, request: HttpRequest, count: StockCount) -> dict[str, Any]:
        """What stands under a count's fields."""
        sees_costs = self.sees_costs(request)
        hides_expected = count.is_blind and count.state == StockCount.State.OPEN
        lines = count_figures.differences(count, by_cost=sees_costs)
        variance = None if hides_expected else count_figures.variance(count)
        return {
            "people": count_figures.by_person(count), "areas": count_figures.by_area(count),
            "variance": variance, "item_accuracy": percent(variance.item_accuracy) if variance else "",
            "differences": [] if hides_expected else list(lines[: count_figures.TOP]),
            "waiting": count_figures.waiting(count), "sees_costs": sees_costs, "hides_expected": hides_expected,
            "may_enter": count.state == StockCount.State.OPEN and self.may(request, COUNT, count),
            "kept_page": kept_page(count),
        }  # fmt: skip

    def report_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """One page to print; ``?as=pdf`` is the file. A blind count that is open has none yet."""
        count = self.count_or_404(request, object_id)
        if count.is_blind and count.state == StockCount.State.OPEN:
            messages.warning(request, _g("This count is blind: its report is there when it is posted."))
            return HttpResponseRedirect(self.page_of(count))
        report = report_of(count, sees_costs=self.sees_costs(request))
        if request.GET.get("as") == "pdf":
            answer = HttpResponse(pdf_of(report), content_type="application/pdf")
            answer["Content-Disposition"] = f'attachment; filename="{count.number}.pdf"'
            return answer
        context = {"report": report, "back": self.page_of(count)}
        return TemplateResponse(request, "stock/count_report.html", context)

    def paste_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Lines from a sheet or a file: taken when all are right, or the right ones when the person says so."""
        count = self.count_or_404(request, object_id)
        if not self.may(request, COUNT, count):
            raise PermissionDenied
        if count.state != StockCount.State.OPEN:
            messages.warning(request, str(WrongState.of(count, _g("entered into"))))
            return HttpResponseRedirect(self.page_of(count))
        form, paste = PasteForm(request.POST or None, request.FILES or None), None
        key = request.POST.get("import_key") or new_key()
        if request.method == "POST" and form.is_valid():
            try:
                paste = self._read(form, count)
                if paste.good and (not paste.faults or "take" in request.POST):
                    self._take(request, count, paste)
                    if not paste.faults:
                        return HttpResponseRedirect(self.page_of(count))
                    form, key = PasteForm(initial={"text": paste.as_text(only_bad=True)}), new_key()
                else:
                    form = PasteForm(initial={"text": paste.as_text()})
            except DomainError as error:
                form.add_error(None, str(error))
        context = self.admin_site.each_context(request) | {
            "title": _g("Paste or import lines"), "subtitle": str(count), "opts": self.opts, "count": count,
            "form": form, "paste": paste, "faults": paste.faults[:FAULTS_SHOWN] if paste else [],
            "took": bool(paste and "take" in request.POST), "back": self.page_of(count),
            "import_key": key, "once_key": new_key(),
        }  # fmt: skip
        return TemplateResponse(request, "stock/count_paste.html", context)

    @staticmethod
    def _read(form: PasteForm, count: StockCount) -> Paste:
        upload = form.cleaned_data.get("file")
        return read_file(upload, count) if upload else read_text(form.cleaned_data["text"], count)

    def _take(self, request: HttpRequest, count: StockCount, paste: Paste) -> None:
        """Record the good lines. Until something is taken the import's key stays the same: nothing counts twice."""
        entries = paste.entries(key=request.POST.get("import_key", "")[:64], at=timezone.now())

        def effect() -> list[int]:
            taken = services.record_entries(count=count, entries=entries, actor=request.user)
            kept = sum(1 for one in taken if one.entry.problem)
            known = sum(1 for one in taken if not one.is_new and not one.entry.problem)
            return [len(taken) - kept - known, kept, known]

        done, kept, known = run_once(request, request.resolver_match.view_name, effect)
        messages.success(request, ngettext("%(n)d line is taken.", "%(n)d lines are taken.", done) % {"n": done})
        if known:
            told = ngettext(
                "%(n)d line was taken before and is not entered again. If it shall count anew, open this page anew.",
                "%(n)d lines were taken before and are not entered again. If they shall count anew, "
                "open this page anew.", known,
            )  # fmt: skip
            messages.warning(request, told % {"n": known})
        if kept:
            told = ngettext(
                "%(n)d line is kept under “Entries of a count” for a person to settle.",
                "%(n)d lines are kept under “Entries of a count” for a person to settle.", kept,
            )  # fmt: skip
            messages.warning(request, told % {"n": kept})

    def accuracy_view(self, request: HttpRequest) -> HttpResponse:
        """How right the ledger was in each area, count by count."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        mine = list(Warehouse.objects.visible_to(request.user, "stock.view_stockcount").active())
        asked = request.GET.get("warehouse", "")
        place = next((row for row in mine if row.code == asked), None) if asked else next(iter(mine), None)
        if asked and place is None:
            raise Http404
        posted = StockCount.objects.filter(warehouse=place, state=StockCount.State.POSTED).order_by("-closed_at")
        rows = count_figures.accuracy_by_area(posted.filter(pk__in=list(posted.values_list("pk", flat=True)[:200])))
        sees_costs = self.sees_costs(request)
        if request.GET.get("export"):
            return _accuracy_csv(rows, sees_costs)
        context = self.admin_site.each_context(request) | {
            "title": _g("Accuracy by area"), "opts": self.opts, "warehouses": mine, "place": place,
            "chart": json.dumps(accuracy_chart(rows)), "chart_options": json.dumps(percent_options()),
            "rows": [_accuracy_row(row) for row in reversed(rows)],
            "sees_costs": sees_costs,
        }  # fmt: skip
        return TemplateResponse(request, "stock/count_accuracy.html", context)


def _accuracy_csv(rows: list[count_figures.AreaAccuracy], sees_costs: bool) -> HttpResponse:
    answer = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")  # the mark tells Excel that it is UTF-8
    answer["Content-Disposition"] = 'attachment; filename="count-accuracy.csv"'
    writer = csv.writer(answer)
    writer.writerow(["posted_at", "count", "area", "items", "exact"] + (["value", "off"] if sees_costs else []))
    for row in rows:
        told = [row.at.isoformat(), row.number, harmless(row.area), row.counted, row.exact]
        writer.writerow(told + ([row.value, row.off] if sees_costs else []))
    return answer


def _accuracy_row(row: count_figures.AreaAccuracy) -> dict[str, Any]:
    return {"row": row, "area": row.area or _g("no area"), "items": percent(row.item_accuracy),
            "value": percent(row.value_accuracy)}  # fmt: skip


def accuracy_chart(rows: list[count_figures.AreaAccuracy]) -> dict[str, Any]:
    """A line for each of the areas that were counted most, per cent of items exactly right over the posted counts."""
    counts = list(dict.fromkeys((row.at, row.number) for row in rows))
    labels = [f"{date_format(localtime(at), 'SHORT_DATE_FORMAT')} {number}" for at, number in counts]
    sizes: dict[str, int] = {}
    for row in rows:
        sizes[row.area] = sizes.get(row.area, 0) + row.counted
    areas = sorted(sizes, key=lambda area: (-sizes[area], area))[:AREAS_SHOWN]
    told = {(row.area, row.number): round(100 * row.item_accuracy, 1) for row in rows}
    lines = [
        charts.line(area or _g("no area"), [told.get((area, number)) for _at, number in counts], colour,
                    spanGaps=True, pointStyle="circle", pointRadius=3, clip=6)
        for area, colour in zip(areas, COLOURS, strict=False)
    ]  # fmt: skip
    return {"labels": labels, "datasets": lines}


def percent_options() -> dict[str, Any]:
    base = charts.SERIES_OPTIONS
    legend = {"display": True, "position": "bottom", "labels": {"boxWidth": 12, "color": "#9ca3af"}}
    upward = base["scales"]["y"] | {"beginAtZero": False, "max": 100}
    return base | {"plugins": {"legend": legend}, "scales": base["scales"] | {"y": upward}}
