"""Sales, purchases, and the daily demand that is made of them."""

from __future__ import annotations

import uuid
from decimal import Decimal

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.models import Product, Supplier
from orders.querysets import (
    DailyDemandQuerySet,
    DemandSeriesQuerySet,
    PurchaseOrderLineQuerySet,
    PurchaseOrderQuerySet,
    ReceiptQuerySet,
    SalesOrderLineQuerySet,
    SalesOrderQuerySet,
)
from stock.models import Warehouse

NOT_NEGATIVE = [MinValueValidator(Decimal(0))]


class Customer(models.Model):
    """As little as shipping needs; imports keep the shop's own number and nothing else."""

    external_id = models.CharField(_("number in the shop"), max_length=100, unique=True, null=True, blank=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name or self.external_id or f"#{self.pk}"


class SalesChannel(models.Model):
    code = models.SlugField(_("code"), max_length=32, unique=True)
    name = models.CharField(_("name"), max_length=100)

    class Meta:
        verbose_name = _("sales channel")
        verbose_name_plural = _("sales channels")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class Source(models.TextChoices):
    LIVE = "live", _("entered here")
    IMPORT = "import", _("imported history")
    SIMULATED = "simulated", _("simulated")


class SalesOrder(models.Model):
    class State(models.TextChoices):
        OPEN = "open", _("open")
        CLOSED = "closed", _("closed")
        CANCELLED = "cancelled", _("cancelled")

    number = models.CharField(_("number"), max_length=64, unique=True)
    channel = models.ForeignKey(SalesChannel, models.PROTECT, related_name="orders", verbose_name=_("channel"))
    external_id = models.CharField(_("number in the channel"), max_length=100, null=True, blank=True)
    customer = models.ForeignKey(
        Customer, models.PROTECT, null=True, blank=True, related_name="orders", verbose_name=_("customer")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN, db_index=True)
    source = models.CharField(_("source"), max_length=10, choices=Source, default=Source.LIVE)
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    placed_at = models.DateTimeField(_("placed"), default=timezone.now, db_index=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = SalesOrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("sales order")
        verbose_name_plural = _("sales orders")
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["channel", "external_id"], name="orders_salesorder_external")]

    def __str__(self) -> str:
        return self.number


class SalesOrderLine(models.Model):
    """``back-ordered`` is never stored: it is ordered - shipped - cancelled - open allocations."""

    order = models.ForeignKey(SalesOrder, models.CASCADE, related_name="lines", verbose_name=_("order"))
    product = models.ForeignKey(Product, models.PROTECT, related_name="sales_lines", verbose_name=_("product"))
    warehouse = models.ForeignKey(
        Warehouse, models.PROTECT, related_name="sales_lines", verbose_name=_("warehouse"),
        help_text=_("The warehouse of first choice: demand belongs to it, whoever ships."),
    )  # fmt: skip
    holder = models.UUIDField(_("holder of allocations"), default=uuid.uuid4, unique=True, editable=False)
    quantity = models.BigIntegerField(_("ordered"), validators=[MinValueValidator(1)])
    shipped = models.BigIntegerField(_("shipped"), default=0)
    cancelled = models.BigIntegerField(_("cancelled"), default=0)
    unit_price = models.DecimalField(
        _("unit price"), max_digits=12, decimal_places=4, default=0, validators=NOT_NEGATIVE
    )
    demand_on = models.DateField(_("demand date"), help_text=_("The business day of the warehouse."))
    import_key = models.CharField(max_length=64, null=True, blank=True, unique=True, editable=False)

    objects = SalesOrderLineQuerySet.as_manager()

    class Meta:
        verbose_name = _("sales line")
        verbose_name_plural = _("sales lines")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    quantity__gt=0, shipped__gte=0, cancelled__gte=0, quantity__gte=F("shipped") + F("cancelled")
                ),
                name="orders_salesline_quantities",
            )
        ]
        indexes = [models.Index(fields=["product", "warehouse", "demand_on"], name="orders_salesline_demand")]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product}"

    @property
    def outstanding(self) -> int:
        return self.quantity - self.shipped - self.cancelled


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
    cancelled = models.BigIntegerField(_("cancelled"), default=0)
    unit_cost = models.DecimalField(_("unit cost"), max_digits=12, decimal_places=4, default=0, validators=NOT_NEGATIVE)
    pack_size = models.PositiveIntegerField(_("pack size"), default=1, validators=[MinValueValidator(1)])

    objects = PurchaseOrderLineQuerySet.as_manager()

    class Meta:
        verbose_name = _("purchase line")
        verbose_name_plural = _("purchase lines")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["order", "product"], name="orders_poline_once"),
            models.CheckConstraint(
                condition=Q(
                    quantity__gt=0, received__gte=0, cancelled__gte=0, quantity__gte=F("received") + F("cancelled")
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
    """Goods that arrived on one purchase line; lead times are learned from these."""

    line = models.ForeignKey(
        PurchaseOrderLine, models.PROTECT, related_name="receipts", verbose_name=_("purchase line")
    )
    quantity = models.BigIntegerField(_("quantity"), validators=[MinValueValidator(1)])
    received_at = models.DateTimeField(_("received"), default=timezone.now)

    objects = ReceiptQuerySet.as_manager()

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        ordering = ["-pk"]
        constraints = [models.CheckConstraint(condition=Q(quantity__gt=0), name="orders_receipt_positive")]

    def __str__(self) -> str:
        return f"{self.quantity} · {self.line}"


class DemandSeries(models.Model):
    """Where zeros are real: from ``first_on`` up to ``closed_on`` a day without a row had no demand."""

    product = models.ForeignKey(Product, models.PROTECT, related_name="demand_series", verbose_name=_("product"))
    warehouse = models.ForeignKey(Warehouse, models.PROTECT, related_name="demand_series", verbose_name=_("warehouse"))
    first_on = models.DateField(_("first day"))
    closed_on = models.DateField(_("closed up to"), null=True, blank=True)

    objects = DemandSeriesQuerySet.as_manager()

    class Meta:
        verbose_name = _("demand series")
        verbose_name_plural = _("demand series")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["product", "warehouse"], name="orders_series_once")]

    def __str__(self) -> str:
        return f"{self.product} · {self.warehouse}"


