"""A purchase order as a file: from its page, from the list and over the API."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZipFile

from django.conf import settings
from django.http import HttpResponse

from inventory_site.common.models import User
from orders.models import PurchaseOrder
from orders.purchase_document import csv_of, document_of
from orders.purchase_pdf import pdf_of

TYPES = {"pdf": "application/pdf", "csv": "text/csv; charset=utf-8"}


def content_of(order: PurchaseOrder, kind: str, user: User) -> bytes:
    """Without prices for people who may not see costs: what they print is a list of what comes."""
    with_costs = user.has_perm(settings.COST_PERMISSION)
    document = document_of(order)
    if kind == "pdf":
        return pdf_of(document, with_costs=with_costs)
    return csv_of(document, with_costs=with_costs).encode("utf-8-sig")  # Excel needs the mark to read UTF-8


def file_answer(order: PurchaseOrder, kind: str, user: User) -> HttpResponse:
    return _answer(content_of(order, kind, user), f"{order.number}.{kind}", TYPES[kind])


def files_answer(orders: list[PurchaseOrder], kind: str, user: User) -> HttpResponse:
    """One file as it is, several in a ZIP."""
    if len(orders) == 1:
        return file_answer(orders[0], kind, user)
    packed = BytesIO()
    with ZipFile(packed, "w") as archive:
        for order in orders:
            archive.writestr(f"{order.number}.{kind}", content_of(order, kind, user))
    return _answer(packed.getvalue(), "purchase-orders.zip", "application/zip")


def _answer(content: bytes, name: str, type_: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=type_)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
