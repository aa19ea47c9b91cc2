"""How goods go from one of our warehouses to another."""

from __future__ import annotations

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from replenishment.querysets import TransferLaneQuerySet
from stock.models import Warehouse


class TransferLane(models.Model):
    """Days and freight of one way; between warehouses without a row the shop's usual ones hold."""

    source = models.ForeignKey(Warehouse, models.CASCADE, related_name="lanes_out", verbose_name=_("from"))
    destination = models.ForeignKey(Warehouse, models.CASCADE, related_name="lanes_in", verbose_name=_("to"))
    days = models.PositiveIntegerField(_("days"), default=3)
    cost_per_piece = models.DecimalField(
        _("freight a piece"), max_digits=12, decimal_places=4, default=0, validators=[MinValueValidator(0)]
    )
    is_open = models.BooleanField(_("open"), default=True, help_text=_("Off: nothing is sent this way."))

    objects = TransferLaneQuerySet.as_manager()

    class Meta:
        verbose_name = _("transfer lane")
        verbose_name_plural = _("transfer lanes")
        ordering = ["source", "destination"]
        constraints = [
            models.UniqueConstraint(fields=["source", "destination"], name="replenishment_lane_once"),
            models.CheckConstraint(condition=~Q(source=F("destination")), name="replenishment_lane_between_two"),
            models.CheckConstraint(condition=Q(cost_per_piece__gte=0), name="replenishment_lane_cost"),
        ]

    def __str__(self) -> str:
        return f"{self.source} → {self.destination}"
