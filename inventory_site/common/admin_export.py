"""Downloads of lists: what the person sees, as CSV or XLSX, with cells that no spreadsheet takes for formulas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Number
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
    """One row of a list; fields in ``cost_fields`` only for who may see costs, others by ``hidden_fields``."""

    cost_fields: Sequence[str] = ()
    #: {permission: fields that are left out without it}
    hidden_fields: Mapping[str, Sequence[str]] = {}

    def __init__(self, user: Any = None, **kwargs):
        super().__init__(**kwargs)
        self.user = user
        for permission, names in {settings.COST_PERMISSION: self.cost_fields, **self.hidden_fields}.items():
            if user is None or not user.has_perm(permission):
                for name in names:
                    self.fields.pop(name, None)

    def get_export_order(self):
        return [name for name in super().get_export_order() if name in self.fields]

    def get_import_order(self):
        return [name for name in super().get_import_order() if name in self.fields]

    def export_field(self, field, instance, **kwargs):
        value = super().export_field(field, instance, **kwargs)
        is_text = isinstance(value, str) and not isinstance(field.get_value(instance), Number)
        return harmless(value) if is_text else value


class ExportsList(ExportMixin):
    """Adds “Export” to a list; it exports the filtered rows that the person may see."""

    export_form_class = ExportForm
    formats = [XLSX, CSV]

    def has_export_permission(self, request) -> bool:
        return self.has_view_permission(request)

    def get_export_resource_kwargs(self, request, **kwargs) -> dict:
        return {"user": request.user}
