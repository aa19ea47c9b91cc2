"""How rules behave in this shop."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from alerts.models.alerts import Severity
from stock.models import Warehouse


class RuleSetting(models.Model):
    """How one rule behaves in one warehouse, or everywhere; a rule without a row uses its own defaults.

    A warehouse's row stands for itself: what it leaves empty is the row of all warehouses, then the rule's default.
    """

    rule = models.CharField(_("rule"), max_length=40)
    warehouse = models.ForeignKey(
        Warehouse, models.CASCADE, null=True, blank=True, related_name="rule_settings", verbose_name=_("warehouse"),
        help_text=_("Empty: in all warehouses that have no setting of their own."),
    )  # fmt: skip
    is_enabled = models.BooleanField(_("on"), default=True)
    severity = models.PositiveSmallIntegerField(_("severity"), choices=Severity, null=True, blank=True)
    thresholds = models.JSONField(_("thresholds"), default=dict, blank=True)
    roles = models.JSONField(
        _("who is told"), default=list, blank=True, help_text=_("Roles; empty: everybody who subscribed.")
    )
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+",
        verbose_name=_("assigned to"), help_text=_("New alerts of this rule are given to this person."),
    )  # fmt: skip
    escalate_after_days = models.PositiveIntegerField(
        _("escalate after, days"), null=True, blank=True,
        help_text=_("One severity more when nobody has acknowledged it for so long. Empty: never."),
    )  # fmt: skip

    class Meta:
        verbose_name = _("rule setting")
        verbose_name_plural = _("rule settings")
        ordering = ["rule", "warehouse"]
        constraints = [models.UniqueConstraint("rule", Coalesce("warehouse", 0), name="alerts_rulesetting_once")]

    def __str__(self) -> str:
        return f"{self.rule} {self.warehouse or ''}".strip()
