"""Warehouses, who may enter them, and the ledger of what is in them."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.models import Product, validate_weekdays
from inventory_site.common.models.shop import validate_zone
from inventory_site.common.roles import Role
from stock.querysets import (
    AllocationQuerySet,
    InWarehouse,
    SetAsideQuerySet,
    StockLevelQuerySet,
    StockMovementQuerySet,
    StockSnapshotQuerySet,
    TransferLineQuerySet,
    TransferQuerySet,
    WarehouseQuerySet,
)


class Warehouse(models.Model):
    code = models.SlugField(_("code"), max_length=32, unique=True)
    name = models.CharField(_("name"), max_length=100)
    country = models.CharField(
        _("country"), max_length=2, blank=True, help_text=_("Two letters, for holidays: LV, DE, CN.")
    )
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[validate_zone])
    priority = models.PositiveIntegerField(
        _("priority"), default=100, help_text=_("Orders without a region go to the lowest.")
    )
    closed_weekdays = models.JSONField(
        _("closed weekdays"), default=list, blank=True, validators=[validate_weekdays],
        help_text=_("Days on which nobody can order here, 0 for Monday to 6 for Sunday; none: open every day."),
    )  # fmt: skip
    is_closed_on_holidays = models.BooleanField(
        _("closed on public holidays"), default=False, help_text=_("Of its country. Forecasts know of holidays anyway.")
    )
    room_ml = models.PositiveBigIntegerField(
        _("room, ml"), null=True, blank=True, help_text=_("What its shelves hold. Empty: no limit.")
    )
    address = models.TextField(_("address"), blank=True, help_text=_("Printed on purchase orders."))
    is_active = models.BooleanField(_("active"), default=True)

    objects = WarehouseQuerySet.as_manager()

    class Meta:
        verbose_name = _("warehouse")
        verbose_name_plural = _("warehouses")
        ordering = ["priority", "code"]

    def __str__(self) -> str:
        return self.name


class ClosedDay(models.Model):
    """A day on which nobody could, or will be able to, order from a warehouse: its demand is unknown, not zero."""

    warehouse = models.ForeignKey(Warehouse, models.CASCADE, related_name="closed_days", verbose_name=_("warehouse"))
    on_date = models.DateField(_("date"))
    announced_on = models.DateField(
        _("known since"), null=True, blank=True,
        help_text=_("Forecasts made before this day don't know of it. Empty: it was always known."),
    )  # fmt: skip
    reason = models.CharField(_("reason"), max_length=120, blank=True)

    objects = InWarehouse.as_manager()

    class Meta:
        verbose_name = _("closed day")
        verbose_name_plural = _("closed days")
        ordering = ["-on_date"]
        constraints = [models.UniqueConstraint(fields=["warehouse", "on_date"], name="stock_closedday_once")]

    def __str__(self) -> str:
        return f"{self.warehouse} {self.on_date}"


class WarehouseAccess(models.Model):
    """A person's role in one warehouse, or in all of them."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="warehouse_access", verbose_name=_("person")
    )
    warehouse = models.ForeignKey(
        Warehouse, models.CASCADE, null=True, blank=True, related_name="access", verbose_name=_("warehouse"),
        help_text=_("Empty: all warehouses, new ones too."),
    )  # fmt: skip
    role = models.CharField(_("role"), max_length=10, choices=Role)

    class Meta:
        verbose_name = _("warehouse access")
        verbose_name_plural = _("warehouse access")
        constraints = [models.UniqueConstraint("user", Coalesce("warehouse", 0), name="stock_access_once")]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()}"


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
