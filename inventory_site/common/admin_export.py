"""Downloads of lists: what the person sees, as CSV or XLSX, with cells that no spreadsheet takes for formulas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from import_export.admin import ExportMixin
from import_export.formats.base_formats import CSV, XLSX
from import_export.resources import ModelResource
from unfold.contrib.import_export.forms import ExportForm

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def harmless(text: str) -> str:
    """The same text, with an apostrophe before what a spreadsheet would run."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


class Sheet(ModelResource):
    """One row of a list; fields in ``cost_fields`` only for who may see costs."""

    cost_fields: Sequence[str] = ()

    def __init__(self, user: Any = None, **kwargs):
        super().__init__(**kwargs)
        if user is None or not user.has_perm(settings.COST_PERMISSION):
            for name in self.cost_fields:
                self.fields.pop(name, None)

    def get_export_order(self):
        return [name for name in super().get_export_order() if name in self.fields]

    def get_import_order(self):
        return [name for name in super().get_import_order() if name in self.fields]

    def export_field(self, field, instance, **kwargs):
        value = super().export_field(field, instance, **kwargs)
        return harmless(value) if isinstance(field.get_value(instance), str) else value


class ExportsList(ExportMixin):
    """Adds “Export” to a list; it exports the filtered rows that the person may see."""

    export_form_class = ExportForm
    formats = [XLSX, CSV]

    def has_export_permission(self, request) -> bool:
        return self.has_view_permission(request)

    def get_export_resource_kwargs(self, request, **kwargs) -> dict:
        return {"user": request.user}
