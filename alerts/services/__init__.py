"""Opening and closing alerts, what people do with them, and the daily digest."""

from alerts.services.digests import send_digest, send_digests
from alerts.services.evaluation import evaluate, evaluate_rule
from alerts.services.handling import acknowledge, assign, reopen, resolve, snooze

__all__ = [
    "acknowledge",
    "assign",
    "evaluate",
    "evaluate_rule",
    "reopen",
    "resolve",
    "send_digest",
    "send_digests",
    "snooze",
]
