"""What visitors look at and put into their carts: take events in, count them by day, drop what is counted and old."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils.crypto import salted_hmac

from catalog.models import Product
from inventory_site.common.models import ShopSettings
from orders.demand import WRITTEN_AT_ONCE
from orders.models import CartEvent, DailyInterest
from orders.stock_days import midnight
from stock.models import Warehouse

#: Single events are kept so long; what they came to by day is kept for ever.
KEPT_DAYS = 90

Kind = CartEvent.Kind
Cell = tuple[int, int | None, date]  # product, warehouse, day


@dataclass(frozen=True)
class NewEvent:
    """One visitor's act; ``session`` is whatever the shop calls the visit, and only its hash is kept."""

    product: Product
    kind: str
    at: datetime
    quantity: int = 1
    session: str = ""
    warehouse: Warehouse | None = None
    external_id: str | None = None


@transaction.atomic
def record_events(*, events: Sequence[NewEvent]) -> tuple[int, int]:
    """Keep the events; returns how many are new and how many were there already, by their ``external_id``."""
    wanted = {event.external_id for event in events} - {None}
    there = set(CartEvent.objects.filter(external_id__in=wanted).values_list("external_id", flat=True))
    fresh: dict[str | int, NewEvent] = {}
    for number, event in enumerate(events):
        if event.external_id not in there:
            fresh.setdefault(event.external_id or number, event)
    CartEvent.objects.bulk_create(
        (
            CartEvent(
                product=event.product, warehouse=event.warehouse, kind=event.kind, quantity=event.quantity,
                session=hashed(event.session), at=event.at, external_id=event.external_id,
            )
            for event in fresh.values()
        ),
        ignore_conflicts=True,  # the same events, sent twice at the same moment
        batch_size=WRITTEN_AT_ONCE,
    )  # fmt: skip
    return len(fresh), len(events) - len(fresh)


def hashed(session: str) -> str:
    """A name for the visit that nobody can turn back without the shop's secret key."""
    return salted_hmac("orders.cart_event", session, algorithm="sha256").hexdigest()[:32] if session else ""


@transaction.atomic
def roll_up(*, until: date, recorded_since: datetime | None = None) -> int:
    """Count the days up to ``until`` of which events came in since then (ever, where it is None).

    Each such day is counted anew, so counting twice changes nothing. Returns how many rows were written.
    """
    shop = ShopSettings.objects.load()
    first_at = midnight(until - timedelta(days=KEPT_DAYS - 1), shop.time_zone)
    events = CartEvent.objects.filter(at__gte=first_at)
    rows = []
    for place, zone in [(None, shop.time_zone), *Warehouse.objects.values_list("pk", "time_zone")]:
        mine = events.filter(warehouse=place, at__lt=midnight(until + timedelta(days=1), zone))
        new = mine.filter(recorded_at__gte=recorded_since) if recorded_since else mine
        days = _days(new, zone).values_list("day", flat=True).distinct()
        for day in sorted(days):
            on_day = mine.filter(at__gte=midnight(day, zone), at__lt=midnight(day + timedelta(days=1), zone))
            rows += _counted(on_day, place, day)
            DailyInterest.objects.filter(warehouse=place, on_date=day).delete()
    DailyInterest.objects.bulk_create(rows, batch_size=WRITTEN_AT_ONCE)
    return len(rows)


def _days(events: QuerySet[CartEvent], zone: str) -> QuerySet[CartEvent]:
    return events.order_by().annotate(day=TruncDate("at", tzinfo=ZoneInfo(zone)))


def _counted(events: QuerySet[CartEvent], place: int | None, day: date) -> Iterable[DailyInterest]:
    """Rows of one day. Left behind is what a visit put into its cart and neither took out nor bought that day.

    A cart without a visit's name is left behind only where an event says so.
    """
    sums = {kind: Sum("quantity", filter=Q(kind=kind), default=0) for kind in Kind.values}
    views, adds, left = defaultdict(int), defaultdict(int), defaultdict(int)
    for row in events.order_by().values("product", "session").annotate(**sums):
        product, kept = row["product"], row["add"] - row["remove"]
        views[product] += row["view"]
        adds[product] += row["add"]
        in_cart = max(kept - row["checkout"], 0) if row["session"] else 0
        left[product] += min(max(in_cart, row["abandon"]), row["add"])
    return [
        DailyInterest(
            product_id=product, warehouse_id=place, on_date=day, views=views[product], adds=adds[product],
            abandoned=left[product],
        )
        for product in sorted(views)
        if views[product] or adds[product]
    ]  # fmt: skip


def forget_old(*, until: date) -> int:
    """Drop the single events that are counted and older than ``KEPT_DAYS``; returns how many."""
    return CartEvent.objects.filter(at__lt=midnight(until - timedelta(days=KEPT_DAYS), "UTC")).delete()[0]
