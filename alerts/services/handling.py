"""What people do with an alert; each act is audited and can be taken back."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from alerts.errors import NotLive, SnoozeInPast
from alerts.models import Alert
from inventory_site.common import audit
from inventory_site.common.models import ShopSettings, User

State = Alert.State


def _live(alert: Alert) -> Alert:
    alert = Alert.objects.select_for_update(of=("self",)).get(pk=alert.pk)
    if alert.state not in Alert.LIVE:
        raise NotLive(_("This alert is %(state)s already.") % {"state": alert.get_state_display()})
    return alert


def _save(alert: Alert, actor: User, action: str, **changes) -> Alert:
    for name, value in changes.items():
        setattr(alert, name, value)
    alert.save(update_fields=list(changes))
    audit.record(actor=actor, action=f"alert.{action}", subject=alert, changes={k: str(v) for k, v in changes.items()})
    return alert


@transaction.atomic
def acknowledge(*, alert: Alert, actor: User) -> Alert:
    """Somebody knows; it stays live until its cause is gone."""
    return _save(_live(alert), actor, "acknowledge", state=State.ACKNOWLEDGED, assigned_to=actor)


@transaction.atomic
def assign(*, alert: Alert, actor: User, to: User) -> Alert:
    return _save(_live(alert), actor, "assign", assigned_to=to)


@transaction.atomic
def snooze(*, alert: Alert, actor: User, until: date) -> Alert:
    """Hide it until a day, or until it gets more severe."""
    if until <= ShopSettings.objects.load().today():
        raise SnoozeInPast(_("Choose a day after today to snooze until."))
    return _save(_live(alert), actor, "snooze", state=State.SNOOZED, snoozed_until=until)


@transaction.atomic
def resolve(*, alert: Alert, actor: User) -> Alert:
    """Done with; the same cause, found again, opens the next episode."""
    return _save(_live(alert), actor, "resolve", state=State.RESOLVED, closed_at=timezone.now())


@transaction.atomic
def reopen(*, alert: Alert, actor: User) -> Alert:
    """Take back an acknowledgement, a snooze or a resolution, unless a newer episode is live."""
    alert = Alert.objects.select_for_update(of=("self",)).get(pk=alert.pk)
    if Alert.objects.live().filter(rule=alert.rule, subject=alert.subject).exclude(pk=alert.pk).exists():
        raise NotLive(_("The same cause has been found again and has an open alert of its own."))
    return _save(alert, actor, "reopen", state=State.OPEN, closed_at=None, snoozed_until=None)
