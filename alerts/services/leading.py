"""Alerts of one cause are one line for people: the worst of them leads, the others stand beside it."""

from __future__ import annotations

from collections.abc import Iterable

from alerts.models import Alert

ASKED_AT_ONCE = 900  # causes in one query


def settle_leads(causes: Iterable[str]) -> None:
    """Let the worst alert that is to be done lead each of these causes. Call it after every change."""
    wanted = sorted(set(causes))
    for at in range(0, len(wanted), ASKED_AT_ONCE):
        _settle(wanted[at : at + ASKED_AT_ONCE])


def _settle(causes: list[str]) -> None:
    to_do = Alert.objects.filter(cause__in=causes, state__in=(Alert.State.OPEN, Alert.State.ACKNOWLEDGED))
    rows = to_do.order_by("cause", "-severity", "-money_at_risk", "pk").values_list("pk", "cause", "leads")
    changed: dict[bool, list[int]] = {True: [], False: []}
    last = None
    for pk, cause, leads in rows:
        if leads != (cause != last):
            changed[not leads].append(pk)
        last = cause
    for leads, keys in changed.items():
        if keys:
            Alert.objects.filter(pk__in=keys).update(leads=leads)
