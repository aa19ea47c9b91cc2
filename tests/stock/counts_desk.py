"""A small shop and its counts as people see them in the admin."""

from __future__ import annotations

import re
import uuid

from django.utils import timezone

from inventory_site.common.models import User
from stock import services
from stock.models import Bin, StockCount, StockLevel
from stock.services import Sent
from tests.stock.moments import at_noon


def stocked(make_product, receive, warehouse):
    """Three items in two areas; CUP is dear."""
    for sku, cost, area in (("CUP", 50, "North"), ("JAR", 4, "North"), ("TIN", 1, "South")):
        receive(make_product(sku, unit_cost=cost), 20, reason="opening", effective_at=at_noon(40))
        place, _made = Bin.objects.get_or_create(warehouse=warehouse, code=f"{area[0]}-1", defaults={"area": area})
        place.levels.add(StockLevel.objects.get(product__sku=sku))
    return warehouse


def page_of(count: StockCount, part: str = "change") -> str:
    return f"/admin/stock/stockcount/{count.pk}/{part}/"


def entered(count: StockCount, by: str = "ann", **pieces: int) -> None:
    told = [Sent(uuid.uuid4(), sku, n, timezone.now()) for sku, n in pieces.items()]
    services.record_entries(count=count, entries=told, actor=User.objects.get(username=by))


def text_of(answer) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def once(**fields) -> dict:
    return {"once": uuid.uuid4().hex} | fields
