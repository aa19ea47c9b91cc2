"""The ledger: levels, the movements that they are the sum of, promises, and what they held on past days."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from stock.models.warehouses import Warehouse
from stock.querysets import AllocationQuerySet, StockLevelQuerySet, StockMovementQuerySet, StockSnapshotQuerySet


class StockLevel(models.Model):
    """A checked cache of the ledger; only ``stock.services`` writes it."""

    product = models.ForeignKey(Product, models.PROTECT, related_name="levels", verbose_name=_("product"))
    warehouse = models.ForeignKey(Warehouse, models.PROTECT, related_name="levels", verbose_name=_("warehouse"))
    on_hand = models.BigIntegerField(_("on hand"), default=0)
    allocated = models.BigIntegerField(_("allocated"), default=0)
    unsellable = models.BigIntegerField(_("unsellable"), default=0)
    version = models.PositiveBigIntegerField(_("version"), default=0)

    objects = StockLevelQuerySet.as_manager()

    class Meta:
        verbose_name = _("stock level")
        verbose_name_plural = _("stock levels")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["product", "warehouse"], name="stock_level_once"),
            models.CheckConstraint(
                condition=Q(on_hand__gte=0, allocated__gte=0, unsellable__gte=0), name="stock_level_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(on_hand__gte=F("allocated") + F("unsellable")), name="stock_level_promises_covered"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product} · {self.warehouse}"

    @property
    def available(self) -> int:
        return self.on_hand - self.allocated - self.unsellable


class StockMovement(models.Model):
    """One signed quantity; append-only (database triggers refuse UPDATE and DELETE)."""

    class Reason(models.TextChoices):
        OPENING = "opening", _("opening stock")
        RECEIPT = "receipt", _("receipt of a purchase")
        SHIPMENT = "shipment", _("shipment of a sale")
        RETURN = "return", _("return from a customer")
        COUNT = "count", _("count")
        ADJUSTMENT = "adjustment", _("adjustment")
        WRITE_OFF = "write_off", _("write-off")
        TRANSFER = "transfer", _("transfer")
        REVERSAL = "reversal", _("reversal")

    level = models.ForeignKey(StockLevel, models.PROTECT, related_name="movements", verbose_name=_("stock level"))
    quantity = models.BigIntegerField(_("quantity"))
    reason = models.CharField(_("reason"), max_length=12, choices=Reason)
    reference = models.CharField(_("reference"), max_length=120, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, verbose_name=_("who"))
    reverses = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="reversed_by", verbose_name=_("reverses")
    )
    effective_at = models.DateTimeField(_("effective"))
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now())

    objects = StockMovementQuerySet.as_manager()

    class Meta:
        verbose_name = _("stock movement")
        verbose_name_plural = _("stock movements")
        ordering = ["-pk"]
        constraints = [models.CheckConstraint(condition=~Q(quantity=0), name="stock_movement_not_zero")]
        indexes = [
            models.Index(fields=["level", "effective_at"], name="stock_movement_history"),
            models.Index(fields=["effective_at"], name="stock_movement_when"),
            models.Index(fields=["reference"], name="stock_movement_reference"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity:+d} {self.get_reason_display()}"


class Allocation(models.Model):
    """A promise of stock to a holder (a sales line); changes only under its level's lock."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        SHORT = "short", _("short")
        SHIPPED = "shipped", _("shipped")
        RELEASED = "released", _("released")

    level = models.ForeignKey(StockLevel, models.PROTECT, related_name="allocations", verbose_name=_("stock level"))
    holder = models.UUIDField(_("holder"), default=uuid.uuid4, db_index=True)
    quantity = models.PositiveBigIntegerField(_("quantity"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    picked_at = models.DateTimeField(_("picked"), null=True, blank=True)
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    objects = AllocationQuerySet.as_manager()

    class Meta:
        verbose_name = _("allocation")
        verbose_name_plural = _("allocations")
        ordering = ["pk"]
        constraints = [models.CheckConstraint(condition=Q(quantity__gt=0), name="stock_allocation_positive")]
        indexes = [
            models.Index(fields=["level"], condition=Q(state="open"), name="stock_allocation_open"),
            models.Index(fields=["level", "created_at"], name="stock_allocation_history"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} {self.get_state_display()}"


class StockSnapshot(models.Model):
    """What a level held when a business day closed; a row only for days on which it changed."""

    level = models.ForeignKey(StockLevel, models.CASCADE, related_name="snapshots", verbose_name=_("stock level"))
    on_date = models.DateField(_("date"))
    on_hand = models.BigIntegerField(_("on hand"))
    stocked_out_rate = models.FloatField(_("share of the day without stock"), default=0.0)

    objects = StockSnapshotQuerySet.as_manager()

    class Meta:
        verbose_name = _("stock snapshot")
        verbose_name_plural = _("stock snapshots")
        ordering = ["level", "on_date"]
        constraints = [
            models.UniqueConstraint(fields=["level", "on_date"], name="stock_snapshot_once"),
            models.CheckConstraint(
                condition=Q(stocked_out_rate__gte=0, stocked_out_rate__lte=1), name="stock_snapshot_rate"
            ),
        ]
        indexes = [models.Index(fields=["on_date"], name="stock_snapshot_when")]

    def __str__(self) -> str:
        return f"{self.on_date} {self.on_hand}"
