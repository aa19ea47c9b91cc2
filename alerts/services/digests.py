"""One mail per subscription and business date: what to do today, the dearest first."""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import ngettext

from alerts.models import Alert, Delivery, Subscription
from alerts.rules import RULES
from alerts.sentences import sentence
from inventory_site.common.models import ShopSettings

LISTED = 25


def send_digests(*, business_date: date) -> int:
    """Send each subscription its digest of that day, once; returns how many went out."""
    ids = list(Subscription.objects.filter(user__is_active=True).order_by("pk").values_list("pk", flat=True))
    return sum(send_digest(subscription_id=pk, business_date=business_date) for pk in ids)


def send_digest(*, subscription_id: int, business_date: date) -> bool:
    """Write the mail, send it, mark it: a kill in between sends it again under the same Message-ID."""
    subscription = Subscription.objects.select_related("user", "warehouse").get(pk=subscription_id)
    delivery = _written(subscription, business_date)
    if delivery is None or delivery.sent_at or not subscription.user.email:
        return False
    Delivery.objects.filter(pk=delivery.pk).update(attempts=delivery.attempts + 1)
    headers = {"Message-ID": delivery.message_id}
    EmailMessage(delivery.subject, delivery.text, to=[subscription.user.email], headers=headers).send()
    Delivery.objects.filter(pk=delivery.pk).update(sent_at=timezone.now(), error="")
    return True


@transaction.atomic
def _written(subscription: Subscription, business_date: date) -> Delivery | None:
    """The digest as it was first written; None where there is nothing to say."""
    known = Delivery.objects.filter(subscription=subscription, business_date=business_date).first()
    if known:
        return known
    shop = ShopSettings.objects.load()
    alerts = _alerts(subscription, business_date)
    if not alerts:
        return None
    with translation.override(subscription.user.language or shop.language):
        day = date_format(business_date)
        row = Delivery(
            subscription=subscription,
            business_date=business_date,
            message_id=f"<digest-{subscription.token}-{business_date}@shelfwise.local>",
            subject=ngettext(
                "%(shop)s, %(day)s: %(count)d thing to look at",
                "%(shop)s, %(day)s: %(count)d things to look at",
                len(alerts),
            )
            % {"shop": shop.name, "day": day, "count": len(alerts)},
            text=_text(shop, subscription, alerts, day),
        )
    Delivery.objects.bulk_create([row], ignore_conflicts=True)
    return Delivery.objects.get(subscription=subscription, business_date=business_date)


def _alerts(subscription: Subscription, today: date) -> list[Alert]:
    found = Alert.objects.visible_to(subscription.user).to_do(today).filter(severity__gte=subscription.minimum_severity)
    if subscription.warehouse_id:
        found = found.filter(warehouse=subscription.warehouse)
    return list(found.order_by("-severity", "-money_at_risk", "pk"))


def _text(shop: ShopSettings, subscription: Subscription, alerts: list[Alert], day: str) -> str:
    groups: dict[str, list[str]] = {}
    sees_costs = subscription.user.has_perm(settings.COST_PERMISSION)
    for alert in alerts[:LISTED]:
        label = str(RULES[alert.rule].label) if alert.rule in RULES else alert.rule
        told = sentence(alert.code, alert.terms, shop.currency, shows_money=sees_costs)
        groups.setdefault(label, []).append(told)
    context = {
        "shop": shop, "day": day, "person": subscription.user, "groups": groups, "more": max(0, len(alerts) - LISTED),
        "link": f"{settings.SITE_URL}/warnings/",
    }  # fmt: skip
    return render_to_string("alerts/digest.txt", context)
