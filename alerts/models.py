"""Warnings: one open alert per cause, and who was told of it."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
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
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    snoozed_until = models.DateField(_("snoozed until"), null=True, blank=True)
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
        indexes = [models.Index(fields=["state", "-severity", "-money_at_risk"], name="alerts_alert_list")]

    def __str__(self) -> str:
        name = self.terms.get("sku") or self.terms.get("number") or self.subject
        return f"{self.rule.replace('_', ' ').capitalize()}: {name}"


class RuleSetting(models.Model):
    """How one rule behaves here; a rule without a row uses its own defaults."""

    rule = models.CharField(_("rule"), max_length=40, unique=True)
    is_enabled = models.BooleanField(_("on"), default=True)
    severity = models.PositiveSmallIntegerField(_("severity"), choices=Severity, null=True, blank=True)
    thresholds = models.JSONField(_("thresholds"), default=dict, blank=True)

    class Meta:
        verbose_name = _("rule setting")
        verbose_name_plural = _("rule settings")
        ordering = ["rule"]

    def __str__(self) -> str:
        return self.rule


class Subscription(models.Model):
    """Who gets the digest, of which warehouse (empty: all that they may see)."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="subscriptions", verbose_name=_("person")
    )
    warehouse = models.ForeignKey(
        Warehouse, models.CASCADE, null=True, blank=True, related_name="subscriptions", verbose_name=_("warehouse")
    )
    minimum_severity = models.PositiveSmallIntegerField(_("from"), choices=Severity, default=Severity.WARNING)
    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)

    class Meta:
        verbose_name = _("digest subscription")
        verbose_name_plural = _("digest subscriptions")
        constraints = [models.UniqueConstraint("user", Coalesce("warehouse", 0), name="alerts_subscription_once")]

    def __str__(self) -> str:
        return f"{self.user}"


class Delivery(models.Model):
    """One digest to one subscriber for one business date; written before it is sent, marked after."""

    subscription = models.ForeignKey(
        Subscription, models.CASCADE, related_name="deliveries", verbose_name=_("subscription")
    )
    business_date = models.DateField(_("business date"))
    message_id = models.CharField(_("message id"), max_length=200, unique=True)
    subject = models.CharField(_("subject"), max_length=200)
    text = models.TextField(_("text"))
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        verbose_name = _("digest")
        verbose_name_plural = _("digests")
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["subscription", "business_date"], name="alerts_delivery_once")]

    def __str__(self) -> str:
        return self.subject
