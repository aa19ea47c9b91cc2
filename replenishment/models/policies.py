"""How items are planned."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from catalog.models import Category, Product, Supplier
from inventory_site.common.models import JobRun
from replenishment.querysets import ModeChangeQuerySet, PolicyQuerySet
from stock.models import Warehouse

RATE = [MinValueValidator(0.5), MaxValueValidator(0.999)]

#: Within these a level that follows from costs is kept where the policy names no others.
LEVEL_FLOOR, LEVEL_CEILING = 0.8, 0.99


class PolicyMode(models.TextChoices):
    """How far the plan acts by itself, from less to more."""

    SHADOW = "shadow", _("shadow: planned, nothing is suggested")
    SUGGEST = "suggest", _("suggest: people decide")
    AUTOMATIC = "automatic", _("automatic: the night puts it on a draft order")


class Policy(models.Model):
    """How to plan what it matches; the narrowest wins: product, then category, class, supplier, warehouse, all.

    Where ``target`` is empty it only amends the next wider one that has a target. The limits and the mode that it
    leaves empty come from the next wider one that names them.
    """

    Mode = PolicyMode

    class Rule(models.TextChoices):
        R_S_NQ = "R,s,nQ", _("(R,s,nQ): at the reorder point, order multiples of the order quantity")
        R_S = "R,S", _("(R,S): at each review, order up to the level")
        S_S = "s,S", _("(s,S): at the reorder point, order up to the level")

    class Target(models.TextChoices):
        CYCLE = "cycle_service_level", _("cycle service level: deliveries that come before the shelf is empty")
        FILL_RATE = "fill_rate", _("fill rate: pieces served from the shelf")
        COST = "cost", _("by cost: a missed piece against a piece left over")

    class Abc(models.TextChoices):
        A, B, C = ("A", "A"), ("B", "B"), ("C", "C")

    class Xyz(models.TextChoices):
        X, Y, Z = ("X", "X"), ("Y", "Y"), ("Z", "Z")

    product = models.ForeignKey(
        Product, models.CASCADE, null=True, blank=True, related_name="policies", verbose_name=_("product")
    )
    category = models.ForeignKey(
        Category, models.CASCADE, null=True, blank=True, related_name="policies", verbose_name=_("category")
    )
    abc = models.CharField(_("ABC"), max_length=1, choices=Abc, blank=True)
    xyz = models.CharField(_("XYZ"), max_length=1, choices=Xyz, blank=True)
    supplier = models.ForeignKey(
        Supplier, models.CASCADE, null=True, blank=True, related_name="policies", verbose_name=_("supplier")
    )
    warehouse = models.ForeignKey(
        Warehouse, models.CASCADE, null=True, blank=True, related_name="policies", verbose_name=_("warehouse")
    )
    target = models.CharField(
        _("plan by"), max_length=20, choices=Target, default=Target.CYCLE, blank=True,
        help_text=_("Empty: as the next wider policy says, together with its ordering rule."),
    )  # fmt: skip
    rule = models.CharField(_("ordering rule"), max_length=10, choices=Rule, default=Rule.R_S_NQ)
    cycle_service_level = models.FloatField(
        _("cycle service level"), default=0.95, validators=RATE,
        help_text=_("Chance that what is ordered at a review arrives before the shelf is empty: 0.5 to 0.999."),
    )  # fmt: skip
    fill_rate = models.FloatField(
        _("fill rate"), null=True, blank=True, validators=RATE,
        help_text=_("Share of what is asked for that the shelf serves: 0.5 to 0.999."),
    )  # fmt: skip
    shortage_cost = models.DecimalField(
        _("cost of a missed piece"), max_digits=12, decimal_places=4, null=True, blank=True,
        validators=[MinValueValidator(0)],
        help_text=_("Beside the margin that is lost: a customer who does not come back. Used where planned by cost."),
    )  # fmt: skip
    level_floor = models.FloatField(
        _("by cost, at least"), null=True, blank=True, validators=RATE,
        help_text=_("The cycle service level that follows from costs is no lower. Empty: 0.8."),
    )  # fmt: skip
    level_ceiling = models.FloatField(
        _("by cost, at most"), null=True, blank=True, validators=RATE,
        help_text=_("The cycle service level that follows from costs is no higher. Empty: 0.99."),
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
    reorder_point_floor = models.PositiveBigIntegerField(
        _("least reorder point"), null=True, blank=True,
        help_text=_("The computed one is used where it is higher."),
    )  # fmt: skip
    maximum_stock = models.PositiveBigIntegerField(
        _("maximum stock"), null=True, blank=True, validators=[MinValueValidator(1)],
        help_text=_("What there is room for: no order lifts the inventory position above it."),
    )  # fmt: skip
    order_quantity = models.PositiveBigIntegerField(
        _("order quantity by hand"),
        null=True,
        blank=True,
        help_text=_("Replaces the computed one; packs and minimum still hold."),
    )
    mode = models.CharField(
        _("mode"), max_length=10, choices=PolicyMode, blank=True,
        help_text=_("Empty: as the next wider policy says; where none does, people decide on suggestions."),
    )  # fmt: skip
    mode_is_pinned = models.BooleanField(
        _("keep this mode"), default=False,
        help_text=_("Otherwise the night moves it up or down, one step at a time, by how right its forecasts were."),
    )  # fmt: skip
    note = models.CharField(_("note"), max_length=200, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = PolicyQuerySet.as_manager()

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                *(Coalesce(scope, 0) for scope in ("product", "category", "supplier", "warehouse")), "abc", "xyz",
                name="replenishment_policy_once",
                violation_error_message=_("There is a policy for exactly this already: change that one."),
            ),
            models.CheckConstraint(
                condition=Q(cycle_service_level__gte=0.5, cycle_service_level__lte=0.999),
                name="replenishment_policy_rate",
            ),
            models.CheckConstraint(
                condition=Q(fill_rate__isnull=False, fill_rate__gte=0.5, fill_rate__lte=0.999)
                | (Q(fill_rate=None) & ~Q(target="fill_rate")),
                name="replenishment_policy_fill_rate",
                violation_error_message=_("Say which fill rate is wanted: 0.5 to 0.999."),
            ),
            models.CheckConstraint(
                condition=Q(level_floor=None) | Q(level_ceiling=None) | Q(level_floor__lte=F("level_ceiling")),
                name="replenishment_policy_levels",
                violation_error_message=_("“By cost, at least” is higher than “by cost, at most”."),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        group = " ".join(filter(None, (self.abc, self.xyz)))
        scope = [str(part) for part in (self.product, self.category, group, self.supplier, self.warehouse) if part]
        return " · ".join(scope) or str(_("everything"))

    def clean(self) -> None:
        """Numbers that cannot all hold are refused with both of them."""
        for name in ("minimum_stock", "reorder_point_floor"):
            least = getattr(self, name)
            if least is not None and self.maximum_stock is not None and least >= self.maximum_stock:
                told = {"least": least, "most": self.maximum_stock}
                raise ValidationError(
                    {name: _("An order is placed at %(least)d, so the maximum must be above it, not %(most)d.") % told}
                )


class PolicyModeChange(models.Model):
    """One step of a policy's mode: when, why with figures, by a person or by a night. Append-only."""

    class Reason(models.TextChoices):
        BY_HAND = "by_hand", _("by hand")
        TAKEN_BACK = "taken_back", _("taken back")
        ACCURATE = "accurate", _("its forecasts were right")
        INACCURATE = "inaccurate", _("its forecasts were wrong")

    policy = models.ForeignKey(
        Policy, models.SET_NULL, null=True, related_name="mode_changes", verbose_name=_("policy")
    )
    holds_for = models.CharField(_("holds for"), max_length=400, help_text=_("As the policy was called then."))
    warehouse = models.ForeignKey(Warehouse, models.SET_NULL, null=True, related_name="+", verbose_name=_("warehouse"))
    from_mode = models.CharField(_("from"), max_length=10, choices=PolicyMode, blank=True)
    to_mode = models.CharField(_("to"), max_length=10, choices=PolicyMode, blank=True)
    reason = models.CharField(_("why"), max_length=12, choices=Reason)
    figures = models.JSONField(_("figures"), default=dict)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("changed by")
    )
    run = models.ForeignKey(JobRun, models.SET_NULL, null=True, related_name="+", verbose_name=_("run"))
    changed_on = models.DateField(_("business date"))
    changed_at = models.DateTimeField(_("changed"), auto_now_add=True)

    objects = ModeChangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("change of a mode")
        verbose_name_plural = _("changes of modes")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.holds_for}: {self.from_mode or '–'} → {self.to_mode or '–'}"


class PolicyMeasure(models.Model):
    """How right the forecasts of one past run were for the items whose mode a policy sets; sums over item-days."""

    policy = models.ForeignKey(Policy, models.CASCADE, related_name="measures", verbose_name=_("policy"))
    run = models.ForeignKey(JobRun, models.CASCADE, related_name="+", verbose_name=_("run"))
    forecast_on = models.DateField(_("forecast on"))
    items = models.PositiveIntegerField(_("items"))
    item_days = models.PositiveIntegerField(_("item-days in stock"))
    demand = models.FloatField(_("demand"))
    error = models.FloatField(_("error"), help_text=_("Forecast - demand."))
    below_95 = models.PositiveIntegerField(_("item-days at or below the 95 % quantile"))

    class Meta:
        verbose_name = _("accuracy of a policy")
        verbose_name_plural = _("accuracies of policies")
        ordering = ["-forecast_on", "pk"]
        constraints = [models.UniqueConstraint(fields=["policy", "run"], name="replenishment_policy_measured_once")]

    def __str__(self) -> str:
        return f"{self.policy} {self.forecast_on}"
