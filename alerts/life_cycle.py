"""What becomes of an alert when its rule finds the cause again, or no more. Pure: it changes objects, not rows."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from alerts.models import Alert, AlertEvent, Severity
from alerts.rule_settings import Holding
from alerts.rules.base import AlertRule, Finding

State, Kind = Alert.State, AlertEvent.Kind

REMEMBERED = timedelta(days=1)  # a cause that comes back so soon is the same alert, and nobody is told again
RESOLVED_HOLDS = timedelta(days=7)  # a resolved alert whose cause stays is not opened again before
MONEY_CHANGED = Decimal("0.25")  # of the money when it was snoozed "until it changes"

#: What the life cycle writes.
FIELDS = (
    "severity", "money_at_risk", "code", "terms", "seen_on", "changed_at", "state", "snoozed_until", "is_present",
    "reopened", "escalated_on", "closed_at", "warehouse_id", "product_id", "supplier_id", "cause",
)  # fmt: skip


def severity_of(rule: type[AlertRule], holding: Holding, finding: Finding) -> int:
    own = holding.severity if holding.severity is not None else rule.severity
    return max(own, finding.severity)


def open_alert(finding: Finding, *, rule: type[AlertRule], holding: Holding, episode: int, now: datetime, today: date):
    """The next episode of a cause; given to whom the shop named for the rule."""
    alert = Alert(
        rule=rule.code, subject=finding.subject, episode=episode, opened_on=today, changed_at=now,
        assigned_to_id=holding.assigned_to_id,
    )  # fmt: skip
    _take(alert, finding, severity_of(rule, holding, finding), today)
    return alert


def meet_again(
    alert: Alert, finding: Finding, *, rule: type[AlertRule], holding: Holding, now: datetime, today: date
) -> Kind | None:
    """Its cause is there. Returns what people should hear of: it woke up, was escalated or reopened."""
    before = (alert.state, alert.severity, alert.code, alert.money_at_risk, alert.terms)
    heard = _heard(alert, finding, severity_of(rule, holding, finding), now, today)
    if heard in (Kind.WOKEN, Kind.REOPENED):
        alert.state, alert.snoozed_until, alert.closed_at = State.OPEN, None, None
    if alert.state == State.CLOSED:  # back within a day: the same alert, in silence
        alert.state, alert.closed_at = State.OPEN, None
        alert.reopened += 1
    alert.reopened += heard == Kind.REOPENED
    severity = severity_of(rule, holding, finding)
    if _is_neglected(alert, holding, today):
        alert.escalated_on, heard = today, Kind.ESCALATED
    _take(alert, finding, min(severity + bool(alert.escalated_on), Severity.CRITICAL), today)
    if before != (alert.state, alert.severity, alert.code, alert.money_at_risk, alert.terms):
        alert.changed_at = now
    return heard


def lose(alert: Alert, *, now: datetime) -> None:
    """Its cause is gone: a live alert closes by itself, a resolved one may be opened anew from now on."""
    if alert.state != State.RESOLVED:
        alert.state, alert.closed_at, alert.snoozed_until = State.CLOSED, now, None
    alert.is_present, alert.changed_at = False, now


def _heard(alert: Alert, finding: Finding, severity: int, now: datetime, today: date) -> Kind | None:
    got_worse = alert.held_severity is not None and severity > alert.held_severity
    if alert.state == State.SNOOZED:
        is_over = alert.snoozed_until is not None and alert.snoozed_until <= today
        has_changed = alert.wakes_on_change and _has_changed(alert, finding)
        return Kind.WOKEN if is_over or got_worse or has_changed else None
    if alert.state == State.RESOLVED:
        return Kind.REOPENED if got_worse or now - alert.closed_at >= RESOLVED_HOLDS else None
    return None


def _has_changed(alert: Alert, finding: Finding) -> bool:
    held = alert.held_money or Decimal(0)
    return (finding.code or alert.rule) != alert.code or abs(finding.money - held) > MONEY_CHANGED * held


def _is_neglected(alert: Alert, holding: Holding, today: date) -> bool:
    if alert.state != State.OPEN or alert.escalated_on or holding.escalate_after_days is None:
        return False
    return (today - alert.opened_on).days >= holding.escalate_after_days


def _take(alert: Alert, finding: Finding, severity: int, today: date) -> None:
    alert.severity, alert.money_at_risk, alert.cause = severity, finding.money, finding.cause
    alert.code, alert.terms = finding.code or alert.rule, dict(finding.terms)
    alert.seen_on, alert.is_present = today, True
    alert.warehouse_id, alert.product_id, alert.supplier_id = (
        finding.warehouse_id, finding.product_id, finding.supplier_id,
    )  # fmt: skip
