"""What a message says, in its reader's language: a subject, text, HTML, and data for programs."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import urlsplit

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alerts.models import Alert, Channel, Delivery, Severity, Subscription
from alerts.rules import RULES
from alerts.sentences import sentence
from inventory_site.common.models import ShopSettings

LISTED = 25
LISTED_FOR_PROGRAMS = 200
LONGEST_SUBJECT = 200
LEVELS = {Severity.INFO: "notice", Severity.WARNING: "warning", Severity.CRITICAL: "critical"}


@dataclass
class Group:
    """The alerts of one rule."""

    label: str
    severity: int
    alerts: list[dict] = field(default_factory=list)


def site_link(name: str, *args) -> str:
    return settings.SITE_URL.rstrip("/") + reverse(name, args=args)


def message_id(*parts: object) -> str:
    """The same parts get the same id, wherever and whenever; it tells nothing of the token that is in it."""
    name = uuid.uuid5(uuid.NAMESPACE_URL, "/".join(str(part) for part in parts))
    return f"<{name}@{urlsplit(settings.SITE_URL).hostname or 'shelfwise.local'}>"


def compose(subscription: Subscription, alerts: Sequence[Alert], kind: str, day: date, shop: ShopSettings) -> Delivery:
    """An unsaved message about these alerts, the worst first. ``with_people`` and their relations are asked for."""
    with translation.override(subscription.user.language or shop.language):
        shows_money = subscription.user.has_perm(settings.COST_PERMISSION)
        told = [_told(alert, shop.currency, shows_money) for alert in alerts[:LISTED_FOR_PROGRAMS]]
        subject = _subject(kind, shop, day, told, len(alerts))
        return _message(subscription, kind, day, shop, subject, told, len(alerts))


def compose_test(subscription: Subscription, day: date, shop: ShopSettings) -> Delivery:
    """An unsaved message that only shows that the way is open."""
    with translation.override(subscription.user.language or shop.language):
        subject = _("%(shop)s: a test message") % {"shop": shop.name}
        return _message(subscription, Delivery.Kind.TEST, day, shop, subject, [], 0)


def compose_channel_test(channel: Channel, day: date, shop: ShopSettings) -> Delivery:
    """The same for a channel itself, whoever uses it."""
    with translation.override(shop.language):
        subject = _("%(shop)s: a test message") % {"shop": shop.name}
        data = _data(Delivery.Kind.TEST, day, shop, subject, [], 0)
        return Delivery(
            kind=Delivery.Kind.TEST, channel=channel, business_date=day, message_id=message_id(uuid.uuid4()),
            subject=_one_line(subject), text=subject, data=data,
        )  # fmt: skip


def _told(alert: Alert, currency: str, shows_money: bool) -> dict:
    """One alert as programs get it, and as templates show it; without a sum for who may not see costs."""
    money = {"money_at_risk": str(alert.money_at_risk), "currency": currency} if shows_money else {}
    return {
        "id": alert.pk,
        "rule": alert.rule,
        "severity": LEVELS[Severity(alert.severity)],
        "state": alert.state,
        "warehouse": alert.warehouse.code if alert.warehouse else None,
        "sku": alert.product.sku if alert.product else None,
        "supplier": alert.supplier.code if alert.supplier else None,
        "opened_on": alert.opened_on.isoformat(),
        "sentence": sentence(alert.code, alert.terms, currency, shows_money=shows_money),
        **money,
    }


def _subject(kind: str, shop: ShopSettings, day: date, told: list[dict], count: int) -> str:
    if kind == Delivery.Kind.IMMEDIATE and count == 1:
        return f"{shop.name}: {told[0]['sentence']}"
    if kind == Delivery.Kind.IMMEDIATE:
        said = ngettext("%(shop)s: %(count)d new warning", "%(shop)s: %(count)d new warnings", count)
        return said % {"shop": shop.name, "count": count}
    said = ngettext(
        "%(shop)s, %(day)s: %(count)d thing to look at", "%(shop)s, %(day)s: %(count)d things to look at", count
    )
    return said % {"shop": shop.name, "day": date_format(day), "count": count}


def _message(
    subscription: Subscription, kind: str, day: date, shop: ShopSettings, subject: str, told: list[dict], count: int
) -> Delivery:
    context = {
        "shop": shop, "day": date_format(day), "kind": kind, "subject": subject, "person": subscription.user,
        "groups": _groups(told[:LISTED]), "more": max(0, count - LISTED), "link": _page_of(subscription),
        "change": site_link("admin:alerts_subscription_change", subscription.pk),
        "unsubscribe": site_link("unsubscribe", subscription.token), "language": translation.get_language(),
    }  # fmt: skip
    parts = (subscription.token, kind, day) if kind == Delivery.Kind.DIGEST else (uuid.uuid4(),)
    return Delivery(
        kind=kind,
        subscription=subscription,
        channel=subscription.channel,
        business_date=day,
        message_id=message_id(*parts),
        subject=_one_line(subject),
        text=render_to_string("alerts/message.txt", context),
        html=render_to_string("alerts/message.html", context),
        data=_data(kind, day, shop, subject, told, count),
    )


def _one_line(subject: str) -> str:
    """Names of products may hold line breaks, and a header of a mail must not."""
    return " ".join(subject.split())[:LONGEST_SUBJECT]


def _page_of(subscription: Subscription) -> str:
    if subscription.warehouse:
        return site_link("warnings", subscription.warehouse.code)
    return site_link("warnings")


def _data(kind: str, day: date, shop: ShopSettings, subject: str, told: list[dict], count: int) -> dict:
    return {
        "kind": str(kind), "shop": shop.name, "business_date": day.isoformat(), "subject": subject, "count": count,
        "link": site_link("warnings"), "alerts": told,
    }  # fmt: skip


def _groups(told: list[dict]) -> list[Group]:
    groups: dict[str, Group] = {}
    for row in told:
        label = str(RULES[row["rule"]].label) if row["rule"] in RULES else row["rule"]
        money = row.get("money_at_risk")
        shown = f"{number_format(money, 2, use_l10n=True, force_grouping=True)} {row['currency']}" if money else ""
        group = groups.setdefault(label, Group(label, row["severity"]))
        group.alerts.append(row | {"money": shown if money and float(money) else ""})
    return list(groups.values())
