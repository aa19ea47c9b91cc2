"""What to hold where the room is short: the plan of one warehouse, and as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.response import TemplateResponse
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from forecasting.csv_files import csv_file
from inventory_site.common.numbers import percent
from replenishment.services.room_plan import RoomPlan, room_plan
from stock.models import Warehouse

VIEW = "replenishment.view_reorderpoint"
LISTED = 50


def room(request: HttpRequest) -> HttpResponse:
    """The page; ``?plan=1`` answers the plan itself, which the page asks for when it is open, ``?export=1`` its CSV."""
    if not request.user.has_perm(VIEW):
        raise PermissionDenied
    mine = Warehouse.objects.visible_to(request.user, VIEW).active()
    code = request.GET.get("warehouse", "")
    place = get_object_or_404(mine, code=code) if code else _first(mine)
    if place and place.room_ml is not None and request.GET.get("plan"):
        return _planned(request, place)
    if place and place.room_ml is not None and request.GET.get("export"):
        return csv_file(f"room-{place.code}.csv", _csv_rows(room_plan(request.user, place)))
    context = admin.site.each_context(request) | {
        "title": _("What fits into the room"), "warehouses": mine, "place": place,
        "may_declare": place and Warehouse.objects.visible_to(request.user, "stock.change_warehouse").contains(place),
    }  # fmt: skip
    return TemplateResponse(request, "replenishment/room.html", context)


def _first(mine) -> Warehouse | None:
    """The first that has its room declared, else the first."""
    return mine.filter(room_ml__isnull=False).first() or mine.first()


def _planned(request: HttpRequest, place: Warehouse) -> HttpResponse:
    plan = room_plan(request.user, place)
    cut = plan.cut
    context = {
        "plan": plan, "cut": cut[:LISTED], "cut_count": len(cut), "place": place,
        "by_room": sum(1 for row in cut if row.by_room), "by_cost": sum(1 for row in cut if not row.by_room),
        "sees_costs": request.user.has_perm(settings.COST_PERMISSION), "lacking": plan.lacking and _lacking(plan),
        "litre": number_format(round(plan.litre, 4), 2 if plan.litre >= 1 else 4),
        "filled": percent(plan.used / plan.room if plan.room else None, 0), "notes": _notes(plan),
    }  # fmt: skip
    return render(request, "replenishment/room_plan.html", context)


def _lacking(plan: RoomPlan) -> str:
    """Why nothing can be planned, and by how much."""
    return _(
        "What is held whatever the room takes %(least)s litres (smallest lots, what sells between two orders, what is "
        "set by hand), and what is there beyond the plan %(beyond)s; there are %(room)s: %(lacking)s too few."
    ) % {"least": _litres(plan.least), "beyond": _litres(plan.beyond), "room": _litres(plan.room),
         "lacking": _litres(plan.lacking)}  # fmt: skip


def _litres(number: float) -> str:
    return number_format(round(number, 1), 1, force_grouping=True)


def _notes(plan: RoomPlan) -> list[str]:
    """What is held as planned without being weighed."""
    told = []
    if plan.unpriced:
        told.append(_("%(n)d items have no cost or no price: they are held as planned.") % {"n": len(plan.unpriced)})
    if plan.by_hand:
        told.append(_("%(n)d items are set by hand: they are held as planned.") % {"n": plan.by_hand})
    if plan.not_weighed:
        told.append(_("%(n)d items that take least room are held as planned.") % {"n": plan.not_weighed})
    return told


def _csv_rows(plan: RoomPlan) -> Iterator[Sequence[Any]]:
    yield ["sku", "product", "warehouse", "order_up_to_level", "fits", "cut", "cut_by_room", "cut_by_cost",
           "volume_ml", "litres"]  # fmt: skip
    for row in plan.rows:
        product = row.product
        yield [product.sku, product.name, plan.warehouse.code, row.planned, row.level, row.cut, row.by_room,
               row.by_cost, product.volume_ml, round(row.litres, 3)]  # fmt: skip
