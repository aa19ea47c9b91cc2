"""What is told at once: alerts wait as notices, and those of one subscription go out as one message."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from alerts.audience import Audience, left_to_own, may_see, wants_at_once
from alerts.composing import compose
from alerts.models import Alert, Delivery, Notice, Subscription
from inventory_site.common.models import ShopSettings

#: No two messages about the same alert within it, unless it got more severe.
ONCE_IN = timedelta(days=1)


def announce(alerts: Sequence[Alert]) -> None:
    """Note whom these alerts are to be told at once; it sends nothing, and the same alerts again change nothing.

    Call it in the transaction that opened, woke or escalated them. Six queries at most, one where nobody asked for it.
    """
    subscriptions = list(Subscription.objects.immediate().with_people().order_by("pk")) if alerts else []
    if not subscriptions:
        return
    audience, told, now = Audience.load(), _told(subscriptions), timezone.now()
    shop_zone = ShopSettings.objects.load().zone
    notices = []
    for subscription in subscriptions:
        known = told.get(subscription.pk, {})
        wanted = {
            str(alert.pk): alert.severity
            for alert in _wanted(subscription, subscriptions, alerts, audience)
            if known.get(str(alert.pk), 0) < alert.severity and may_see(subscription.user, alert)
        }
        if wanted:
            due_at = subscription.after_quiet(now, shop_zone)
            notices.append(Notice(subscription=subscription, alerts=wanted, due_at=due_at))
    Notice.objects.bulk_create(notices)


def _wanted(
    subscription: Subscription, others: Sequence[Subscription], alerts: Sequence[Alert], audience: Audience
) -> list[Alert]:
    elsewhere = left_to_own(subscription, [other for other in others if other.channel_id == subscription.channel_id])
    return [
        alert
        for alert in alerts
        if alert.warehouse_id not in elsewhere
        and wants_at_once(subscription, alert)
        and audience.includes(subscription.user, alert)
    ]


def _told(subscriptions: Sequence[Subscription]) -> dict[int, dict[str, int]]:
    """By subscription the severity of each alert that waits to be told, or was told within a day."""
    since = timezone.now() - ONCE_IN
    mine = Notice.objects.filter(subscription__in=subscriptions)
    rows = mine.waiting() | mine.filter(told_at__gt=since)
    told: dict[int, dict[str, int]] = {}
    for subscription, alerts in rows.values_list("subscription", "alerts"):
        known = told.setdefault(subscription, {})
        for pk, severity in alerts.items():
            known[pk] = max(severity, known.get(pk, 0))
    return told


def write_due() -> int:
    """Make one message of what waits for each subscription and is due; returns how many were written."""
    due = Notice.objects.due().order_by("subscription").values_list("subscription", flat=True).distinct()
    return sum(_write_for(pk) for pk in list(due))


@transaction.atomic
def _write_for(pk: int) -> bool:
    """The lock keeps two writers from telling the same alerts in two messages."""
    subscription = Subscription.objects.locked().get(pk=pk)
    notices = list(Notice.objects.waiting().filter(subscription=pk).order_by("pk"))
    shop, now = ShopSettings.objects.load(), timezone.now()
    subscription = Subscription.objects.with_people().get(pk=pk)
    due_at = subscription.after_quiet(now, shop.zone)
    if not notices or due_at > now:
        Notice.objects.filter(pk__in=[notice.pk for notice in notices]).update(due_at=due_at)
        return False
    alerts = _still_wanted(subscription, notices, shop)
    if not alerts:
        Notice.objects.filter(pk__in=[notice.pk for notice in notices]).delete()
        return False
    delivery = compose(subscription, alerts, Delivery.Kind.IMMEDIATE, shop.today(), shop)
    delivery.save()
    kept, *merged = notices
    kept.alerts, kept.told_at, kept.delivery = {str(alert.pk): alert.severity for alert in alerts}, now, delivery
    kept.save(update_fields=["alerts", "told_at", "delivery"])
    Notice.objects.filter(pk__in=[notice.pk for notice in merged]).delete()
    return True


def _still_wanted(subscription: Subscription, notices: Sequence[Notice], shop: ShopSettings) -> list[Alert]:
    """What is open by now and still this person's to know, the worst first."""
    user = subscription.user
    if not subscription.is_active or not user.is_active or not user.has_perm("alerts.view_alert"):
        return []
    waiting = {int(pk) for notice in notices for pk in notice.alerts}
    open_now = Alert.objects.visible_to(user).to_do(shop.today()).filter(pk__range=(min(waiting), max(waiting)))
    rows = open_now.select_related("product", "warehouse", "supplier").order_by("-severity", "opened_on", "pk")
    siblings = list(Subscription.objects.immediate().filter(user=user))
    return _wanted(subscription, siblings, [alert for alert in rows if alert.pk in waiting], Audience.load())
