"""What customers send back."""

from __future__ import annotations

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from orders.models.sales import SalesOrder, SalesOrderLine
from orders.querysets import ReturnLineQuerySet, ReturnQuerySet
from stock.models import Warehouse


class Return(models.Model):
    """Goods that a customer sends back; inspected, they go to where they were shipped from."""

    class State(models.TextChoices):
        ANNOUNCED = "announced", _("announced")
        INSPECTED = "inspected", _("inspected")
        CANCELLED = "cancelled", _("cancelled")

    number = models.CharField(_("number"), max_length=64, unique=True)
    order = models.ForeignKey(SalesOrder, models.PROTECT, related_name="returns", verbose_name=_("order"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.ANNOUNCED, db_index=True)
    version = models.PositiveIntegerField(_("version"), default=0)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("announced"), default=timezone.now)
    inspected_at = models.DateTimeField(_("inspected"), null=True, blank=True)

    objects = ReturnQuerySet.as_manager()

    class Meta:
        verbose_name = _("return")
        verbose_name_plural = _("returns")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.number


class ReturnLine(models.Model):
    """Pieces of one sales line that come back to one warehouse; the outcomes add up to what was found."""

    document = models.ForeignKey(Return, models.CASCADE, related_name="lines", verbose_name=_("return"))
    line = models.ForeignKey(SalesOrderLine, models.PROTECT, related_name="return_lines", verbose_name=_("sales line"))
    warehouse = models.ForeignKey(
        Warehouse, models.PROTECT, related_name="return_lines", verbose_name=_("warehouse"),
        help_text=_("Where the pieces were shipped from."),
    )  # fmt: skip
    quantity = models.BigIntegerField(_("announced"), validators=[MinValueValidator(1)])
    sellable = models.BigIntegerField(_("sellable"), default=0)
    unsellable = models.BigIntegerField(_("not fit for sale"), default=0)
    scrapped = models.BigIntegerField(_("scrapped"), default=0)
    note = models.CharField(_("note"), max_length=200, blank=True)

    objects = ReturnLineQuerySet.as_manager()

    class Meta:
        verbose_name = _("return line")
        verbose_name_plural = _("return lines")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    quantity__gt=0, sellable__gte=0, unsellable__gte=0, scrapped__gte=0,
                    quantity__gte=F("sellable") + F("unsellable") + F("scrapped"),
                ),
                name="orders_returnline_quantities",
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product}"

    @property
    def product(self) -> Product:
        return self.line.product
