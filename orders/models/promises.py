"""What suppliers promised for single lines, and when they were asked: only ever added to."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from orders.models.purchases import PurchaseOrderLine
from orders.querysets import OfLineQuerySet


class PromisedDate(models.Model):
    """One change of ``PurchaseOrderLine.promised_on``: who changed it, when, from which day to which."""

    line = models.ForeignKey(
        PurchaseOrderLine, models.PROTECT, related_name="promises", verbose_name=_("purchase line")
    )
    was_on = models.DateField(_("from"), null=True, blank=True)
    promised_on = models.DateField(_("to"), null=True, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, verbose_name=_("who"))
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now())

    objects = OfLineQuerySet.as_manager()

    class Meta:
        verbose_name = _("promised date")
        verbose_name_plural = _("promised dates")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.was_on or '–'} → {self.promised_on or '–'}"


class Reminder(models.Model):
    """Somebody asked the supplier where the goods of a line are."""

    line = models.ForeignKey(
        PurchaseOrderLine, models.PROTECT, related_name="reminders", verbose_name=_("purchase line")
    )
    asked_on = models.DateField(_("asked on"))
    note = models.CharField(_("note"), max_length=200, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, verbose_name=_("who"))
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now())

    objects = OfLineQuerySet.as_manager()

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.asked_on} {self.note}"
