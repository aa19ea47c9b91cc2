"""Warehouses, the days on which they are closed, and who may enter them."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from catalog.models import validate_weekdays
from inventory_site.common.models.shop import validate_zone
from inventory_site.common.roles import Role
from stock.querysets import InWarehouse, WarehouseQuerySet


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
    count_minutes = models.PositiveIntegerField(
        _("minutes a day to count"), default=60, help_text=_("What the list of what to count keeps to.")
    )
    count_days_a = models.PositiveIntegerField(
        _("count A items every … days"), default=30, validators=[MinValueValidator(1)]
    )
    count_days_b = models.PositiveIntegerField(
        _("count B items every … days"), default=90, validators=[MinValueValidator(1)]
    )
    count_days_c = models.PositiveIntegerField(
        _("count C items every … days"), default=365, validators=[MinValueValidator(1)]
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
