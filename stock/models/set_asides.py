"""Pieces on hand that may not be sold."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from stock.models.ledger import StockLevel
from stock.querysets import DamagePhotoQuerySet, SetAsideQuerySet


class SetAside(models.Model):
    """Pieces on hand that may not be sold, or put back on sale; append-only. A level's ``unsellable`` is its sum."""

    class Reason(models.TextChoices):
        DAMAGED = "damaged", _("damaged")
        EXPIRED = "expired", _("expired")
        HELD = "held", _("held for inspection")
        RETURNED = "returned", _("returned, not fit for sale")
        PUT_BACK = "put_back", _("put back on sale")
        GONE = "gone", _("left the building")

    level = models.ForeignKey(StockLevel, models.PROTECT, related_name="set_asides", verbose_name=_("stock level"))
    quantity = models.BigIntegerField(_("quantity"), help_text=_("Below zero where pieces were put back or left."))
    reason = models.CharField(_("reason"), max_length=10, choices=Reason)
    note = models.CharField(_("note"), max_length=200, blank=True)
    reference = models.CharField(_("reference"), max_length=120, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, verbose_name=_("who"))
    effective_at = models.DateTimeField(_("effective"))
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now())

    objects = SetAsideQuerySet.as_manager()

    class Meta:
        verbose_name = _("set-aside")
        verbose_name_plural = _("set-asides")
        ordering = ["-pk"]
        constraints = [models.CheckConstraint(condition=~Q(quantity=0), name="stock_setaside_not_zero")]
        indexes = [models.Index(fields=["level", "effective_at"], name="stock_setaside_history")]

    def __str__(self) -> str:
        return f"{self.quantity:+d} {self.get_reason_display()}"


class DamagePhoto(models.Model):
    """What the pieces looked like when they were set aside. The file is shown by views that ask who may see it."""

    set_aside = models.OneToOneField(SetAside, models.PROTECT, related_name="photo", verbose_name=_("set-aside"))
    file = models.FileField(_("file"), max_length=200)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, verbose_name=_("who"))
    taken_at = models.DateTimeField(_("taken"), db_default=Now())

    objects = DamagePhotoQuerySet.as_manager()

    class Meta:
        verbose_name = _("photo of damage")
        verbose_name_plural = _("photos of damage")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.file.name
