"""What people tell the forecast besides demand: signals from outside, and what a missing day means."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldBooleanSwitchWidget

from forecasting.models import DataRule, Signal, SignalKind
from forecasting.services.signals import tell_signals
from forecasting.signal_file import WRITE_SIGNALS, SignalFile, read_signals
from inventory_site.common.admin import ShelfAdmin, VisibleRelatedFilter
from inventory_site.common.admin_acts import new_key, run_once
from inventory_site.common.admin_export import ExportsList, Sheet
from inventory_site.common.tables import ImportRefused
from stock.access import within

FAULTS_SHOWN = 200


class SharedRows:
    """Rows that may name no warehouse: who works in some only must name one of them."""

    by_warehouse = True

    def formfield_for_foreignkey(self, db_field, request: HttpRequest, **kwargs):
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "warehouse" and within(request.user, self._permission("change")) is not None:
            field.required = True
        return field


class SignalSheet(Sheet):
    class Meta:
        model = Signal
        fields = ("name", "warehouse__code", "on_date", "value", "known_on")


class UploadForm(forms.Form):
    file = forms.FileField(
        label=_("file"), widget=UnfoldAdminFileFieldWidget,
        help_text=_("CSV or Excel (.xlsx) with the columns name, date and value; also warehouse and known_on."),
    )  # fmt: skip
    skip_bad_rows = forms.BooleanField(
        label=_("leave out bad rows"), required=False, widget=UnfoldBooleanSwitchWidget,
        help_text=_("Otherwise nothing is written where any row is bad."),
    )  # fmt: skip


@admin.register(Signal)
class SignalAdmin(SharedRows, ExportsList, ShelfAdmin):
    resource_classes = [SignalSheet]
    list_display = ("name", "on_date", "value", "warehouse", "known_on")
    list_select_related = ("warehouse",)
    list_filter = (("warehouse", VisibleRelatedFilter), ("on_date", RangeDateFilter))
    search_fields = ("=name",)
    search_help_text = _("The whole name")
    list_before_template = "forecasting/signals_links.html"

    def save_model(self, request, obj, form, change) -> None:
        super().save_model(request, obj, form, change)
        SignalKind.objects.get_or_create(name=obj.name)

    def get_urls(self):
        view = self.admin_site.admin_view(self.upload_view)
        return [path("upload/", view, name="forecasting_signal_upload"), *super().get_urls()]

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        """Check a file and write it; where rows are bad, tell all of them and write nothing unless told."""
        if not request.user.has_perm(WRITE_SIGNALS):
            raise PermissionDenied
        form, found = UploadForm(request.POST or None, request.FILES or None), None
        if request.method == "POST" and form.is_valid():
            try:
                found = _read(form.cleaned_data["file"], request.user)
            except ImportRefused as refusal:
                form.add_error("file", str(refusal))
            else:
                if found.words and (not found.faults or form.cleaned_data["skip_bad_rows"]):
                    return self._write(request, found)
        context = self.admin_site.each_context(request) | {
            "title": _g("Upload signals"), "opts": self.opts, "form": form, "found": found, "once_key": new_key(),
            "faults": found.faults[:FAULTS_SHOWN] if found else [],
            "more": max(len(found.faults) - FAULTS_SHOWN, 0) if found else 0,
        }  # fmt: skip
        return TemplateResponse(request, "forecasting/signals_upload.html", context)

    def _write(self, request: HttpRequest, found: SignalFile) -> HttpResponse:
        def tell() -> list[int]:
            return list(tell_signals(words=found.words, actor=request.user))

        new, changed = run_once(request, request.resolver_match.view_name, tell)
        told = {"new": new, "changed": changed, "bad": len({fault.line for fault in found.faults})}
        messages.success(request, _g("%(new)d new values, %(changed)d changed, %(bad)d rows left out.") % told)
        return HttpResponseRedirect(reverse("admin:forecasting_signal_changelist"))


def _read(upload, user) -> SignalFile:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "signals"
        with open(file, "wb") as copy:
            for chunk in upload.chunks():
                copy.write(chunk)
        return read_signals(path=file, actor=user)


@admin.register(SignalKind)
class SignalKindAdmin(ShelfAdmin):
    list_display = ("name", "ahead", "note")
    search_fields = ("name",)

    def get_readonly_fields(self, request, obj=None):
        """The values carry the name, so it stays."""
        return ("name",) if obj else ()


@admin.register(DataRule)
class DataRuleAdmin(SharedRows, ShelfAdmin):
    list_display = ("scope", "missing", "gap")
    list_select_related = ("product", "category", "warehouse")
    list_filter = (("missing", ChoicesDropdownFilter), ("warehouse", VisibleRelatedFilter))
    search_fields = ("=product__sku", "category__name")
    autocomplete_fields = ("product", "category")
    fields = ("product", "category", "warehouse", "missing", "gap")

    @display(description=_("applies to"))
    def scope(self, rule: DataRule) -> str:
        return str(rule)
