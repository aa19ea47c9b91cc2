"""Sales: who asked for what, where, and what became of it."""

from __future__ import annotations

import uuid
from decimal import Decimal

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from inventory_site.common.models.shop import AllocationStrategy
from orders.querysets import SalesOrderLineQuerySet, SalesOrderQuerySet
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
        DRAFT = "draft", _("draft")
        OPEN = "open", _("open")
        CLOSED = "closed", _("closed")
        CANCELLED = "cancelled", _("cancelled")
        MERGED = "merged", _("merged into another")

    class Stage(models.TextChoices):
        """What people see; computed by ``with_stage``, since a count can change it from below."""

        DRAFT = "draft", _("draft")
        PLACED = "placed", _("placed")
        ALLOCATED = "allocated", _("allocated")
        PARTLY_SHIPPED = "partly_shipped", _("partly shipped")
        SHIPPED = "shipped", _("shipped")
        RETURNED = "returned", _("returned")
        CANCELLED = "cancelled", _("cancelled")
        MERGED = "merged", _("merged into another")

    number = models.CharField(_("number"), max_length=64, unique=True)
    channel = models.ForeignKey(SalesChannel, models.PROTECT, related_name="orders", verbose_name=_("channel"))
    external_id = models.CharField(_("number in the channel"), max_length=100, null=True, blank=True)
    customer = models.ForeignKey(
        Customer, models.PROTECT, null=True, blank=True, related_name="orders", verbose_name=_("customer")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN, db_index=True)
    source = models.CharField(_("source"), max_length=10, choices=Source, default=Source.LIVE)
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    version = models.PositiveIntegerField(_("version"), default=0)
    ship_to = models.TextField(_("ship to"), blank=True, max_length=500)
    shipping_charge = models.DecimalField(
        _("shipping charge"), max_digits=12, decimal_places=2, default=0, validators=NOT_NEGATIVE
    )
    discount = models.DecimalField(_("discount"), max_digits=12, decimal_places=2, default=0, validators=NOT_NEGATIVE)
    strategy = models.CharField(
        _("allocate from"),
        max_length=20,
        choices=AllocationStrategy,
        blank=True,
        help_text=_("Empty: as the shop does."),
    )
    reserved_until = models.DateTimeField(
        _("reserved until"),
        null=True,
        blank=True,
        db_index=True,
        help_text=_("Then its stock is free again: a draft stays a draft, a placed order is cancelled."),
    )
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="merged_orders", verbose_name=_("merged into")
    )
    is_placed = models.BooleanField(
        _("was placed"), default=True, db_default=True, editable=False,
        help_text=_("A draft that was never placed counts no demand, cancelled or not."),
    )  # fmt: skip
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
    amount = models.DecimalField(
        _("amount"), max_digits=14, decimal_places=2, default=0, validators=NOT_NEGATIVE,
        help_text=_("What the ordered pieces cost together; a split shares it out to the cent."),
    )  # fmt: skip
    returned = models.BigIntegerField(_("returned"), default=0, db_default=0)
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
            ),
            models.CheckConstraint(
                condition=Q(returned__gte=0, returned__lte=F("shipped")), name="orders_salesline_returned"
            ),
        ]
        indexes = [models.Index(fields=["product", "warehouse", "demand_on"], name="orders_salesline_demand")]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product}"

    @property
    def outstanding(self) -> int:
        return self.quantity - self.shipped - self.cancelled


class Reshaping(models.Model):
    """A split or a merge, with what it moved, so that it can be undone while nothing of it was shipped or cancelled."""

    class Kind(models.TextChoices):
        SPLIT = "split", _("split")
        MERGE = "merge", _("merge")

    kind = models.CharField(_("kind"), max_length=5, choices=Kind)
    orders = models.ManyToManyField(SalesOrder, related_name="reshapings", verbose_name=_("orders"))
    moves = models.JSONField(_("moves"))
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, verbose_name=_("who"))
    made_at = models.DateTimeField(_("made"), default=timezone.now)
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)

    class Meta:
        verbose_name = _("split or merge")
        verbose_name_plural = _("splits and merges")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} #{self.pk}"
