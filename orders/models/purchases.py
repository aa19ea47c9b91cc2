"""Purchases, and the receipts that lead times are learned from."""

from __future__ import annotations

from decimal import Decimal
from zoneinfo import ZoneInfo

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.models import Product, Supplier
from orders.models.sales import Source
from orders.querysets import PurchaseOrderLineQuerySet, PurchaseOrderQuerySet, ReceiptQuerySet
from stock.models import StockMovement, Warehouse

NOT_NEGATIVE = [MinValueValidator(Decimal(0))]


class PurchaseOrder(models.Model):
    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        CONFIRMED = "confirmed", _("confirmed")
        PARTLY_RECEIVED = "partly_received", _("partly received")
        RECEIVED = "received", _("received")
        CANCELLED = "cancelled", _("cancelled")

    number = models.CharField(_("number"), max_length=64, unique=True)
    supplier = models.ForeignKey(Supplier, models.PROTECT, related_name="purchase_orders", verbose_name=_("supplier"))
    warehouse = models.ForeignKey(
        Warehouse, models.PROTECT, related_name="purchase_orders", verbose_name=_("warehouse")
    )
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.DRAFT, db_index=True)
    source = models.CharField(_("source"), max_length=10, choices=Source, default=Source.LIVE)
    version = models.PositiveIntegerField(_("version"), default=0)
    reference = models.CharField(_("reference"), max_length=120, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)
    expected_on = models.DateField(_("expected on"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    objects = PurchaseOrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("purchase order")
        verbose_name_plural = _("purchase orders")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["state", "expected_on"], name="orders_po_expected")]

    def __str__(self) -> str:
        return self.number


class PurchaseOrderLine(models.Model):
    order = models.ForeignKey(PurchaseOrder, models.CASCADE, related_name="lines", verbose_name=_("order"))
    product = models.ForeignKey(Product, models.PROTECT, related_name="purchase_lines", verbose_name=_("product"))
    quantity = models.BigIntegerField(
        _("ordered"), validators=[MinValueValidator(1)], help_text=_("In stock units, not packs.")
    )
    received = models.BigIntegerField(_("received"), default=0)
    over_received = models.BigIntegerField(_("received beyond the order"), default=0)
    cancelled = models.BigIntegerField(_("cancelled"), default=0)
    unit_cost = models.DecimalField(_("unit cost"), max_digits=12, decimal_places=4, default=0, validators=NOT_NEGATIVE)
    pack_size = models.PositiveIntegerField(_("pack size"), default=1, validators=[MinValueValidator(1)])
    promised_on = models.DateField(
        _("promised on"), null=True, blank=True, help_text=_("What the supplier says last. Empty: the order's day.")
    )

    objects = PurchaseOrderLineQuerySet.as_manager()

    class Meta:
        verbose_name = _("purchase line")
        verbose_name_plural = _("purchase lines")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["order", "product"], name="orders_poline_once"),
            models.CheckConstraint(
                condition=Q(
                    quantity__gt=0,
                    received__gte=0,
                    cancelled__gte=0,
                    over_received__gte=0,
                    quantity__gte=F("received") + F("cancelled"),
                ),
                name="orders_poline_quantities",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product}"

    @property
    def outstanding(self) -> int:
        return self.quantity - self.received - self.cancelled


class Receipt(models.Model):
    """Goods that arrived on one purchase line; lead times are learned from those that were not taken back."""

    line = models.ForeignKey(
        PurchaseOrderLine, models.PROTECT, related_name="receipts", verbose_name=_("purchase line")
    )
    quantity = models.BigIntegerField(_("quantity"), validators=[MinValueValidator(1)])
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    movement = models.OneToOneField(
        StockMovement, models.PROTECT, null=True, blank=True, related_name="receipt", verbose_name=_("stock movement")
    )
    undone_at = models.DateTimeField(_("taken back"), null=True, blank=True)

    objects = ReceiptQuerySet.as_manager()

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        ordering = ["-pk"]
        constraints = [models.CheckConstraint(condition=Q(quantity__gt=0), name="orders_receipt_positive")]

    def __str__(self) -> str:
        return f"{self.quantity} · {self.line}"

    @property
    def lead_time_days(self) -> int | None:
        """From confirming to receiving, in days of the warehouse; None where the order has no confirmation date."""
        order = self.line.order
        if order.confirmed_at is None:
            return None
        zone = ZoneInfo(order.warehouse.time_zone)
        waited = self.received_at.astimezone(zone).date() - order.confirmed_at.astimezone(zone).date()
        return max(waited.days, 0)
