"""How much to order, when, and why."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from catalog.models import Category, Product, Supplier
from inventory_site.common.models import JobRun
from orders.models import PurchaseOrderLine
from replenishment.querysets import (
    InventoryPositionQuerySet,
    PolicyQuerySet,
    ReorderPointQuerySet,
    SuggestionQuerySet,
)
from stock.models import StockLevel, Warehouse

RATE = [MinValueValidator(0.5), MaxValueValidator(0.999)]


class Policy(models.Model):
    """How to plan what it matches; the narrowest one wins: product, then category, supplier, warehouse, all."""

    class Rule(models.TextChoices):
        R_S_NQ = "R,s,nQ", _("(R,s,nQ): at the reorder point, order multiples of the order quantity")
        R_S = "R,S", _("(R,S): at each review, order up to the level")

    product = models.ForeignKey(
        Product, models.CASCADE, null=True, blank=True, related_name="policies", verbose_name=_("product")
    )
    category = models.ForeignKey(
        Category, models.CASCADE, null=True, blank=True, related_name="policies", verbose_name=_("category")
    )
    supplier = models.ForeignKey(
        Supplier, models.CASCADE, null=True, blank=True, related_name="policies", verbose_name=_("supplier")
    )
    warehouse = models.ForeignKey(
        Warehouse, models.CASCADE, null=True, blank=True, related_name="policies", verbose_name=_("warehouse")
    )
    rule = models.CharField(_("ordering rule"), max_length=10, choices=Rule, default=Rule.R_S_NQ)
    cycle_service_level = models.FloatField(
        _("cycle service level"), default=0.95, validators=RATE,
        help_text=_("Chance that what is ordered at a review arrives before the shelf is empty: 0.5 to 0.999."),
    )  # fmt: skip
    review_period_days = models.PositiveIntegerField(
        _("review period, days"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Empty: the supplier's."),
    )
    minimum_stock = models.PositiveBigIntegerField(
        _("reorder point by hand"), null=True, blank=True, help_text=_("Replaces the computed one.")
    )
    order_quantity = models.PositiveBigIntegerField(
        _("order quantity by hand"),
        null=True,
        blank=True,
        help_text=_("Replaces the computed one; packs and minimum still hold."),
    )
    note = models.CharField(_("note"), max_length=200, blank=True)

    objects = PolicyQuerySet.as_manager()

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                *(Coalesce(scope, 0) for scope in ("product", "category", "supplier", "warehouse")),
                name="replenishment_policy_once",
            ),
            models.CheckConstraint(
                condition=Q(cycle_service_level__gte=0.5, cycle_service_level__lte=0.999),
                name="replenishment_policy_rate",
            ),
        ]

    def __str__(self) -> str:
        scope = [str(part) for part in (self.product, self.category, self.supplier, self.warehouse) if part]
        return " · ".join(scope) or str(_("everything"))


class LeadTime(models.Model):
    """Learned from confirmation to receipt; one row per run, supplier and product (empty: the supplier as a whole)."""

    run = models.ForeignKey(JobRun, models.CASCADE, related_name="lead_times", verbose_name=_("run"))
    supplier = models.ForeignKey(Supplier, models.CASCADE, related_name="lead_times", verbose_name=_("supplier"))
    product = models.ForeignKey(
        Product, models.CASCADE, null=True, blank=True, related_name="lead_times", verbose_name=_("product")
    )
    mean_days = models.FloatField(_("mean, days"))
    std_days = models.FloatField(_("standard deviation, days"))
    receipts = models.PositiveIntegerField(_("receipts"), default=0)
    distribution = models.JSONField(_("distribution"), help_text=_("Days and their probabilities."))

    class Meta:
        verbose_name = _("lead time")
        verbose_name_plural = _("lead times")
        constraints = [
            models.UniqueConstraint("run", "supplier", Coalesce("product", 0), name="replenishment_leadtime_once")
        ]

    def __str__(self) -> str:
        return f"{self.supplier} {self.mean_days:.1f} d"


class Pattern(models.TextChoices):
    """How demand comes, by Syntetos, Boylan & Croston (2005)."""

    SMOOTH = "smooth", _("smooth")
    ERRATIC = "erratic", _("erratic")
    INTERMITTENT = "intermittent", _("intermittent")
    LUMPY = "lumpy", _("lumpy")
    NONE = "none", _("no demand")


class ReorderPoint(models.Model):
    """What one run says of one item in one warehouse."""

    run = models.ForeignKey(JobRun, models.CASCADE, related_name="reorder_points", verbose_name=_("run"))
    product = models.ForeignKey(Product, models.CASCADE, related_name="reorder_points", verbose_name=_("product"))
    warehouse = models.ForeignKey(Warehouse, models.CASCADE, related_name="reorder_points", verbose_name=_("warehouse"))
    supplier = models.ForeignKey(
        Supplier, models.SET_NULL, null=True, related_name="reorder_points", verbose_name=_("supplier")
    )
    rule = models.CharField(_("ordering rule"), max_length=10)
    cycle_service_level = models.FloatField(_("cycle service level"))
    lead_time_days = models.FloatField(_("mean lead time, days"))
    review_period_days = models.PositiveIntegerField(_("review period, days"))
    lead_time_demand = models.FloatField(_("lead-time demand, mean"))
    quantile = models.BigIntegerField(
        _("quantile of lead-time demand"), help_text=_("The reorder point before its correction for undershoot.")
    )
    safety_stock = models.BigIntegerField(_("safety stock"))
    reorder_point = models.BigIntegerField(_("reorder point"))
    order_quantity = models.BigIntegerField(_("order quantity"))
    order_up_to_level = models.BigIntegerField(_("order-up-to level"))
    min_order_quantity = models.BigIntegerField(_("minimum order quantity"), default=1)
    pack_size = models.BigIntegerField(_("pack size"), default=1)
    unit_cost = models.DecimalField(_("unit cost"), max_digits=12, decimal_places=4, default=0)
    unit_price = models.DecimalField(_("price"), max_digits=12, decimal_places=2, default=0)
    set_by_hand = models.BooleanField(_("set by hand"), default=False)
    is_stocked = models.BooleanField(
        _("bought for the shelf"), default=True, help_text=_("Off: bought only for what is back-ordered already.")
    )
    is_dormant = models.BooleanField(_("not asked for in 90 days"), default=False)
    last_demand_on = models.DateField(_("last asked for"), null=True, blank=True)
    demand_pattern = models.CharField(_("demand pattern"), max_length=12, choices=Pattern, default=Pattern.NONE)
    yearly_demand = models.BigIntegerField(_("demand of the last 365 days"), default=0)
    yearly_revenue = models.DecimalField(_("revenue of the last 365 days"), max_digits=16, decimal_places=2, default=0)

    objects = ReorderPointQuerySet.as_manager()

    class Meta:
        verbose_name = _("reorder point")
        verbose_name_plural = _("reorder points")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["run", "product", "warehouse"], name="replenishment_rop_once")]

    def __str__(self) -> str:
        return f"{self.product} · {self.warehouse}: {self.reorder_point}"


class InventoryPosition(models.Model):
    """One row per stock level, written when a run is published and refreshed after each movement."""

    Pattern = Pattern

    class StockStatus(models.TextChoices):
        OUT = "out", _("out of stock")
        ORDER = "order", _("at or below the reorder point")
        RUNS_OUT = "runs_out", _("runs out before the next receipt")
        OK = "ok", _("fine")
        OVERSTOCK = "overstock", _("overstocked")
        DEAD = "dead", _("dead stock")
        UNPLANNED = "unplanned", _("not planned yet")

    level = models.OneToOneField(StockLevel, models.CASCADE, related_name="position", verbose_name=_("stock level"))
    product = models.ForeignKey(Product, models.CASCADE, related_name="positions", verbose_name=_("product"))
    warehouse = models.ForeignKey(Warehouse, models.CASCADE, related_name="positions", verbose_name=_("warehouse"))
    supplier = models.ForeignKey(
        Supplier, models.SET_NULL, null=True, blank=True, related_name="positions", verbose_name=_("supplier")
    )
    run = models.ForeignKey(JobRun, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("run"))
    on_order = models.BigIntegerField(_("on order"), default=0)
    in_transit = models.BigIntegerField(_("in transit"), default=0)
    backordered = models.BigIntegerField(_("back-ordered"), default=0)
    inventory_position = models.BigIntegerField(_("inventory position"), default=0, db_index=True)
    reorder_point = models.BigIntegerField(_("reorder point"), default=0)
    order_up_to_level = models.BigIntegerField(_("order-up-to level"), default=0)
    order_quantity = models.BigIntegerField(_("order quantity"), null=True, blank=True)
    daily_demand = models.FloatField(_("forecast a day"), default=0.0, db_index=True)
    days_of_cover = models.FloatField(_("days of cover"), null=True, blank=True, db_index=True)
    runs_out_on = models.DateField(_("runs out on"), null=True, blank=True, db_index=True)
    stock_out_chance = models.FloatField(
        _("chance of a stock-out"), null=True, blank=True, db_index=True,
        help_text=_("That more is asked for than is available before the next possible receipt, from 0 to 1."),
    )  # fmt: skip
    next_receipt_on = models.DateField(_("next receipt"), null=True, blank=True)
    last_demand_on = models.DateField(_("last asked for"), null=True, blank=True)
    stock_status = models.CharField(
        _("stock status"), max_length=10, choices=StockStatus, default=StockStatus.UNPLANNED, db_index=True
    )
    abc = models.CharField(_("ABC"), max_length=1, blank=True, db_index=True)
    xyz = models.CharField(_("XYZ"), max_length=1, blank=True, db_index=True)
    demand_pattern = models.CharField(
        _("demand pattern"), max_length=12, choices=Pattern, default=Pattern.NONE, db_index=True
    )
    wape = models.FloatField(_("forecast error (WAPE)"), null=True, blank=True, db_index=True)
    stock_value = models.DecimalField(_("stock value"), max_digits=16, decimal_places=2, default=0, db_index=True)
    overstock_value = models.DecimalField(
        _("overstock value"), max_digits=16, decimal_places=2, default=0, db_index=True
    )
    margin_at_risk = models.DecimalField(
        _("margin at risk"), max_digits=16, decimal_places=2, default=0, db_index=True,
        help_text=_("Expected margin lost until the next possible receipt."),
    )  # fmt: skip
    refreshed_at = models.DateTimeField(_("refreshed"), auto_now=True)

    objects = InventoryPositionQuerySet.as_manager()

    class Meta:
        verbose_name = _("inventory position")
        verbose_name_plural = _("inventory positions")
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["warehouse", "stock_status"], name="replenishment_pos_status"),
            models.Index(fields=["product", "warehouse"], name="replenishment_pos_item"),
        ]

    def __str__(self) -> str:
        return f"{self.product} · {self.warehouse}"


class Suggestion(models.Model):
    """A proposed purchase; at most one is open for an item in a warehouse."""

    class State(models.TextChoices):
        OPEN = "open", _("to decide")
        ACCEPTED = "accepted", _("accepted")
        DISMISSED = "dismissed", _("dismissed")
        SUPERSEDED = "superseded", _("replaced by a newer one")

    run = models.ForeignKey(JobRun, models.CASCADE, related_name="suggestions", verbose_name=_("run"))
    product = models.ForeignKey(Product, models.CASCADE, related_name="suggestions", verbose_name=_("product"))
    warehouse = models.ForeignKey(Warehouse, models.CASCADE, related_name="suggestions", verbose_name=_("warehouse"))
    supplier = models.ForeignKey(Supplier, models.CASCADE, related_name="suggestions", verbose_name=_("supplier"))
    quantity = models.PositiveBigIntegerField(_("quantity"))
    unit_cost = models.DecimalField(_("unit cost"), max_digits=12, decimal_places=4, default=0)
    cost = models.DecimalField(_("cost"), max_digits=16, decimal_places=2, default=0)
    margin_at_risk = models.DecimalField(_("margin at risk"), max_digits=16, decimal_places=2, default=0)
    reason_code = models.CharField(_("reason"), max_length=40)
    reason_terms = models.JSONField(_("terms of the reason"), default=dict)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN, db_index=True)
    purchase_line = models.ForeignKey(
        PurchaseOrderLine,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="suggestions",
        verbose_name=_("purchase line"),
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    created_at = models.DateTimeField(_("made"), auto_now_add=True)

    objects = SuggestionQuerySet.as_manager()

    class Meta:
        verbose_name = _("suggestion")
        verbose_name_plural = _("suggestions")
        ordering = ["-margin_at_risk", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["product", "warehouse"], condition=Q(state="open"), name="replenishment_one_open_suggestion"
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="replenishment_suggestion_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product}"


class KpiSnapshot(models.Model):
    """The shop's figures of one day in one warehouse; kept for ever, for trends."""

    warehouse = models.ForeignKey(Warehouse, models.CASCADE, related_name="kpis", verbose_name=_("warehouse"))
    on_date = models.DateField(_("date"))
    stock_value = models.DecimalField(_("stock value"), max_digits=16, decimal_places=2, default=0)
    overstock_value = models.DecimalField(_("overstock value"), max_digits=16, decimal_places=2, default=0)
    stocked_out_rate = models.FloatField(_("stock-out rate"), default=0.0, help_text=_("Share of items without stock."))
    fill_rate = models.FloatField(_("fill rate"), null=True, help_text=_("Of the last 28 days."))
    turnover = models.FloatField(
        _("turnover"), null=True, help_text=_("Cost of what was sold in a year / stock value.")
    )
    days_of_cover = models.FloatField(_("days of cover"), null=True)
    a_from = models.DecimalField(
        _("A items from"), max_digits=16, decimal_places=2, null=True,
        help_text=_("Revenue of the last 365 days from which an item is among those that make up 80 %."),
    )  # fmt: skip
    b_from = models.DecimalField(
        _("B items from"), max_digits=16, decimal_places=2, null=True, help_text=_("The same for 95 %.")
    )

    class Meta:
        verbose_name = _("KPI snapshot")
        verbose_name_plural = _("KPI snapshots")
        ordering = ["warehouse", "on_date"]
        constraints = [models.UniqueConstraint(fields=["warehouse", "on_date"], name="replenishment_kpi_once")]

    def __str__(self) -> str:
        return f"{self.warehouse} {self.on_date}"
