"""What people do with an alert; each act is audited, told in the alert's history, and can be taken back."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from alerts.errors import EmptyComment, NotLive, SnoozeInPast
from alerts.models import Alert, AlertEvent
from alerts.services.leading import settle_leads
from inventory_site.common import audit
from inventory_site.common.models import ShopSettings, User

State, Kind = Alert.State, AlertEvent.Kind


@transaction.atomic
def acknowledge(*, alert: Alert, actor: User, note: str = "") -> Alert:
    """Somebody knows; it stays live until its cause is gone."""
    changes = {"state": State.ACKNOWLEDGED, "assigned_to": actor, "snoozed_until": None}
    return _save(_live(alert), actor, Kind.ACKNOWLEDGED, note=note, **changes)


@transaction.atomic
def assign(*, alert: Alert, actor: User, to: User, note: str = "") -> Alert:
    return _save(_live(alert), actor, Kind.ASSIGNED, note=note, terms={"to": str(to)}, assigned_to=to)


@transaction.atomic
def comment(*, alert: Alert, actor: User, note: str) -> Alert:
    """Say something about it; also after it is closed."""
    if not note.strip():
        raise EmptyComment(_("Write what you want to say about the alert."))
    return _save(_locked(alert), actor, Kind.COMMENTED, note=note.strip())


@transaction.atomic
def snooze(*, alert: Alert, actor: User, until: date | None = None, on_change: bool = False, note: str = "") -> Alert:
    """Hide it until a day, until it changes, or whichever comes first; in any case until it gets more severe."""
    if until is None and not on_change:
        raise SnoozeInPast(_("Choose a day to snooze until, or to be told when it changes."))
    if until is not None and until <= ShopSettings.objects.load().today():
        raise SnoozeInPast(_("Choose a day after today to snooze until."))
    alert = _live(alert)
    terms = {"until": until.isoformat() if until else "", "on_change": on_change}
    return _save(
        alert, actor, Kind.SNOOZED, note=note, terms=terms, state=State.SNOOZED, snoozed_until=until,
        wakes_on_change=on_change, **_held(alert),
    )  # fmt: skip


@transaction.atomic
def resolve(*, alert: Alert, actor: User, note: str = "") -> Alert:
    """Done with. While its cause stays it is opened again after a week, or when it gets more severe."""
    alert = _live(alert)
    return _save(alert, actor, Kind.RESOLVED, note=note, state=State.RESOLVED, closed_at=timezone.now(), **_held(alert))


@transaction.atomic
def reopen(*, alert: Alert, actor: User, note: str = "") -> Alert:
    """Take back an acknowledgement, a snooze or a resolution, unless a newer episode is live."""
    alert = _locked(alert)
    if Alert.objects.live().filter(rule=alert.rule, subject=alert.subject).exclude(pk=alert.pk).exists():
        raise NotLive(_("The same cause has been found again and has an open alert of its own."))
    changes = {"state": State.OPEN, "closed_at": None, "snoozed_until": None, "wakes_on_change": False}
    return _save(alert, actor, Kind.REOPENED, note=note, **changes)


def _locked(alert: Alert) -> Alert:
    return Alert.objects.select_for_update(of=("self",)).get(pk=alert.pk)


def _live(alert: Alert) -> Alert:
    alert = _locked(alert)
    if alert.state not in Alert.LIVE:
        raise NotLive(_("This alert is %(state)s already.") % {"state": alert.get_state_display()})
    return alert


def _held(alert: Alert) -> dict[str, Any]:
    """What it was like when it was put aside, to notice that it got worse."""
    return {"held_severity": alert.severity, "held_money": alert.money_at_risk}


def _save(alert: Alert, actor: User, kind: Kind, *, note: str = "", terms: dict | None = None, **changes: Any) -> Alert:
    for name, value in (changes | {"changed_at": timezone.now()}).items():
        setattr(alert, name, value)
    alert.save(update_fields=[*changes, "changed_at"])
    AlertEvent.objects.create(alert=alert, kind=kind, actor=actor, note=note, terms=terms or {})
    settle_leads([alert.cause])
    told = {name: str(value) for name, value in changes.items()} | ({"note": note} if note else {})
    audit.record(actor=actor, action=f"alert.{kind}", subject=alert, changes=told)
    return alert
