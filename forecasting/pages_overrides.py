"""Pages for many overrides at once: the grid of weeks, its CSV file, and the file brought back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminFileFieldWidget

from catalog.models import Category
from forecasting.csv_files import csv_file
from forecasting.importers import COLUMNS, MOST_BYTES, Fault, OverrideFile, read_overrides
from forecasting.models import Override
from forecasting.override_grid import SUNDAY, Wanted, cells_in, every_row, page_of, typed_in, weeks_of
from forecasting.services.overrides import ADD, create_overrides, save_cells
from inventory_site.common.admin_acts import new_key, run_once, safe_next
from inventory_site.common.errors import DomainError
from inventory_site.common.models import JobRun
from stock.models import Warehouse

VIEW = "forecasting.view_override"
FAULTS_SHOWN, ROWS_SHOWN, LATEST_SHOWN = 200, 20, 10


def _wanted(request: HttpRequest) -> tuple[Wanted | None, list[Warehouse]]:
    """What is asked for, in the first warehouse of the person's unless another is named."""
    warehouses = list(Warehouse.objects.visible_to(request.user, VIEW).active().order_by("code"))
    code = request.GET.get("warehouse") or (warehouses[0].code if warehouses else "")
    chosen = next((row for row in warehouses if row.code == code), None)
    if code and chosen is None:
        raise Http404(_g("There is no such warehouse, or you may not see it."))
    return (Wanted.of(request.GET, chosen) if chosen else None), warehouses


def grid(request: HttpRequest) -> HttpResponse:
    """Items and weeks; saving posts the changed cells, and is refused as a whole where one of them changed since."""
    if not request.user.has_perm(VIEW):
        raise PermissionDenied
    wanted, warehouses = _wanted(request)
    run = JobRun.objects.latest_published()
    if request.method == "POST" and run and wanted and _is_saved(request, run, wanted):
        return HttpResponseRedirect(request.get_full_path())
    rows, has_more = page_of(run, wanted, typed_in(request.POST)) if run and wanted else ([], False)
    latest = Override.objects.standing().visible_to(request.user).select_related("product", "made_by")
    context = admin.site.each_context(request) | {
        "title": _g("Overrides by week"), "wanted": wanted, "warehouses": warehouses, "run": run, "rows": rows,
        "mondays": weeks_of(run) if run else [], "has_more": has_more, "once_key": new_key(),
        "back": wanted.page - 1 if wanted else 0, "next": wanted.page + 1 if wanted else 0,
        "categories": list(Category.objects.values_list("pk", "name")),
        "latest": list(latest.filter(warehouse=wanted.warehouse)[:LATEST_SHOWN]) if wanted else [],
        "may_add": wanted and wanted.warehouse in Warehouse.objects.visible_to(request.user, ADD),
    }  # fmt: skip
    return TemplateResponse(request, "forecasting/grid.html", context)


def _is_saved(request: HttpRequest, run: JobRun, wanted: Wanted) -> bool:
    """Save the changed cells and say so; a refusal is said too, and the page keeps what was typed."""

    def effect() -> str:
        said, taken = save_cells(
            warehouse=wanted.warehouse, cells=cells_in(request.POST, run), reason=request.POST.get("reason", ""),
            actor=request.user,
        )  # fmt: skip
        if not said and not taken:
            return _g("Nothing was changed.")
        return _g("%(said)d saved, %(taken)d withdrawn. The next nightly run plans with them.") % {
            "said": said, "taken": taken,
        }  # fmt: skip

    try:
        messages.success(request, run_once(request, request.resolver_match.view_name, effect))
    except DomainError as error:
        messages.error(request, _g("Nothing was saved. %(why)s") % {"why": error})
        return False
    return True


def export(request: HttpRequest) -> HttpResponse:
    """What the grid is narrowed to, as a file to fill in and bring back."""
    if not request.user.has_perm(VIEW):
        raise PermissionDenied
    wanted, _warehouses = _wanted(request)
    run = JobRun.objects.latest_published()
    return csv_file("overrides.csv", _lines(run, wanted))


def _lines(run: JobRun | None, wanted: Wanted | None) -> Iterator[Sequence[Any]]:
    yield COLUMNS
    if run is None or wanted is None:
        return
    mondays = weeks_of(run)
    for row in every_row(run, wanted):
        for monday, week in zip(mondays, row.weeks, strict=True):
            reason = week.override.reason if week.override else ""
            yield (
                row.product.sku, row.product.name, wanted.warehouse.code, monday.isoformat(),
                (monday + SUNDAY).isoformat(), round(week.baseline, 1), week.text, reason,
            )  # fmt: skip


class FileForm(forms.Form):
    file = forms.FileField(
        label=_("file"), widget=UnfoldAdminFileFieldWidget,
        help_text=_("CSV with the columns sku, warehouse, first_on, last_on, override and reason."),
    )  # fmt: skip


def bring_in(request: HttpRequest) -> HttpResponse:
    """Upload, look at what is in it and at all that is wrong at once, then write all of it."""
    if not request.user.has_perm(ADD):
        raise PermissionDenied
    text = request.POST.get("text")
    if request.method == "POST" and text is not None:
        return _apply(request, text)
    form = FileForm(request.POST or None, request.FILES or None)
    found = None
    if request.method == "POST" and form.is_valid():
        text, found = _read(form.cleaned_data["file"], request.user)
    return _import_page(request, form, text or "", found)


def _read(file, user: Any) -> tuple[str, OverrideFile]:
    if file.size > MOST_BYTES:
        too_large = _g("The file is too large: at most %(bytes)d bytes.") % {"bytes": MOST_BYTES}
        return "", OverrideFile(faults=[Fault(1, "", "", too_large)])
    try:
        text = file.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        return "", OverrideFile(faults=[Fault(1, "", "", _g("The file is not UTF-8. Save it as “CSV UTF-8”."))])
    return text, read_overrides(text, user=user)


def _apply(request: HttpRequest, text: str) -> HttpResponse:
    found = read_overrides(text, user=request.user)
    if found.faults or not found.wishes:
        return _import_page(request, FileForm(), text, found)

    def effect() -> str:
        made = create_overrides(wishes=found.wishes, actor=request.user)
        return _g("%(count)d overrides saved. The next nightly run plans with them.") % {"count": len(made)}

    try:
        messages.success(request, run_once(request, request.resolver_match.view_name, effect))
    except DomainError as error:
        messages.error(request, _g("Nothing was saved. %(why)s") % {"why": error})
        return _import_page(request, FileForm(), text, found)
    return HttpResponseRedirect(safe_next(request, reverse("admin:forecasting_override_changelist")))


def _import_page(request: HttpRequest, form: FileForm, text: str, found: OverrideFile | None) -> HttpResponse:
    context = admin.site.each_context(request) | {
        "title": _g("Import overrides"), "form": form, "text": text, "found": found, "once_key": new_key(),
        "faults": found.faults[:FAULTS_SHOWN] if found else [], "first": found.wishes[:ROWS_SHOWN] if found else [],
    }  # fmt: skip
    return TemplateResponse(request, "forecasting/override_import.html", context)
