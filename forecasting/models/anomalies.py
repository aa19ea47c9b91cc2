"""Demand and stock that are not as they should be, until somebody says why."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from forecasting.querysets import AnomalyQuerySet
from stock.models import Warehouse


class Anomaly(models.Model):
    """What a night found odd about one item. Of each item one is open about its demand and one about its stock.

    ``first_on`` to ``last_on`` are the odd days; ``expected`` and ``seen`` are pieces on them. A person's word counts
    for days that end after ``explained_on``: forecasts of earlier days don't know of it.
    """

    class About(models.TextChoices):
        DEMAND = "demand", _("demand")
        STOCK = "stock", _("stock")

    class Kind(models.TextChoices):
        SPIKE = "spike", _("spike")
        DROP = "drop", _("drop to zero")
        LEVEL_UP = "level_up", _("higher level")
        LEVEL_DOWN = "level_down", _("lower level")
        DRIFT_UP = "drift_up", _("slow rise")
        DRIFT_DOWN = "drift_down", _("slow decline")
        SHRINKAGE = "shrinkage", _("shrinkage")
        LOSSES = "losses", _("corrections that go one way")
        FROZEN = "frozen", _("frozen stock")

    class State(models.TextChoices):
        OPEN = "open", _("open")
        ONE_OFF = "one_off", _("a one-off")
        NEW_LEVEL = "new_level", _("the new level")
        OVER = "over", _("over by itself")

    EXPLAINED = (State.ONE_OFF, State.NEW_LEVEL)

    product = models.ForeignKey(Product, models.CASCADE, related_name="anomalies", verbose_name=_("product"))
    warehouse = models.ForeignKey(Warehouse, models.CASCADE, related_name="anomalies", verbose_name=_("warehouse"))
    about = models.CharField(_("about"), max_length=6, choices=About, default=About.DEMAND)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    feature = models.CharField(_("what stands out"), max_length=20, blank=True)
    expected = models.FloatField(_("expected"), help_text=_("Pieces, from the first day to the last."))
    seen = models.FloatField(_("seen"), help_text=_("Pieces, from the first day to the last."))
    score = models.FloatField(_("score"), help_text=_("Standard deviations from what is usual."))
    terms = models.JSONField(_("terms of the sentence"), default=dict, blank=True)
    first_on = models.DateField(_("since"))
    last_on = models.DateField(_("last day"))
    found_on = models.DateField(_("found in the night of"))
    seen_on = models.DateField(_("last seen in the night of"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    explained_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("who")
    )
    explained_at = models.DateTimeField(_("explained"), null=True, blank=True)
    explained_on = models.DateField(_("explained on"), null=True, blank=True, help_text=_("By the shop's calendar."))
    note = models.CharField(_("note"), max_length=200, blank=True)

    objects = AnomalyQuerySet.as_manager()

    class Meta:
        verbose_name = _("anomaly")
        verbose_name_plural = _("anomalies")
        ordering = ["-score", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["product", "warehouse", "about"], condition=Q(state="open"), name="forecasting_anomaly_one_open"
            ),
            models.CheckConstraint(
                condition=Q(explained_on__isnull=False) | ~Q(state__in=["one_off", "new_level"]),
                name="forecasting_anomaly_explained_on",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "about", "-score"], name="forecasting_anomaly_list"),
            models.Index(fields=["product", "warehouse"], name="forecasting_anomaly_item"),
        ]

    def __str__(self) -> str:
        return f"{self.product} · {self.warehouse} · {self.get_kind_display()}"
