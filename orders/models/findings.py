"""What came with a delivery and was not ordered."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from orders.models.purchases import PurchaseOrder
from orders.querysets import DeliveryFindingQuerySet


class DeliveryFinding(models.Model):
    """Goods that a supplier sent by mistake. They are not stock: somebody clears them up with the supplier."""

    order = models.ForeignKey(PurchaseOrder, models.PROTECT, related_name="findings", verbose_name=_("purchase order"))
    code = models.CharField(_("code"), max_length=64, help_text=_("As it was scanned or typed."))
    product = models.ForeignKey(
        Product, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("product")
    )
    quantity = models.BigIntegerField(_("quantity"), validators=[MinValueValidator(1)])
    note = models.CharField(_("note"), max_length=200, blank=True)
    photo = models.FileField(_("photo"), max_length=200, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("who")
    )
    found_at = models.DateTimeField(_("found"), default=timezone.now)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("settled by")
    )

    objects = DeliveryFindingQuerySet.as_manager()

    class Meta:
        verbose_name = _("wrong goods of a delivery")
        verbose_name_plural = _("wrong goods of deliveries")
        ordering = ["-pk"]
        constraints = [models.CheckConstraint(condition=Q(quantity__gt=0), name="orders_finding_positive")]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.code}"
