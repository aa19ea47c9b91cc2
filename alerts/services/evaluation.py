"""What a rule finds, compared with what is known: opens, updates, wakes, escalates and closes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone

from alerts import life_cycle
from alerts.models import Alert, AlertEvent
from alerts.rule_settings import RuleSettings
from alerts.rules import RULES, AlertRule, Finding
from alerts.rules.base import PositionRule, position_subject
from alerts.services.announcing import announce
from alerts.services.leading import settle_leads
from inventory_site.common.bulk import update_rows
from inventory_site.common.models import ShopSettings
from replenishment.models import InventoryPosition

ASKED_AT_ONCE = 900  # subjects in one query


@dataclass(frozen=True)
class Look:
    """What one rule found at one moment, of all subjects or of those named."""

    rule: type[AlertRule]
    settings: RuleSettings
    found: dict[str, Finding]
    subjects: Collection[str] | None
    today: date
    began_at: datetime


def evaluate(*, rules: Iterable[str] | None = None, today: date | None = None) -> int:
    """Run rules now (all, where none is named); returns how many alerts are live afterwards."""
    for code in rules or RULES:
        evaluate_rule(code=code, today=today)()
    return Alert.objects.live().count()


def evaluate_rule(*, code: str, today: date | None = None) -> Callable[[], None]:
    """Ask one rule for its findings; returns the function that writes them, to be called in a transaction."""
    look = _look(RULES[code], today)
    return lambda: _write(look)


def hear_of_positions(payloads: Sequence[dict]) -> None:
    """Consumer of the outbox: these positions were computed anew, so look at what rules say of them."""
    levels = frozenset(pk for payload in payloads for pk in payload["levels"])
    at = InventoryPosition.objects.filter(level__in=levels).values_list("product_id", "warehouse_id")
    subjects = {position_subject(*pair) for pair in at}
    for rule in RULES.values():
        if issubclass(rule, PositionRule):
            _write(_look(rule, only=levels, subjects=subjects))


def hear_of_movements(_payloads: Sequence[dict]) -> None:
    """Consumer of the outbox: something moved or is on its way, so look at the documents it may belong to."""
    for rule in RULES.values():
        if rule.is_live:
            _write(_look(rule))


def _look(
    rule: type[AlertRule],
    today: date | None = None,
    only: frozenset[int] | None = None,
    subjects: Collection[str] | None = None,
) -> Look:
    shop, settings, began_at = ShopSettings.objects.load(), RuleSettings.load(rule.code), timezone.now()
    today = today or shop.today()
    asked = rule(today=today, settings=settings, shop=shop, only=only)
    found = {
        finding.subject: finding
        for finding in asked.findings()
        if settings.of(finding.warehouse_id).is_enabled
    }  # fmt: skip
    return Look(rule, settings, found, subjects, today, began_at)


@transaction.atomic
def _write(look: Look) -> None:
    """What changed after the rule looked is newer than its findings, and stays as it is."""
    current = {alert.subject: alert for alert in _current(look)}
    heard: list[Alert] = []
    events: list[AlertEvent] = []
    now = timezone.now()
    for subject, alert in current.items():
        if finding := look.found.get(subject):
            kind = life_cycle.meet_again(alert, finding, **_terms(look, finding), now=now)
            if kind:
                heard.append(alert)
                events.append(AlertEvent(alert=alert, kind=kind, at=now))
        else:
            life_cycle.lose(alert, now=now)
    update_rows(Alert, life_cycle.FIELDS, map(attrgetter(*life_cycle.FIELDS, "pk"), current.values()))
    AlertEvent.objects.bulk_create(events, batch_size=500)
    opened = _open(look, [finding for subject, finding in look.found.items() if subject not in current], now)
    settle_leads(alert.cause for alert in (*current.values(), *opened))
    announce([*opened, *heard])


def _terms(look: Look, finding: Finding) -> dict:
    return {"rule": look.rule, "holding": look.settings.of(finding.warehouse_id), "today": look.today}


def _current(look: Look) -> list[Alert]:
    """Live alerts, resolved ones whose cause is still there, and those that closed within a day and are found again."""
    known = Alert.objects.filter(rule=look.rule.code, changed_at__lte=look.began_at)
    held = known.filter(Q(state__in=Alert.LIVE) | Q(state=Alert.State.RESOLVED, is_present=True))
    parts = [held] if look.subjects is None else [held.filter(subject__in=part) for part in _parts(look.subjects)]
    rows = {row.subject: row for part in parts for row in part.order_by("pk").select_for_update()}
    since = look.began_at - life_cycle.REMEMBERED
    recent = known.filter(state=Alert.State.CLOSED, closed_at__gt=since)
    for part in _parts(look.found.keys() - rows.keys()):
        for row in recent.filter(subject__in=part).order_by("episode").select_for_update():
            rows[row.subject] = row
    return list(rows.values())


def _open(look: Look, findings: Sequence[Finding], now: datetime) -> list[Alert]:
    """Two evaluations at once find the same cause: one of them opens it, and both go on."""
    before = _last_episodes(look.rule.code, [finding.subject for finding in findings])
    made = []
    for finding in findings:
        episode, changed_at = before.get(finding.subject, (0, None))
        if changed_at is None or changed_at <= look.began_at:
            terms = _terms(look, finding)
            made.append(life_cycle.open_alert(finding, **terms, episode=episode + 1, now=now))
    Alert.objects.bulk_create(made, ignore_conflicts=True, batch_size=500)
    mine = (
        Alert.objects.filter(rule=look.rule.code, changed_at=now, state=Alert.State.OPEN)
        if made
        else Alert.objects.none()
    )
    keys = dict(mine.values_list("subject", "pk"))
    opened = [alert for alert in made if alert.subject in keys]
    for alert in opened:
        alert.pk = keys[alert.subject]
    return opened


def _last_episodes(code: str, subjects: Sequence[str]) -> dict[str, tuple[int, datetime]]:
    """By subject the last episode and when anything about it changed."""
    found = {}
    for part in _parts(subjects):
        past = Alert.objects.filter(rule=code, subject__in=part).order_by().values_list("subject")
        rows = past.annotate(last=Max("episode"), changed=Max("changed_at"))
        found |= {subject: (last, changed) for subject, last, changed in rows}
    return found


def _parts(subjects: Iterable[str]) -> Iterator[list[str]]:
    wanted = sorted(subjects)
    return (wanted[at : at + ASKED_AT_ONCE] for at in range(0, len(wanted), ASKED_AT_ONCE))
