"""Goods on their way from one warehouse to another."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from stock.models.warehouses import Warehouse
from stock.querysets import TransferLineQuerySet, TransferQuerySet


class Transfer(models.Model):
    """Goods on their way between two of our warehouses; what was shipped and not received is in transit."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        SHIPPED = "shipped", _("in transit")
        PARTLY_RECEIVED = "partly_received", _("partly received")
        RECEIVED = "received", _("received")
        CANCELLED = "cancelled", _("cancelled")

    number = models.CharField(_("number"), max_length=64, unique=True)
    source = models.ForeignKey(Warehouse, models.PROTECT, related_name="transfers_out", verbose_name=_("from"))
    destination = models.ForeignKey(Warehouse, models.PROTECT, related_name="transfers_in", verbose_name=_("to"))
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.DRAFT, db_index=True)
    version = models.PositiveIntegerField(_("version"), default=0)
    reference = models.CharField(_("reference"), max_length=120, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    shipped_at = models.DateTimeField(_("shipped"), null=True, blank=True)
    expected_on = models.DateField(_("expected on"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    objects = TransferQuerySet.as_manager()

    class Meta:
        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")
        ordering = ["-pk"]
        constraints = [models.CheckConstraint(condition=~Q(source=F("destination")), name="stock_transfer_between_two")]

    def __str__(self) -> str:
        return self.number


class TransferLine(models.Model):
    """In transit = shipped - received - returned; ``received`` includes what was written off as lost on the way."""

    transfer = models.ForeignKey(Transfer, models.CASCADE, related_name="lines", verbose_name=_("transfer"))
    product = models.ForeignKey(Product, models.PROTECT, related_name="transfer_lines", verbose_name=_("product"))
    quantity = models.BigIntegerField(_("asked"))
    shipped = models.BigIntegerField(_("shipped"), default=0)
    received = models.BigIntegerField(_("received"), default=0)
    returned = models.BigIntegerField(_("sent back"), default=0)
    lost = models.BigIntegerField(_("of these lost on the way"), default=0)

    objects = TransferLineQuerySet.as_manager()

    class Meta:
        verbose_name = _("transfer line")
        verbose_name_plural = _("transfer lines")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["transfer", "product"], name="stock_transferline_once"),
            models.CheckConstraint(
                condition=Q(
                    quantity__gt=0, shipped__gte=F("received") + F("returned"), received__gte=F("lost"), lost__gte=0,
                    returned__gte=0,
                ),
                name="stock_transferline_quantities",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product}"

    @property
    def in_transit(self) -> int:
        return self.shipped - self.received - self.returned
