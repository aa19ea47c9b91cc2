"""What a rule finds, compared with what is open: opens, updates and closes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from alerts.models import Alert, RuleSetting
from alerts.rules import RULES, Finding
from inventory_site.common.models import ShopSettings

UPDATED = [
    "severity", "money_at_risk", "code", "terms", "seen_on", "state", "snoozed_until",
    "warehouse", "product", "supplier",
]  # fmt: skip


def evaluate(*, rules: Iterable[str] | None = None, today: date | None = None) -> int:
    """Run rules now (all, where none is named); returns how many alerts are live afterwards."""
    for code in rules or RULES:
        evaluate_rule(code=code, today=today)()
    return Alert.objects.live().count()


def evaluate_rule(*, code: str, today: date | None = None) -> Callable[[], None]:
    """Ask one rule for its findings; returns the function that writes them, to be called in a transaction."""
    today = today or ShopSettings.objects.load().today()
    setting = RuleSetting.objects.filter(rule=code).first()
    if setting and not setting.is_enabled:
        return lambda: _write(code, {}, today)
    rule = RULES[code](today=today, setting=setting)
    found = {finding.subject: finding for finding in rule.findings()}
    return lambda: _write(code, found, today)


@transaction.atomic
def _write(code: str, found: dict[str, Finding], today: date) -> None:
    live = {alert.subject: alert for alert in Alert.objects.live().filter(rule=code).select_for_update()}
    gone = [alert.pk for subject, alert in live.items() if subject not in found]
    Alert.objects.filter(pk__in=gone).update(state=Alert.State.CLOSED, closed_at=timezone.now())
    kept = [_updated(alert, found[subject], today) for subject, alert in live.items() if subject in found]
    Alert.objects.bulk_update(kept, UPDATED, batch_size=200)
    new = {subject: finding for subject, finding in found.items() if subject not in live}
    before = _last_episodes(code, new)
    # Two evaluations at once find the same cause: one of them opens it.
    Alert.objects.bulk_create(
        [_opened(code, finding, before.get(subject, 0) + 1, today) for subject, finding in new.items()],
        ignore_conflicts=True,
        batch_size=500,
    )


def _last_episodes(code: str, subjects: Iterable[str]) -> dict[str, int]:
    wanted, found = list(subjects), {}
    for start in range(0, len(wanted), 500):
        past = Alert.objects.filter(rule=code, subject__in=wanted[start : start + 500]).order_by()
        found |= dict(past.values_list("subject").annotate(last=Max("episode")))
    return found


def _updated(alert: Alert, finding: Finding, today: date) -> Alert:
    if alert.state == Alert.State.SNOOZED and (alert.snoozed_until <= today or finding.severity > alert.severity):
        alert.state, alert.snoozed_until = Alert.State.OPEN, None
    alert.severity, alert.money_at_risk = finding.severity, finding.money
    alert.code, alert.terms, alert.seen_on = finding.code or alert.rule, dict(finding.terms), today
    alert.warehouse_id, alert.product_id, alert.supplier_id = (
        finding.warehouse_id, finding.product_id, finding.supplier_id,
    )  # fmt: skip
    return alert


def _opened(code: str, finding: Finding, episode: int, today: date) -> Alert:
    alert = Alert(rule=code, subject=finding.subject, episode=episode, opened_on=today, seen_on=today)
    return _updated(alert, finding, today)
