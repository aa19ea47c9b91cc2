"""One digest per subscription and business date: what to do today, the worst first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.conf import settings
from django.db import transaction

from alerts.audience import Audience, left_to_own
from alerts.composing import compose
from alerts.models import Alert, Delivery, Subscription
from alerts.services.sending import deliver
from inventory_site.common.models import ShopSettings


def send_digests(*, business_date: date) -> int:
    """Write and send the digests of that day, each once; returns how many went out now."""
    ids = list(Subscription.objects.for_digests().order_by("pk").values_list("pk", flat=True))
    return sum(send_digest(subscription_id=pk, business_date=business_date) for pk in ids)


def send_digest(*, subscription_id: int, business_date: date) -> bool:
    """Write one digest and try to send it; what does not go out now stays for the dispatcher. Whether it was sent."""
    delivery = write_digest(subscription_id=subscription_id, business_date=business_date)
    return delivery is not None and deliver(delivery.pk)


@transaction.atomic
def write_digest(*, subscription_id: int, business_date: date) -> Delivery | None:
    """The digest as it was first written, whoever wrote it; None where there is nothing to say."""
    written = Delivery.objects.filter(
        subscription=subscription_id, business_date=business_date, kind=Delivery.Kind.DIGEST
    )
    if known := written.first():
        return known
    subscription = Subscription.objects.for_digests().with_people().filter(pk=subscription_id).first()
    draft = draft_digest(subscription, business_date) if subscription else None
    if draft is None:
        return None
    Delivery.objects.bulk_create([draft], ignore_conflicts=True)
    return written.get()


def draft_digest(subscription: Subscription, day: date) -> Delivery | None:
    """The digest of that day as it would be written now, unsaved; for a page that shows it too."""
    shop = ShopSettings.objects.load()
    alerts = _alerts(subscription, day)
    return compose(subscription, alerts, Delivery.Kind.DIGEST, day, shop) if alerts else None


def _alerts(subscription: Subscription, day: date) -> Sequence[Alert]:
    """Without costs, the order tells nothing of them."""
    user = subscription.user
    if not user.has_perm("alerts.view_alert"):
        return []
    found = Alert.objects.visible_to(user).to_do(day).leading().filter(severity__gte=subscription.minimum_severity)
    if subscription.warehouse_id:
        found = found.filter(warehouse=subscription.warehouse_id)
    else:
        elsewhere = left_to_own(subscription, Subscription.objects.for_digests().filter(user=user))
        found = found.exclude(warehouse__in=elsewhere)
    second = "-money_at_risk" if user.has_perm(settings.COST_PERMISSION) else "opened_on"
    rows = found.select_related("product", "warehouse", "supplier").order_by("-severity", second, "pk")
    audience = Audience.load()
    return [alert for alert in rows if audience.includes(user, alert)]