class DailyDemand(models.Model):
    """Demand of one business day; a row only where something was asked for, returned or not in stock."""

    series = models.ForeignKey(DemandSeries, models.CASCADE, related_name="days", verbose_name=_("series"))
    on_date = models.DateField(_("date"))
    demand = models.BigIntegerField(
        _("demand"), default=0, help_text=_("What was asked for, cancellations not yet taken off.")
    )
    sales = models.BigIntegerField(_("sales"), default=0, help_text=_("What was shipped."))
    price = models.DecimalField(_("mean unit price"), max_digits=12, decimal_places=4, null=True, blank=True)
    stocked_out_rate = models.FloatField(_("share of the day without stock"), null=True, blank=True)

    objects = DailyDemandQuerySet.as_manager()

    class Meta:
        verbose_name = _("daily demand")
        verbose_name_plural = _("daily demand")
        ordering = ["series", "on_date"]
        constraints = [
            models.UniqueConstraint(fields=["series", "on_date"], name="orders_dailydemand_once"),
            models.CheckConstraint(condition=Q(demand__gte=0, sales__gte=0), name="orders_dailydemand_not_negative"),
        ]
        indexes = [models.Index(fields=["on_date"], name="orders_dailydemand_when")]

    def __str__(self) -> str:
        return f"{self.on_date} {self.demand}"


class DemandCorrection(models.Model):
    """A cancellation or return, taken off the day of its sale but known only from ``known_on`` on."""

    series = models.ForeignKey(DemandSeries, models.CASCADE, related_name="corrections", verbose_name=_("series"))
    on_date = models.DateField(_("day of the sale"))
    known_on = models.DateField(_("known since"))
    quantity = models.BigIntegerField(_("quantity taken off"))
    source_key = models.CharField(max_length=64, unique=True, editable=False)

    class Meta:
        verbose_name = _("demand correction")
        verbose_name_plural = _("demand corrections")
        constraints = [models.CheckConstraint(condition=Q(quantity__gt=0), name="orders_correction_positive")]
        indexes = [models.Index(fields=["series", "on_date"], name="orders_correction_day")]

    def __str__(self) -> str:
        return f"{self.on_date} -{self.quantity}"


class DirtyDay(models.Model):
    """A closed day that was written to afterwards, a row for each writing; the next close computes just these again."""

    series = models.ForeignKey(DemandSeries, models.CASCADE, related_name="dirty_days", verbose_name=_("series"))
    on_date = models.DateField(_("date"))

    class Meta:
        verbose_name = _("day to close again")
        verbose_name_plural = _("days to close again")

    def __str__(self) -> str:
        return f"{self.on_date}"
