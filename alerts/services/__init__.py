"""Opening and closing alerts, what people do with them, and who is told of them."""

from alerts.services.announcing import announce, write_due
from alerts.services.digests import draft_digest, send_digest, send_digests, write_digest
from alerts.services.evaluation import evaluate, evaluate_rule, hear_of_movements, hear_of_positions
from alerts.services.handling import acknowledge, assign, comment, reopen, resolve, snooze
from alerts.services.sending import (
    deliver,
    dispatch,
    forget_old,
    send_again,
    send_channel_test,
    send_test,
    subscribe_again,
    unsubscribe,
)
from alerts.services.setting_rules import forget_rule, set_rule

__all__ = [
    "acknowledge",
    "announce",
    "assign",
    "comment",
    "deliver",
    "dispatch",
    "draft_digest",
    "evaluate",
    "evaluate_rule",
    "forget_old",
    "forget_rule",
    "hear_of_movements",
    "hear_of_positions",
    "reopen",
    "resolve",
    "send_again",
    "send_channel_test",
    "send_digest",
    "send_digests",
    "send_test",
    "set_rule",
    "snooze",
    "subscribe_again",
    "unsubscribe",
    "write_digest",
    "write_due",
]
