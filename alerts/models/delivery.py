"""Who is told of alerts and by what way, and what was sent to them."""

from __future__ import annotations

import uuid
import zoneinfo
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alerts.addresses import check_address, new_secret, validate_secret
from alerts.models.alerts import Severity
from alerts.querysets_delivery import DeliveryQuerySet, NoticeQuerySet, SubscriptionQuerySet
from alerts.quiet import after_quiet
from stock.models import Warehouse


class Channel(models.Model):
    """A way out of the house that an owner opened; who has none chosen gets e-mail."""

    class Kind(models.TextChoices):
        WEBHOOK = "webhook", _("webhook: JSON, signed")
        SLACK = "slack", _("Slack, or a chat that takes its webhooks")

    name = models.CharField(_("name"), max_length=60, unique=True, help_text=_("People choose it by this name."))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.WEBHOOK)
    url = models.CharField(
        _("address"), max_length=500,
        help_text=_("Messages go to this address and nowhere else; redirects are not followed."),
    )  # fmt: skip
    secret = models.CharField(
        _("secret"), max_length=120, default=new_secret, validators=[validate_secret],
        help_text=_("Signs each webhook, so that the receiver knows that it comes from here. Slack needs none."),
    )  # fmt: skip
    is_enabled = models.BooleanField(_("on"), default=True)
    may_be_private = models.BooleanField(
        _("may be inside"), default=False,
        help_text=_("The address may lie on this machine or in your own network, and be http. Otherwise never."),
    )  # fmt: skip

    class Meta:
        verbose_name = _("message channel")
        verbose_name_plural = _("message channels")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        check_address(self.url, allows_private=self.may_be_private)


class Subscription(models.Model):
    """What one person is told, of which warehouse (empty: all that they may see), by which channel."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="subscriptions", verbose_name=_("person")
    )
    warehouse = models.ForeignKey(
        Warehouse, models.CASCADE, null=True, blank=True, related_name="subscriptions", verbose_name=_("warehouse"),
        help_text=_("Empty: all warehouses that the person may see and that have no subscription of their own."),
    )  # fmt: skip
    channel = models.ForeignKey(
        Channel, models.PROTECT, null=True, blank=True, related_name="subscriptions", verbose_name=_("channel"),
        help_text=_("Empty: e-mail to the person's address."),
    )  # fmt: skip
    is_active = models.BooleanField(_("on"), default=True)
    wants_digest = models.BooleanField(
        _("daily digest"), default=True, help_text=_("One message after each night with all that is to do.")
    )
    minimum_severity = models.PositiveSmallIntegerField(
        _("from"), choices=Severity, default=Severity.WARNING,
        help_text=_("What is less severe stays out of the digest."),
    )  # fmt: skip
    immediate_from = models.PositiveSmallIntegerField(
        _("at once from"), choices=Severity, null=True, blank=True,
        help_text=_("Alerts that are told within seconds. Empty: only those of the rules chosen below."),
    )  # fmt: skip
    immediate_rules = models.JSONField(_("at once, whatever severity"), default=list, blank=True)
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(
        _("quiet until"), null=True, blank=True,
        help_text=_("By the warehouse's clock. What opens in between is told in one message at the end."),
    )  # fmt: skip
    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("subscription to messages")
        verbose_name_plural = _("subscriptions to messages")
        constraints = [
            models.UniqueConstraint(
                "user", Coalesce("warehouse", 0), Coalesce("channel", 0), name="alerts_subscription_once",
                violation_error_message=_("This person has one for this warehouse and channel: change that."),
            ),
            models.UniqueConstraint(
                "user", Coalesce("warehouse", 0), condition=Q(wants_digest=True), name="alerts_one_digest",
                violation_error_message=_("Another subscription brings the digest of this warehouse already."),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return " · ".join(str(part) for part in (self.user, self.warehouse or _("all"), self.way))

    def clean(self) -> None:
        if (self.quiet_from is None) != (self.quiet_until is None):
            raise ValidationError({"quiet_until": _("Quiet hours need both a beginning and an end.")})

    @property
    def way(self) -> str:
        return self.channel.name if self.channel else str(_("e-mail"))

    def after_quiet(self, moment: datetime, shop_zone: zoneinfo.ZoneInfo) -> datetime:
        """When this person may be disturbed: at that moment, or when their quiet hours end."""
        zone = zoneinfo.ZoneInfo(self.warehouse.time_zone) if self.warehouse else shop_zone
        return after_quiet(moment, self.quiet_from, self.quiet_until, zone)


class Delivery(models.Model):
    """One message to one person: written before it is sent, claimed by one sender at a time, marked after."""

    class Kind(models.TextChoices):
        DIGEST = "digest", _("digest")
        IMMEDIATE = "immediate", _("at once")
        TEST = "test", _("test")

    class State(models.TextChoices):
        OPEN = "open", _("waiting")
        CLAIMED = "claimed", _("being sent")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("not wanted any more")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.DIGEST)
    subscription = models.ForeignKey(
        Subscription, models.CASCADE, null=True, related_name="deliveries", verbose_name=_("subscription"),
        help_text=_("None: a test of the channel itself."),
    )  # fmt: skip
    channel = models.ForeignKey(
        Channel, models.PROTECT, null=True, related_name="deliveries", verbose_name=_("channel"),
        help_text=_("None: e-mail."),
    )  # fmt: skip
    business_date = models.DateField(_("business date"))
    message_id = models.CharField(_("message id"), max_length=200, unique=True)
    subject = models.CharField(_("subject"), max_length=200)
    text = models.TextField(_("text"))
    html = models.TextField(_("HTML"), blank=True)
    data = models.JSONField(_("data"), default=dict, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    token = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(_("lease until"), null=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("due"), default=timezone.now)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    error = models.TextField(_("error"), blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("message sent")
        verbose_name_plural = _("messages sent")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "business_date"], condition=Q(kind="digest"), name="alerts_delivery_once"
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state__in=["open", "claimed"]), name="alerts_delivery_due")
        ]

    def __str__(self) -> str:
        return self.subject


class Notice(models.Model):
    """Alerts that a subscription is to be told of at once: waiting for a message, then the memory of it."""

    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="notices")
    alerts = models.JSONField(default=dict, help_text="Primary keys, as text, with the severity that was told.")
    due_at = models.DateTimeField(default=timezone.now)
    told_at = models.DateTimeField(null=True)
    delivery = models.ForeignKey(Delivery, models.CASCADE, null=True, related_name="notices")

    objects = NoticeQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["due_at"], condition=Q(delivery=None), name="alerts_notice_waiting")]

    def __str__(self) -> str:
        return f"{self.subscription_id}: {len(self.alerts)}"
