"""Stock that is held for somebody until some time."""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory_site.common import audit
from inventory_site.common.errors import Busy
from inventory_site.common.models import User
from inventory_site.common.retry import retry_when_busy
from orders.errors import InvalidLines
from orders.models import SalesOrder
from orders.services.lines import (
    UNFINISHED,
    State,
    claims_of,
    lines_of,
    lock_levels_for,
    locked_order,
    strategy_of,
    touch,
)
from orders.services.sales import cancel_lines
from stock.services import allocate, keep_until, release

log = logging.getLogger(__name__)


@transaction.atomic
def hold_sales_order(
    *,
    order: SalesOrder,
    actor: User | None,
    until: datetime | None,
    version: int | None = None,
    within: Collection[int] | None = None,
) -> SalesOrder:
    """Reserve an order until some time, or for good (None): a draft reserved for no time gives its stock back.

    A draft is allocated by it, all that is missing or nothing for products that take no back-orders; ``within`` are
    the warehouses whose stock the caller may promise.
    """
    order = locked_order(order, _("reserved"), states=UNFINISHED, version=version)
    if until is not None and until <= timezone.now():
        raise InvalidLines(_("%(number)s: reserve it until a time to come.") % {"number": order.number})
    order.reserved_until = until
    touch(order, "reserved_until")
    lines = lines_of(order)
    if order.state == State.DRAFT and until is None:
        release(quantities={line.holder: None for line in lines})
    else:
        wanted = {line: line.backordered for line in lines if order.state == State.DRAFT}
        claims = claims_of(order, wanted, strategy=strategy_of(order), within=within)
        lock_levels_for(lines=lines, claims=claims)
        keep_until(holders=[line.holder for line in lines], expires_at=until)
        if claims:
            allocate(claims=claims, strategy=strategy_of(order))
    audit.record(actor=actor, action="sales_order.hold", subject=order, changes={"until": until})
    return order


def expire_reservations(*, now: datetime) -> int:
    """Free what was reserved until now or before; returns how many orders, each done in a transaction of its own.

    An order whose stock others are writing to is left for the next time.
    """
    due = SalesOrder.objects.filter(state__in=UNFINISHED, reserved_until__lte=now).order_by("reserved_until", "pk")
    expired = 0
    for order in list(due):
        try:
            expired += retry_when_busy(lambda order=order: _expire(order, now))
        except Busy:
            log.warning("%s: its reservation is over, but others are writing to its stock", order.number)
    return expired


@transaction.atomic
def _expire(order: SalesOrder, now: datetime) -> int:
    order = SalesOrder.objects.locked().get(pk=order.pk)
    if order.state not in UNFINISHED or order.reserved_until is None or order.reserved_until > now:
        return 0
    until, order.reserved_until = order.reserved_until, None
    if order.state == State.DRAFT:
        release(quantities={line.holder: None for line in order.lines.all()})
    else:
        cancel_lines(order)
    touch(order, "state", "reserved_until")
    audit.record(actor=None, action="sales_order.reservation_expired", subject=order, changes={"until": until})
    return 1
