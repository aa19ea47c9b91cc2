"""What visitors look at and put into their carts: single events, and what each day came to."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from stock.models import Warehouse
from stock.querysets import SharedOrInWarehouse


class CartEvent(models.Model):
    """One visitor's act, without a name: ``session`` is a keyed hash. The nightly job counts and later drops them."""

    class Kind(models.TextChoices):
        VIEW = "view", _("looked at")
        ADD = "add", _("put into the cart")
        REMOVE = "remove", _("taken out of the cart")
        ABANDON = "abandon", _("cart left behind")
        CHECKOUT = "checkout", _("bought")

    product = models.ForeignKey(Product, models.CASCADE, related_name="cart_events", verbose_name=_("product"))
    warehouse = models.ForeignKey(
        Warehouse, models.CASCADE, null=True, blank=True, related_name="cart_events", verbose_name=_("warehouse"),
        help_text=_("Empty: of the whole shop."),
    )  # fmt: skip
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    quantity = models.PositiveIntegerField(_("quantity"), default=1)
    session = models.CharField(_("session, hashed"), max_length=32, blank=True)
    at = models.DateTimeField(_("at"))
    external_id = models.CharField(_("number elsewhere"), max_length=100, null=True, blank=True, unique=True)
    recorded_at = models.DateTimeField(_("recorded"), auto_now_add=True)

    objects = SharedOrInWarehouse.as_manager()

    class Meta:
        verbose_name = _("cart event")
        verbose_name_plural = _("cart events")
        ordering = ["-pk"]
        constraints = [models.CheckConstraint(condition=Q(quantity__gte=1), name="orders_cartevent_quantity")]
        indexes = [
            models.Index(fields=["at"], name="orders_cartevent_when"),
            models.Index(fields=["recorded_at"], name="orders_cartevent_recorded"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.product}"


class DailyInterest(models.Model):
    """Views and carts of one product and business day; no row where nobody looked. Written by the nightly job."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="daily_interest", verbose_name=_("product"))
    warehouse = models.ForeignKey(
        Warehouse, models.CASCADE, null=True, blank=True, related_name="daily_interest", verbose_name=_("warehouse"),
        help_text=_("Empty: of the whole shop."),
    )  # fmt: skip
    on_date = models.DateField(_("date"))
    views = models.PositiveIntegerField(_("views"), default=0)
    adds = models.PositiveIntegerField(_("put into carts"), default=0, help_text=_("Pieces."))
    abandoned = models.PositiveIntegerField(
        _("left in carts"), default=0, help_text=_("Pieces put into carts that were not bought in the same visit.")
    )

    objects = SharedOrInWarehouse.as_manager()

    class Meta:
        verbose_name = _("daily interest")
        verbose_name_plural = _("daily interest")
        ordering = ["-on_date", "pk"]
        constraints = [
            models.UniqueConstraint("product", Coalesce("warehouse", 0), "on_date", name="orders_dailyinterest_once"),
            models.CheckConstraint(condition=Q(abandoned__lte=F("adds")), name="orders_dailyinterest_abandoned"),
        ]
        indexes = [models.Index(fields=["on_date"], name="orders_dailyinterest_when")]

    def __str__(self) -> str:
        return f"{self.on_date} {self.product}"
