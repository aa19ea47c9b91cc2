"""What happened, written in the business transaction, and who still has to hear of it."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from inventory_site.common.querysets import OutboxDeliveryQuerySet


class OutboxEvent(models.Model):
    topic = models.CharField(_("topic"), max_length=60)
    payload = models.JSONField(_("payload"), default=dict)
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now(), db_index=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")

    def __str__(self) -> str:
        return f"{self.topic} {self.pk}"


class OutboxDelivery(models.Model):
    """One row per consumer, claimed like partitions; ids commit out of order, so there is no cursor."""

    class State(models.TextChoices):
        OPEN = "open", _("waiting")
        CLAIMED = "claimed", _("working")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    event = models.ForeignKey(OutboxEvent, models.CASCADE, related_name="deliveries", verbose_name=_("event"))
    consumer = models.CharField(_("consumer"), max_length=60)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    token = models.UUIDField(_("token"), null=True, blank=True)
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    error = models.TextField(_("error"), blank=True)

    objects = OutboxDeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery of an event")
        verbose_name_plural = _("deliveries of events")
        constraints = [models.UniqueConstraint(fields=["event", "consumer"], name="common_outbox_once")]
        indexes = [
            models.Index(
                fields=["consumer", "id"], condition=models.Q(state__in=["open", "claimed"]), name="common_outbox_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.consumer} {self.event_id}"
