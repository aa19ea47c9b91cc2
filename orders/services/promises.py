"""What suppliers say of goods that are on order: the days that they promise, and when they were asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from inventory_site.common import audit
from inventory_site.common.models import ShopSettings, User
from orders.errors import InvalidLines, WrongState
from orders.models import PromisedDate, PurchaseOrder, PurchaseOrderLine, Reminder
from orders.services.common import tell_positions
from orders.services.purchases import ON_ORDER


@transaction.atomic
def promise_dates(*, dates: Mapping[int, date | None], actor: User | None) -> list[PurchaseOrderLine]:
    """Set the promised day of these lines (by primary key; None: no promise), of any orders; the change is remembered.

    A line that has that day already stays as it is. Refused as a whole where one is not on order.
    """
    lines = _locked(dates)
    for line in lines:
        _refuse_before_order(line, dates[line.pk])
    changed = [line for line in lines if line.promised_on != dates[line.pk]]
    history = [
        PromisedDate(line=line, was_on=line.promised_on, promised_on=dates[line.pk], actor=actor) for line in changed
    ]
    for line in changed:
        line.promised_on = dates[line.pk]
    PurchaseOrderLine.objects.bulk_update(changed, ["promised_on"])
    PromisedDate.objects.bulk_create(history)
    tell_positions((line.product_id, line.order.warehouse_id) for line in changed)
    for order in {line.order_id: line.order for line in changed}.values():
        told = {line.product.sku: line.promised_on for line in changed if line.order_id == order.pk}
        audit.record(actor=actor, action="purchase_order.promise", subject=order, changes={"promised": told})
    return changed


@transaction.atomic
def remind_supplier(
    *, lines: Collection[int], note: str = "", asked_on: date | None = None, actor: User | None
) -> list[Reminder]:
    """Note that the supplier was asked about these lines, today unless told otherwise."""
    asked_on = asked_on or ShopSettings.objects.load().today()
    chosen = _locked(dict.fromkeys(lines))
    return Reminder.objects.bulk_create(
        Reminder(line=line, asked_on=asked_on, note=note, actor=actor) for line in chosen
    )


def _locked(wanted: Mapping[int, object]) -> list[PurchaseOrderLine]:
    """These lines, their orders locked in one order; refused where one is unknown or nothing of it is to come."""
    ids = PurchaseOrderLine.objects.filter(pk__in=wanted).values_list("order_id", flat=True)
    orders = {order.pk: order for order in PurchaseOrder.objects.locked().filter(pk__in=set(ids))}
    lines = list(PurchaseOrderLine.objects.filter(pk__in=wanted).select_related("product").order_by("pk"))
    if missing := set(wanted) - {line.pk for line in lines}:
        raise InvalidLines.unknown(min(missing))
    warehouses = PurchaseOrder.warehouse.get_queryset().in_bulk({order.warehouse_id for order in orders.values()})
    for line in lines:
        line.order = orders[line.order_id]
        line.order.warehouse = warehouses[line.order.warehouse_id]
        if line.order.state not in ON_ORDER or not line.outstanding:
            told = {"number": line.order.number, "sku": line.product.sku}
            raise WrongState(_("%(number)s: nothing of %(sku)s is on order any more.") % told)
    return lines


def _refuse_before_order(line: PurchaseOrderLine, day: date | None) -> None:
    ordered_on = line.order.confirmed_at.astimezone(ZoneInfo(line.order.warehouse.time_zone)).date()
    if day is not None and day < ordered_on:
        told = {
            "sku": line.product.sku, "day": date_format(day, "SHORT_DATE_FORMAT"),
            "ordered": date_format(ordered_on, "SHORT_DATE_FORMAT"), "number": line.order.number,
        }  # fmt: skip
        raise InvalidLines(_("%(sku)s cannot be promised for %(day)s: %(number)s was ordered on %(ordered)s.") % told)
