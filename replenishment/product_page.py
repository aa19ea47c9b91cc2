"""One product in one warehouse: what was asked for, what will be, what there is, what to do and why."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from catalog.models import Product


def product(request: HttpRequest, pk: int) -> HttpResponse:
    """The page of one product; ``?warehouse=`` chooses the warehouse."""
    row = get_object_or_404(Product.objects.visible_to(request.user), pk=pk)
    return render(request, "replenishment/product.html", {"product": row})
