"""Who is told of alerts, and what was sent to them."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from alerts.models.alerts import Severity
from stock.models import Warehouse


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
