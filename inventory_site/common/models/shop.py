"""The one row of settings of the shop, and the date that it lives in."""

from __future__ import annotations

import zoneinfo
from datetime import date, datetime, time
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


def validate_zone(value: str) -> None:
    """Refuse a time zone that this machine doesn't know."""
    if value not in zoneinfo.available_timezones():
        raise ValidationError(_("“%(value)s” is not a time zone. Write one like Europe/Riga."), params={"value": value})


NOT_NEGATIVE = [MinValueValidator(0)]


class AllocationStrategy(models.TextChoices):
    """From which warehouse an order gets its goods; its demand always stays with the line's first choice."""

    FIRST_CHOICE = "first_choice", _("only the warehouse of first choice")
    NEAREST_TO_COMPLETE = "nearest_to_complete", _("the fewest parcels: who can ship most of the order")
    MOST_STOCK = "most_stock", _("whoever has most of the item")
    PRIORITY = "priority", _("in the warehouses' order of priority")


class ShopSettingsManager(models.Manager["ShopSettings"]):
    def load(self) -> ShopSettings:
        """The settings, or the defaults (unsaved) before anybody has saved them."""
        return self.filter(pk=1).first() or ShopSettings(pk=1)


class ShopSettings(models.Model):
    name = models.CharField(_("name"), max_length=100, default="Shelfwise")
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[validate_zone])
    night_at = models.TimeField(
        _("nightly job starts at"),
        default=time(3, 0),
        help_text=_("In the shop's time zone, once the day is over in every warehouse."),
    )
    language = models.CharField(_("language"), max_length=10, default="en")
    holding_rate = models.DecimalField(
        _("holding rate"), max_digits=5, decimal_places=4, default="0.2500",
        help_text=_("What keeping one coin's worth of stock costs in a year, 0.25 for a quarter."),
    )  # fmt: skip
    order_cost = models.DecimalField(
        _("cost of placing an order"),
        max_digits=10,
        decimal_places=2,
        default="5.00",
        help_text=_("Per line of a purchase order: writing, receiving, paying."),
    )
    purchase_budget = models.DecimalField(
        _("budget for a week's purchases"), max_digits=14, decimal_places=2, null=True, blank=True,
        validators=NOT_NEGATIVE, help_text=_("What the purchase plan keeps to, freight included. Empty: no limit."),
    )  # fmt: skip
    transfer_days = models.PositiveIntegerField(
        _("days of a transfer"), default=3, help_text=_("Between two of our warehouses without a lane of their own.")
    )
    transfer_cost = models.DecimalField(
        _("freight of a transfer, a piece"), max_digits=10, decimal_places=4, default=Decimal("0.5000"),
        validators=NOT_NEGATIVE,
    )  # fmt: skip
    price_elasticity = models.DecimalField(
        _("price elasticity"), max_digits=4, decimal_places=2, default=Decimal("2.00"), validators=NOT_NEGATIVE,
        help_text=_(
            "How demand answers a lower price: at 2, a price 20 % lower sells 1.56 times as many. "
            "A guess until you have measured it; markdowns say so."
        ),
    )  # fmt: skip
    markdown_days = models.PositiveIntegerField(_("days of a markdown"), default=28, validators=[MinValueValidator(1)])
    salvage_rate = models.DecimalField(
        _("worth of dead stock"), max_digits=4, decimal_places=3, default=Decimal("0.250"),
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text=_("Share of its cost that a piece brings in the end when nobody asks for it: 0.25 for a quarter."),
    )  # fmt: skip
    stop_after_days = models.PositiveIntegerField(
        _("stop buying after days without demand"), default=180, validators=[MinValueValidator(90)]
    )
    allocation_strategy = models.CharField(
        _("allocate from"), max_length=20, choices=AllocationStrategy, default=AllocationStrategy.FIRST_CHOICE
    )
    over_receipt_rate = models.DecimalField(
        _("over-receipt tolerance"),
        max_digits=4,
        decimal_places=3,
        default=Decimal("0.000"),
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text=_("How much more than ordered may be received by who is allowed to: 0.05 for 5 in 100."),
    )
    demo_until = models.DateField(
        _("demo date"), null=True, blank=True, help_text=_("Where set, the shop's calendar stands still on this day.")
    )

    objects = ShopSettingsManager()

    class Meta:
        verbose_name = _("shop settings")
        verbose_name_plural = _("shop settings")
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="common_one_shop")]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)

    def now(self) -> datetime:
        """The time that the shop lives in: the clock, or the end of the demo's last day."""
        if self.demo_until:
            return datetime.combine(self.demo_until, time(23, 59), tzinfo=self.zone)
        return timezone.now()

    def today(self) -> date:
        """The shop's business date."""
        return self.now().astimezone(self.zone).date()
