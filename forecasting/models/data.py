"""What people tell the forecast besides demand: signals from outside, and what a missing day means."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from forecasting.models.scope import ItemScope
from stock.models import Warehouse
from stock.querysets import SharedOrInWarehouse

NAME = RegexValidator(r"^[\w.-]+$", _("Write letters, digits, _, . and - only."))


class SignalKind(models.Model):
    """A signal by its name, and what is taken for it on days ahead that nobody told of."""

    class Ahead(models.TextChoices):
        MEAN = "mean", _("the mean of the last four weeks")
        LAST = "last", _("the last value")

    name = models.CharField(_("name"), max_length=40, unique=True, validators=[NAME])
    ahead = models.CharField(_("on days not told yet"), max_length=4, choices=Ahead, default=Ahead.MEAN)
    note = models.CharField(_("note"), max_length=200, blank=True)

    objects = SharedOrInWarehouse.as_manager()

    class Meta:
        verbose_name = _("kind of signal")
        verbose_name_plural = _("kinds of signals")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Signal(models.Model):
    """Something from outside on one day: weather, advertising. What is told again later is a new row."""

    name = models.CharField(_("signal"), max_length=40, validators=[NAME])
    warehouse = models.ForeignKey(
        Warehouse, models.CASCADE, null=True, blank=True, related_name="signals", verbose_name=_("warehouse"),
        help_text=_("Empty: everywhere."),
    )  # fmt: skip
    on_date = models.DateField(_("date"))
    value = models.FloatField(_("value"))
    known_on = models.DateField(
        _("known since"), help_text=_("Forecasts made before this day don't know of it; back-tests don't either.")
    )

    objects = SharedOrInWarehouse.as_manager()

    class Meta:
        verbose_name = _("signal")
        verbose_name_plural = _("signals")
        ordering = ["name", "-on_date", "pk"]
        constraints = [
            models.UniqueConstraint(
                "name", Coalesce("warehouse", 0), "on_date", "known_on", name="forecasting_signal_once"
            )
        ]
        indexes = [models.Index(fields=["on_date"], name="forecasting_signal_when")]

    def __str__(self) -> str:
        return f"{self.name} {self.on_date}"


class DataRule(ItemScope):
    """What a day without a record means; the narrowest rule wins: product, then category, warehouse, all."""

    class Missing(models.TextChoices):
        ZERO = "zero", _("zero: nothing was asked for")
        UNKNOWN = "unknown", _("unknown: left out")
        INTERPOLATE = "interpolate", _("between the days around it")
        MEAN = "mean", _("the mean of the same weekday before it")
        NEAREST = "nearest", _("as on the nearest day with a record")

    class Gap(models.TextChoices):
        WAREHOUSE = "warehouse", _("days on which the whole warehouse recorded nothing")
        ITEM = "item", _("days on which the item itself recorded nothing")

    missing = models.CharField(_("a missing day is"), max_length=12, choices=Missing, default=Missing.ZERO)
    gap = models.CharField(
        _("missing are"), max_length=10, choices=Gap, default=Gap.WAREHOUSE,
        help_text=_("Choose the item's own only for what sells every day."),
    )  # fmt: skip

    class Meta(ItemScope.Meta):
        verbose_name = _("rule for missing days")
        verbose_name_plural = _("rules for missing days")
