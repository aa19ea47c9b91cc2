"""Messages on their way: claimed by one sender, sent outside any transaction, marked where the claim still holds.

A sender that dies between the other side's yes and the mark sends once more, under the same id; nothing else does.
"""

from __future__ import annotations

import logging
import time
import uuid
from datetime import timedelta

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from alerts.composing import compose_channel_test, compose_test
from alerts.models import Channel, Delivery, Notice, Subscription
from alerts.outgoing import NotSent
from alerts.querysets_delivery import MAX_ATTEMPTS
from alerts.senders import send
from alerts.services.announcing import write_due
from inventory_site.common import audit
from inventory_site.common.jobs import explain, renewed
from inventory_site.common.models import ShopSettings, User

log = logging.getLogger(__name__)

AT_ONCE = 100
#: A worker has more to do: what is left is sent a few seconds later.
BUDGET_SECONDS = 3.0
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=6)
KEPT = timedelta(days=90)


def dispatch() -> int:
    """Write the messages that are due, and send what waits; returns how many went out."""
    write_due()
    Delivery.objects.give_up_exhausted(_("Its sender died each time."))
    until, sent = time.monotonic() + BUDGET_SECONDS, 0
    for pk in list(Delivery.objects.in_turn().values_list("pk", flat=True)[:AT_ONCE]):
        if time.monotonic() < until:
            sent += deliver(pk)
    return sent


def deliver(pk: int) -> bool:
    """Send one message, if it is to be had; whether it went out and the mark is ours."""
    token = Delivery.objects.claim(pk)
    if token is None:
        return False
    delivery = Delivery.objects.select_related("channel", "subscription__user", "subscription__warehouse").get(pk=pk)
    if not _is_wanted(delivery):
        Delivery.objects.mark_cancelled(pk, token)
        return False
    try:
        with renewed(Delivery.objects, pk, token), translation.override(ShopSettings.objects.load().language):
            send(delivery)
    except NotSent as error:
        _note(delivery, token, error)
        return False
    except Exception as error:  # a mistake of ours holds up this message and no other
        log.exception("message %s failed", pk)
        _note(delivery, token, NotSent(explain(error)))
        return False
    return Delivery.objects.mark_sent(pk, token)


def _is_wanted(delivery: Delivery) -> bool:
    """A test is sent even where messages are switched off."""
    subscription = delivery.subscription
    if subscription is None or delivery.kind == Delivery.Kind.TEST:
        return True
    return subscription.is_active and subscription.user.is_active


def _note(delivery: Delivery, token: uuid.UUID, error: NotSent) -> None:
    """Give up what can't succeed; else wait twice as long each time, and not into somebody's night."""
    if error.permanent or delivery.attempts >= MAX_ATTEMPTS:
        Delivery.objects.mark_failed(delivery.pk, token, str(error))
        return
    wait = min(FIRST_WAIT * 2 ** (delivery.attempts - 1), LONGEST_WAIT)
    until = timezone.now() + wait
    if delivery.kind == Delivery.Kind.IMMEDIATE:
        until = delivery.subscription.after_quiet(until, ShopSettings.objects.load().zone)
    Delivery.objects.put_off(delivery.pk, token, str(error), until)
    if error.is_down:
        Delivery.objects.hold_up(delivery.channel_id, wait)


@transaction.atomic
def send_again(*, delivery: Delivery, actor: User) -> Delivery:
    """Let a message that failed have another try, under the same id."""
    failed = Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.FAILED)
    if failed.update(state=Delivery.State.OPEN, attempts=0, due_at=timezone.now()):
        audit.record(actor=actor, action="delivery.send_again", subject=delivery)
    delivery.refresh_from_db()
    return delivery


def send_test(*, subscription: Subscription) -> Delivery:
    """Write a message that shows that the way is open; the dispatcher sends it within seconds."""
    shop = ShopSettings.objects.load()
    subscription = Subscription.objects.with_people().get(pk=subscription.pk)
    delivery = compose_test(subscription, shop.today(), shop)
    delivery.save()
    return delivery


def send_channel_test(*, channel: Channel) -> Delivery:
    shop = ShopSettings.objects.load()
    delivery = compose_channel_test(channel, shop.today(), shop)
    delivery.save()
    return delivery


@transaction.atomic
def unsubscribe(*, subscription: Subscription) -> None:
    """Stop all messages of a subscription, those on their way too; whoever holds its token may."""
    if Subscription.objects.filter(pk=subscription.pk, is_active=True).update(is_active=False):
        Delivery.objects.filter(subscription=subscription, state="open").update(state="cancelled")
        Notice.objects.waiting().filter(subscription=subscription).delete()
        audit.record(actor=None, action="subscription.unsubscribe", subject=subscription)


@transaction.atomic
def subscribe_again(*, subscription: Subscription) -> None:
    if Subscription.objects.filter(pk=subscription.pk, is_active=False).update(is_active=True):
        audit.record(actor=None, action="subscription.subscribe_again", subject=subscription)


def forget_old() -> int:
    """Drop messages that were sent, or given up, three months ago."""
    old = Delivery.objects.filter(due_at__lt=timezone.now() - KEPT).exclude(state__in=["open", "claimed"])
    return old.delete()[0]
