"""Imports in the admin: upload, look at what is in the file, apply it, watch it go."""

from __future__ import annotations

import csv
from itertools import islice
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from inventory_site.common.admin import ReadOnlyAdmin
from inventory_site.common.admin_acts import KEY, new_key, run_once
from inventory_site.common.models import ImportJob
from inventory_site.common.numbers import whole_number
from inventory_site.common.tables import ENCODINGS, ImportRefused
from orders.importers import jobs
from orders.importers.options import WRITE_SALES, SalesOptions
from orders.importers.report import finding_label, rows_of
from orders.tasks import wake_import
from stock.models import Warehouse

FINDINGS_SHOWN = 200
VIEW_IMPORT = "common.view_importjob"
STATE_COLOURS = {"uploaded": "info", "previewed": "warning", "applying": "info", "applied": "success"}


class UploadForm(forms.Form):
    file = forms.FileField(label=_("file"), widget=UnfoldAdminFileFieldWidget, help_text=_("CSV or Excel (.xlsx)."))
    format = forms.ChoiceField(
        label=_("format"), widget=UnfoldAdminSelectWidget,
        choices=[("generic", _("sku, date, quantity, and more")), ("online_retail", _("invoice lines, C… cancels"))],
    )  # fmt: skip
    warehouse = forms.ModelChoiceField(
        Warehouse.objects.none(), label=_("warehouse"), required=False, widget=UnfoldAdminSelectWidget,
        help_text=_("For rows that name none."),
    )  # fmt: skip
    channel = forms.SlugField(
        label=_("sales channel"), initial="import", max_length=32, widget=UnfoldAdminTextInputWidget,
        help_text=_("For rows that name none. Order numbers are unique within a channel."),
    )  # fmt: skip
    date_order = forms.ChoiceField(
        label=_("dates like 03/04/2024"), required=False, widget=UnfoldAdminSelectWidget,
        choices=[("", _("as usual for the format")), ("dmy", _("day first")), ("mdy", _("month first"))],
    )  # fmt: skip
    encoding = forms.ChoiceField(
        label=_("encoding"), required=False, widget=UnfoldAdminSelectWidget,
        choices=[("", _("found out by itself")), *((name, name) for name in ENCODINGS)],
    )  # fmt: skip
    create_warehouses = forms.BooleanField(
        label=_("make warehouses that the file names"), required=False, widget=UnfoldBooleanSwitchWidget
    )

    def __init__(self, *args, user: Any, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["warehouse"].queryset = Warehouse.objects.visible_to(user, WRITE_SALES).active()
        if not user.has_perm("stock.add_warehouse"):
            del self.fields["create_warehouses"]

    def options(self) -> SalesOptions:
        told = {name: value for name, value in self.cleaned_data.items() if name != "file"}
        warehouse = told["warehouse"]
        return SalesOptions(**told | {"warehouse": warehouse.code if warehouse else ""})


@admin.register(ImportJob)
class ImportJobAdmin(ReadOnlyAdmin):
    list_display = ["file_name", "state_label", "rows_read", "requested_by", "created_at", "finished_at"]
    list_display_links = ["file_name"]
    list_select_related = ["requested_by"]
    list_filter = ["state", "format"]
    search_fields = ["file_name"]

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def state_label(self, job: ImportJob) -> tuple[str, str]:
        return job.state, job.get_state_display()

    def get_queryset(self, request: HttpRequest):
        """One's own; all of them for whoever sees all warehouses."""
        visible = Warehouse.objects.visible_to(request.user, VIEW_IMPORT)
        if Warehouse.objects.exclude(pk__in=visible.values("pk")).exists():
            return super().get_queryset(request).filter(requested_by=request.user)
        return super().get_queryset(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("common.add_importjob")

    def get_urls(self):
        applying = path("<int:pk>/apply/", self.admin_site.admin_view(self.apply_view), name="common_importjob_apply")
        listing = path(
            "<int:pk>/listing/", self.admin_site.admin_view(self.listing_view), name="common_importjob_listing"
        )
        return [applying, listing, *super().get_urls()]

    def add_view(self, request, form_url="", extra_context=None):
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = UploadForm(request.POST or None, request.FILES or None, user=request.user)
        if request.method == "POST" and form.is_valid():
            pk = run_once(request, request.resolver_match.view_name, lambda: self._upload(request, form))
            return HttpResponseRedirect(self._page(pk))
        context = self._context(request) | {"title": _g("Import sales"), "form": form}
        return TemplateResponse(request, "orders/import_upload.html", context)

    def _upload(self, request: HttpRequest, form: UploadForm) -> int:
        job = jobs.upload_sales(file=form.cleaned_data["file"], options=form.options(), actor=request.user)
        transaction.on_commit(lambda: wake_import(job.pk))
        return job.pk

    def change_view(self, request, object_id, form_url="", extra_context=None):
        job = self._job(request, object_id)
        is_busy = job.state in (jobs.State.UPLOADED, jobs.State.APPLYING)
        findings = _findings(job, _page_number(request))
        context = self._context(request) | {
            "title": job.file_name, "job": job, "is_busy": is_busy, "has_worker": not is_busy or jobs.has_worker(),
            "counts": rows_of(job.report) if "kinds" in job.report else [], "first_rows": _first_rows(job),
            "findings": findings[:FINDINGS_SHOWN], "has_more": len(findings) > FINDINGS_SHOWN,
            "page": _page_number(request), "share": 100 * job.rows_done // max(job.rows_read, 1),
            "may_apply": job.state == jobs.State.PREVIEWED and request.user.has_perm("common.change_importjob"),
            "bad": job.report.get("kinds", {}).get("bad", 0), "before": jobs.same_file_before(job),
        }  # fmt: skip
        return TemplateResponse(request, "orders/import.html", context)

    def apply_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        job = self._job(request, pk)
        if request.method != "POST" or not request.user.has_perm("common.change_importjob"):
            raise PermissionDenied
        try:
            run_once(request, request.resolver_match.view_name, lambda: self._apply(request, job))
        except ImportRefused as refusal:
            messages.error(request, str(refusal))
        return HttpResponseRedirect(self._page(pk))

    def _apply(self, request: HttpRequest, job: ImportJob) -> str:
        jobs.apply_sales(job=job, skip_bad_rows="skip_bad_rows" in request.POST, actor=request.user)
        transaction.on_commit(lambda: wake_import(job.pk))
        return "applying"

    def listing_view(self, request: HttpRequest, pk: int) -> FileResponse:
        """Every bad and left-out row as a CSV file."""
        job = self._job(request, pk)
        if not job.listing:
            raise Http404
        return FileResponse(job.listing.open("rb"), as_attachment=True, filename=f"import-{job.pk}-left-out.csv")

    def _job(self, request: HttpRequest, pk: Any) -> ImportJob:
        if not self.has_view_permission(request):
            raise PermissionDenied
        job = self.get_object(request, str(pk))
        if job is None:
            raise Http404(_g("There is no such import, or you may not see it."))
        return job

    def _page(self, pk: int) -> str:
        return reverse("admin:common_importjob_change", args=[pk])

    def _context(self, request: HttpRequest) -> dict:
        key = request.POST.get(KEY) or new_key()
        return self.admin_site.each_context(request) | {"opts": self.opts, "once_key": key}


def _page_number(request: HttpRequest) -> int:
    return max(whole_number(request.GET.get("page"), 6) or 1, 1)


def _findings(job: ImportJob, page: int) -> list[list[str]]:
    """One page of the listing, and one row more where there is a next page."""
    if not job.listing:
        return []
    start = 1 + (page - 1) * FINDINGS_SHOWN
    with open(job.listing.path, encoding="utf-8-sig", newline="") as file:
        rows = islice(csv.reader(file), start, start + FINDINGS_SHOWN + 1)
        return [[finding_label(code), *told] for code, *told in rows]


def _first_rows(job: ImportJob) -> list[dict]:
    return [row | {"kind": finding_label(row["kind"])} for row in job.report.get("first_rows", [])]
