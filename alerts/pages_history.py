"""What happened to an alert, in words, and what else is known of its cause."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from alerts.models import Alert, AlertEvent, Severity
from alerts.rules import RULES
from alerts.sentences import sentence


def event_words(event: AlertEvent) -> str:
    """What was done, with whom or until when; the note is shown beside it."""
    terms, kind = event.terms, AlertEvent.Kind
    if event.kind == kind.ASSIGNED and terms.get("to"):
        return _("assigned to %(person)s") % {"person": terms["to"]}
    if event.kind == kind.SNOOZED:
        return _snoozed(terms)
    if event.kind == kind.ESCALATED and terms.get("severity") in Severity.values:
        return _("escalated to %(severity)s") % {"severity": Severity(terms["severity"]).label}
    return event.get_kind_display()


def _snoozed(terms: dict[str, Any]) -> str:
    until = date_format(date.fromisoformat(terms["until"])) if terms.get("until") else ""
    if until and terms.get("on_change"):
        return _("snoozed until %(day)s, or until it changes") % {"day": until}
    return _("snoozed until %(day)s") % {"day": until} if until else _("snoozed until it changes")


def history_of(alert: Alert) -> list[AlertEvent]:
    """The newest first."""
    events = list(alert.events.select_related("actor").order_by("-pk"))
    for event in events:
        event.words = event_words(event)
    return events


def of_same_cause(alert: Alert, *, currency: str, shows_money: bool) -> list[Alert]:
    """The other live alerts on the same item; the list shows only the leading one."""
    others = Alert.objects.live().of_causes([alert.cause]).exclude(pk=alert.pk) if alert.cause else Alert.objects.none()
    rows = list(others.order_by("-leads", "-severity", "pk"))
    for row in rows:
        row.sentence = sentence(row.code, row.terms, currency, shows_money=shows_money)
        row.rule_label = RULES[row.rule].label if row.rule in RULES else row.rule
    return rows
