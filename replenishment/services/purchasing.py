"""What is bought and still to come: when it has to be paid, and whom to ask where it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.db.models import DateField, DecimalField, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from catalog.models import Supplier
from inventory_site.common.models import ShopSettings, User
from orders.models import PurchaseOrder, PurchaseOrderLine, Receipt
from orders.money import line_amount
from orders.order_days import order_days_of
from replenishment.models import InventoryPosition

#: Lines that are asked about before they are late, and weeks of payments that are shown.
SOON_DAYS, WEEKS = 3, 12

Payment = tuple[date, Decimal, bool]  # due on, how much, whether of a draft


@dataclass(frozen=True)
class Week:
    """What is due between Monday and Sunday: of goods received or ordered, and of drafts."""

    monday: date
    ordered: Decimal = Decimal(0)
    drafted: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        return self.ordered + self.drafted


def cash_by_week(*, user: User, supplier: Supplier | None = None) -> list[Week]:
    """Goods are due ``payment_days`` after their receipt; what is overdue to arrive counts as if it came today.

    This week is told whole, with what was due on its days that are over.

    Weeks in a row, up to twelve; what falls later is in the last one.
    """
    shop = ShopSettings.objects.load()
    today = shop.today()
    monday = today - timedelta(days=today.weekday())
    sums: dict[tuple[int, bool], Decimal] = {}
    for due_on, amount, is_draft in (*_to_come(user, supplier, shop), *_received(user, supplier, shop, monday)):
        week = min(max((due_on - monday).days // 7, 0), WEEKS - 1)
        sums[week, is_draft] = sums.get((week, is_draft), Decimal(0)) + amount
    last = max((week for week, _ in sums), default=-1)
    return [
        Week(monday + timedelta(weeks=week), sums.get((week, False), Decimal(0)), sums.get((week, True), Decimal(0)))
        for week in range(last + 1)
    ]


def _to_come(user: User, supplier: Supplier | None, shop: ShopSettings) -> Iterable[Payment]:
    today = shop.today()
    latest = today + timedelta(weeks=WEEKS)  # of the last week; a promise for the year 9999 has no day after it
    lines = PurchaseOrderLine.objects.visible_to(user).filter(
        order__state__in=["draft", "confirmed", "partly_received"]
    ).select_related("order__supplier")  # fmt: skip
    lines = list(lines.filter(order__supplier=supplier) if supplier else lines)
    calendars = order_days_of({line.order.supplier for line in lines})
    for line in lines:
        order, seller = line.order, line.order.supplier
        is_draft = order.state == PurchaseOrder.State.DRAFT
        due_on = line.promised_on or order.expected_on
        if due_on is None:
            due_on = calendars[seller.pk].next(today) + timedelta(days=seller.lead_time_days)
        due_on = min(max(due_on, today), latest) + _term(seller.payment_days)
        yield due_on, line_amount(line.outstanding, line.unit_cost), is_draft


def _received(user: User, supplier: Supplier | None, shop: ShopSettings, since: date) -> Iterable[Payment]:
    """What was received and is due on ``since`` or later."""
    sellers = Supplier.objects.filter(pk=supplier.pk) if supplier else Supplier.objects.all()
    is_due = Q(pk=None)
    for days in set(sellers.values_list("payment_days", flat=True)):
        first = datetime.combine(since - _term(days), time.min, shop.zone)
        is_due |= Q(line__order__supplier__payment_days=days, received_at__gte=first)
    came = Receipt.objects.standing().visible_to(user).filter(is_due, line__order__supplier__in=sellers)
    for receipt in came.select_related("line__order__supplier"):
        received_on = receipt.received_at.astimezone(shop.zone).date()
        due_on = received_on + _term(receipt.line.order.supplier.payment_days)
        yield due_on, line_amount(receipt.quantity, receipt.line.unit_cost), False


def _term(days: int | None) -> timedelta:
    """A payment term; what is longer than ten years is a slip of the pen, and must not leave the calendar."""
    return timedelta(days=min(days or 0, 3650))


def to_chase(user: User) -> QuerySet[PurchaseOrderLine]:
    """Lines that are late or due within three days, with ``due_on`` and ``at_risk``; the most to lose first."""
    until = ShopSettings.objects.load().today() + timedelta(days=SOON_DAYS)
    position = InventoryPosition.objects.filter(product=OuterRef("product"), warehouse=OuterRef("order__warehouse"))
    lines = PurchaseOrderLine.objects.on_order().visible_to(user)
    return (
        lines.annotate(
            due_on=Coalesce("promised_on", "order__expected_on", output_field=DateField()),
            at_risk=Subquery(
                position.values("margin_at_risk")[:1], output_field=DecimalField(max_digits=16, decimal_places=2)
            ),
        )
        .filter(due_on__lte=until)
        .select_related("product", "order__supplier", "order__warehouse")
        .prefetch_related("reminders__actor", "promises__actor")
        .order_by(F("at_risk").desc(nulls_last=True), "due_on", "pk")
    )
