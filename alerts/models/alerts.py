"""Warnings: one live alert per rule and subject, and what happened to it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alerts.querysets import AlertQuerySet
from catalog.models import Product, Supplier
from stock.models import Warehouse


class Severity(models.IntegerChoices):
    INFO = 1, _("notice")
    WARNING = 2, _("warning")
    CRITICAL = 3, _("critical")


class Alert(models.Model):
    """One cause on one subject; a cause that comes back opens the next episode."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        ACKNOWLEDGED = "acknowledged", _("acknowledged")
        SNOOZED = "snoozed", _("snoozed")
        RESOLVED = "resolved", _("resolved")
        CLOSED = "closed", _("closed by itself")

    LIVE = (State.OPEN, State.ACKNOWLEDGED, State.SNOOZED)

    rule = models.CharField(_("rule"), max_length=40, db_index=True)
    subject = models.CharField(_("subject"), max_length=100, help_text=_("What it is about, as a key."))
    cause = models.CharField(
        _("cause"), max_length=100, default="", db_index=True, help_text=_("Alerts of one cause are one line.")
    )
    leads = models.BooleanField(_("leads its cause"), default=True, help_text=_("The line that lists show."))
    episode = models.PositiveIntegerField(_("episode"), default=1)
    severity = models.PositiveSmallIntegerField(_("severity"), choices=Severity, default=Severity.WARNING)
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.OPEN)
    warehouse = models.ForeignKey(
        Warehouse, models.CASCADE, null=True, blank=True, related_name="alerts", verbose_name=_("warehouse")
    )
    product = models.ForeignKey(
        Product, models.CASCADE, null=True, blank=True, related_name="alerts", verbose_name=_("product")
    )
    supplier = models.ForeignKey(
        Supplier, models.CASCADE, null=True, blank=True, related_name="alerts", verbose_name=_("supplier")
    )
    money_at_risk = models.DecimalField(_("money at risk"), max_digits=16, decimal_places=2, default=0)
    code = models.CharField(_("sentence"), max_length=40)
    terms = models.JSONField(_("terms of the sentence"), default=dict)
    opened_on = models.DateField(_("opened on"))
    seen_on = models.DateField(_("last seen on"))
    changed_at = models.DateTimeField(_("changed"), default=timezone.now)
    is_present = models.BooleanField(_("cause is there"), default=True, help_text=_("At the last look."))
    reopened = models.PositiveIntegerField(_("times reopened"), default=0)
    escalated_on = models.DateField(_("escalated on"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    snoozed_until = models.DateField(_("snoozed until"), null=True, blank=True)
    wakes_on_change = models.BooleanField(_("snoozed until it changes"), default=False)
    held_severity = models.PositiveSmallIntegerField(
        _("severity when put aside"), choices=Severity, null=True, blank=True, help_text=_("Snoozed or resolved.")
    )
    held_money = models.DecimalField(
        _("money at risk when put aside"), max_digits=16, decimal_places=2, null=True, blank=True
    )
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="alerts",
        verbose_name=_("assigned to"),
    )

    objects = AlertQuerySet.as_manager()

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        ordering = ["-severity", "-money_at_risk", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["rule", "subject", "episode"], name="alerts_alert_once"),
            models.UniqueConstraint(
                fields=["rule", "subject"],
                condition=Q(state__in=["open", "acknowledged", "snoozed"]),
                name="alerts_one_live",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-severity", "-money_at_risk"], name="alerts_alert_list"),
            models.Index(fields=["changed_at"], name="alerts_alert_changed"),
        ]

    def __str__(self) -> str:
        name = self.terms.get("sku") or self.terms.get("number") or self.subject
        return f"{self.rule.replace('_', ' ').capitalize()}: {name}"


class AlertEvent(models.Model):
    """What happened to an alert after it was opened, and what people said about it."""

    class Kind(models.TextChoices):
        ACKNOWLEDGED = "acknowledge", _("acknowledged")
        ASSIGNED = "assign", _("assigned")
        COMMENTED = "comment", _("commented")
        SNOOZED = "snooze", _("snoozed")
        WOKEN = "wake", _("woke up")
        ESCALATED = "escalate", _("escalated")
        RESOLVED = "resolve", _("resolved")
        CLOSED = "close", _("closed by itself")
        REOPENED = "reopen", _("reopened")

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="events", verbose_name=_("alert"))
    kind = models.CharField(_("what"), max_length=12, choices=Kind)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    note = models.TextField(_("note"), blank=True)
    terms = models.JSONField(_("terms"), default=dict, blank=True)
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("what happened to an alert")
        verbose_name_plural = _("what happened to alerts")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.kind} {self.alert_id}"
