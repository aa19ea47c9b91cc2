"""Alerts, how their rules are set, and who is told."""

from alerts.models.alerts import Alert, AlertEvent, Severity
from alerts.models.delivery import Channel, Delivery, Notice, Subscription
from alerts.models.settings import RuleSetting

__all__ = ["Alert", "AlertEvent", "Channel", "Delivery", "Notice", "RuleSetting", "Severity", "Subscription"]
