"""What to count, level by level: how wrong it may be, and when its turn is."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from stock.models.ledger import StockLevel
from stock.querysets import CountNeedQuerySet


class CountNeed(models.Model):
    """How much a level needs to be counted, as of the last plan; ``services.plan_counts`` writes it each night.

    ``told_abc`` and ``told_doubt`` come from the apps above, which know the planning's classes and the warnings.
    """

    class Abc(models.TextChoices):
        A = "A", "A"
        B = "B", "B"
        C = "C", "C"

    level = models.OneToOneField(StockLevel, models.CASCADE, related_name="count_need", verbose_name=_("stock level"))
    told_abc = models.CharField(_("ABC of the plan"), max_length=1, blank=True, choices=Abc)
    told_doubt = models.CharField(_("open warning"), max_length=40, blank=True)
    abc = models.CharField(_("ABC"), max_length=1, choices=Abc, default=Abc.C)
    rank = models.PositiveIntegerField(_("place on the list"), null=True, blank=True)
    is_for_cycle = models.BooleanField(_("its turn"), default=False)
    chance = models.FloatField(_("chance that it is wrong"), default=0.0)
    pieces = models.FloatField(_("pieces expected off"), default=0.0)
    cost = models.DecimalField(_("expected to be found"), max_digits=28, decimal_places=2, default=0)
    seconds = models.PositiveIntegerField(_("seconds to count"), default=0)
    counted_at = models.DateTimeField(_("last counted"), null=True, blank=True)
    due_on = models.DateField(_("due"))
    turn_on = models.DateField(_("planned"))
    why = models.JSONField(_("why"), default=list, blank=True)
    planned_on = models.DateField(_("plan of"))

    objects = CountNeedQuerySet.as_manager()

    class Meta:
        verbose_name = _("item to count")
        verbose_name_plural = _("items to count")
        ordering = ["rank", "-cost", "pk"]
        indexes = [
            models.Index(fields=["rank"], condition=models.Q(rank__isnull=False), name="stock_countneed_list"),
            models.Index(fields=["-cost"], name="stock_countneed_cost"),
            models.Index(fields=["due_on"], name="stock_countneed_due"),
            models.Index(fields=["turn_on"], name="stock_countneed_turn"),
        ]

    def __str__(self) -> str:
        return str(self.level)
