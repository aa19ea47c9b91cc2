"""Labels over the API, for the phone that receives goods and for shops that print by themselves."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.forms import ValidationError as FormError
from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.views import APIView

from inventory_site.common.admin_lists import split_codes
from stock.label_items import (
    PERMISSIONS,
    PRODUCTS,
    LabelForm,
    bins_named,
    products_named,
)
from stock.label_sheets import SHEETS
from stock.label_symbols import WISHES


class PdfRenderer(BaseRenderer):
    """Lets a client ask for application/pdf; the view answers with the file itself, and refusals come as JSON."""

    media_type, format = "application/pdf", "pdf"

    def render(self, data, accepted_media_type=None, renderer_context=None):
        return JSONRenderer().render(data, renderer_context=renderer_context)


def _asked(name: str, description: str, *, required: bool = False, choices=None, kind=str) -> OpenApiParameter:
    return OpenApiParameter(name, kind, description=description, required=required, enum=choices)


class LabelsView(APIView):
    renderer_classes = [JSONRenderer, PdfRenderer]

    @extend_schema(
        responses={(200, "application/pdf"): OpenApiTypes.BINARY},
        parameters=[
            _asked("kind", "What to print labels of.", required=True, choices=list(PERMISSIONS)),
            _asked("codes", "SKUs or barcodes, or codes of bins, with commas between.", required=True),
            _asked("warehouse", "Of bins: the code of their warehouse."),
            _asked("sheet", "L7160 where it is left out.", choices=list(SHEETS)),
            _asked("start", "First free place of the first sheet, from 1.", kind=int),
            _asked("copies", "Of each.", kind=int),
            _asked("each", "How many of the first, the second …: 3,1,2."),
            _asked("symbol", "The barcode.", choices=list(WISHES)),
            _asked("price", "1: with the price.", kind=bool),
        ],
    )
    def get(self, request) -> HttpResponse:
        """A PDF of labels."""
        told = request.query_params
        kind, codes = told.get("kind", ""), split_codes(told.get("codes", ""))
        if kind not in PERMISSIONS:
            raise serializers.ValidationError({"kind": [_("Write products or bins.")]})
        if not request.user.has_perm(PERMISSIONS[kind]):
            raise PermissionDenied
        form = LabelForm(_defaults() | {name: told[name] for name in LabelForm.base_fields if name in told})
        try:
            rows = products_named(request.user, codes) if kind == PRODUCTS else self._bins(codes)
        except FormError as error:
            raise serializers.ValidationError({"codes": error.messages}) from error
        copies = form.copies_of(len(rows)) if form.is_valid() else []
        if not form.is_valid():
            raise serializers.ValidationError(form.errors)
        return form.file(kind, rows, copies)

    def _bins(self, codes: list[str]) -> list:
        return bins_named(self.request.user, codes, self.request.query_params.get("warehouse", ""))


def _defaults() -> dict:
    return {name: field.initial for name, field in LabelForm.base_fields.items() if field.initial is not None}


VIEWS = {"v1/labels": LabelsView}
