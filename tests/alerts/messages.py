"""What messages are about, made directly: alerts, people who want to know, and what is open to send."""

from __future__ import annotations

import itertools
from datetime import date

from alerts.models import Alert, Channel, Delivery, Severity, Subscription
from inventory_site.common.models import ShopSettings

TODAY = date(2026, 3, 30)
_numbers = itertools.count(1)


def open_shop(**fields) -> ShopSettings:
    return ShopSettings.objects.create(pk=1, **({"name": "Corner shop", "demo_until": TODAY} | fields))


def make_alerts(n: int = 1, **fields) -> list[Alert]:
    """Alerts that are open: critical, out of stock, worth 30.00, unless told otherwise."""
    alerts = []
    for number in itertools.islice(_numbers, n):
        terms = {"sku": f"CUP-{number}", "product": "Cup", "warehouse": "Riga", "daily_demand": 2.0}
        values = {
            "rule": "out_of_stock", "subject": f"position:{number}", "code": "out_of_stock_nothing_on_order",
            "severity": Severity.CRITICAL, "money_at_risk": 30, "opened_on": TODAY, "seen_on": TODAY, "terms": terms,
        }  # fmt: skip
        alerts.append(Alert(**(values | fields)))
    return Alert.objects.bulk_create(alerts)


def subscribe(person, **fields) -> Subscription:
    return Subscription.objects.create(user=person, **fields)


def at_once(person, **fields) -> Subscription:
    """Somebody who wants critical alerts within seconds, and no digest."""
    return subscribe(person, **({"wants_digest": False, "immediate_from": Severity.CRITICAL} | fields))


def inside(url: str, **fields) -> Channel:
    """A channel to a receiver on this machine."""
    return Channel.objects.create(**({"name": "Receiver", "url": url, "may_be_private": True} | fields))


def written(subscription: Subscription, n: int = 1, **fields) -> list[Delivery]:
    """Messages that wait to be sent."""
    rows = [
        Delivery(
            kind="immediate", subscription=subscription, channel=subscription.channel, business_date=TODAY,
            message_id=f"<m{next(_numbers)}@shop.example>", subject=f"Message {number}", text="text",
            data={"alerts": [], "count": 0, "link": "http://shop.example/warnings/"}, **fields,
        )
        for number in range(n)
    ]  # fmt: skip
    return Delivery.objects.bulk_create(rows)


def states() -> list[str]:
    return list(Delivery.objects.order_by("pk").values_list("state", flat=True))
