"""Labels in the admin: of chosen products and bins, and of what was received."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.contrib import admin, messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.models import Product
from inventory_site.common import admin_menu
from inventory_site.common.errors import DomainError
from stock.label_items import BINS, MOST_LABELS, PERMISSIONS, PRODUCTS, LabelForm
from stock.models import Bin

LABEL = gettext_lazy("Print labels")


def labels(request: HttpRequest) -> HttpResponse:
    """Ask which sheet, and answer with the PDF. What is printed comes in ``kind`` and ``ids``, in that order."""
    told = request.POST or request.GET
    kind, keys = told.get("kind", ""), _keys(told.get("ids", ""))
    if kind not in PERMISSIONS:
        raise Http404
    if not request.user.has_perm(PERMISSIONS[kind]):
        raise PermissionDenied
    if request.method != "POST":
        return ask(request, kind, keys)
    form = LabelForm(request.POST)
    rows = _rows(request, kind, keys)
    if form.is_valid() and rows:
        copies = form.copies_of(len(rows))
        if form.is_valid():
            try:
                return form.file(kind, rows, copies)
            except DomainError as error:
                form.add_error(None, str(error))
    return ask(request, kind, keys, form)


def _keys(text: str) -> list[int]:
    parts = [part for part in text.split(",") if part]
    if not all(part.isascii() and part.isdecimal() and len(part) < 19 for part in parts):
        raise BadRequest("ids")
    return [int(part) for part in parts]


def _rows(request: HttpRequest, kind: str, keys: Sequence[int]) -> list:
    """Those that this person may see, in the order of the keys."""
    manager = Product.objects if kind == PRODUCTS else Bin.objects.select_related("warehouse")
    found = manager.visible_to(request.user).in_bulk(keys)
    return [found[key] for key in keys if key in found]


def ask(
    request: HttpRequest, kind: str, keys: Sequence[int], form: LabelForm | None = None, each: Sequence[int] = ()
) -> HttpResponse:
    """The page that asks for the sheet; ``each`` is how many of the first, the second …"""
    rows = _rows(request, kind, keys)
    form = form or LabelForm(initial={"each": ",".join(map(str, each))})
    context = admin.site.each_context(request) | {
        "title": _("Print labels"), "form": form, "kind": kind, "ids": ",".join(str(row.pk) for row in rows),
        "items": len(rows), "pieces": sum(each) or len(rows), "shown": [str(row) for row in rows[:5]],
        "is_products": kind == PRODUCTS,
    }  # fmt: skip
    return TemplateResponse(request, "stock/labels.html", context)


def of_selection(kind: str, key: str = "pk") -> Callable:
    """An entry of a list's menu; ``key`` is the way from its rows to what is printed."""

    def do(model_admin, request: HttpRequest, queryset) -> HttpResponse | None:
        keys = list(dict.fromkeys(queryset.values_list(key, flat=True)[: MOST_LABELS + 1]))
        if len(keys) > MOST_LABELS:
            messages.error(
                request, _("At most %(most)d labels fit into one file. Narrow the list.") % {"most": MOST_LABELS}
            )
            return None
        return ask(request, kind, keys)

    return do


for _page, _kind, _key in (
    ("catalog.product", PRODUCTS, "pk"), ("stock.stocklevel", PRODUCTS, "product_id"), ("stock.bin", BINS, "pk"),
):  # fmt: skip
    admin_menu.offer(_page, admin_menu.Entry("print-labels", LABEL, PERMISSIONS[_kind], of_selection(_kind, _key)))
