"""What following our advice would have earned: replays of the shop's own past."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models import Category
from inventory_site.common.models import JobRun
from replenishment.querysets_backtests import BacktestQuerySet, BacktestResultQuerySet
from stock.models import Warehouse


class Backtest(models.Model):
    """One replay; its run says how far it is. Days before ``first_on`` fill shelves and choose the fixed minimum."""

    run = models.OneToOneField(JobRun, models.CASCADE, related_name="backtest", verbose_name=_("run"))
    warmed_from = models.DateField(_("replayed from"))
    first_on = models.DateField(_("judged from"))
    last_on = models.DateField(_("judged to"))
    series = models.JSONField(_("demand series"), help_text=_("Primary keys of the items that are replayed."))
    series_total = models.PositiveIntegerField(_("items there were"))
    facts = models.JSONField(_("facts"), default=dict, blank=True)

    objects = BacktestQuerySet.as_manager()

    class Meta:
        verbose_name = _("back-test")
        verbose_name_plural = _("back-tests")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.first_on} – {self.last_on}"


class BacktestPart(models.Model):
    """What one step of a replay leaves for the next; gone when the replay is done."""

    class Kind(models.TextChoices):
        TRAINED = "trained", _("trained models")
        LEVELS = "levels", _("levels of one evening")

    backtest = models.ForeignKey(Backtest, models.CASCADE, related_name="parts", verbose_name=_("back-test"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    on_date = models.DateField(_("date"))
    data = models.BinaryField(_("data"))

    class Meta:
        verbose_name = _("part of a back-test")
        verbose_name_plural = _("parts of back-tests")
        constraints = [
            models.UniqueConstraint(fields=["backtest", "kind", "on_date"], name="replenishment_btpart_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.on_date}"


class BacktestResult(models.Model):
    """Sums of one rule over the items of a category in a warehouse; rates are made of them when they are shown."""

    class Rule(models.TextChoices):
        DONE = "done", _("what was done")
        ADVICE = "advice", _("our advice")
        FIXED = "fixed", _("fixed minimum")
        Z_FORMULA = "z", _("z-formula")

    class Case(models.TextChoices):
        LOW = "low", _("as recorded")
        MIDDLE = "middle", _("corrected for stock-outs")
        HIGH = "high", _("corrected, high")

    class Basis(models.TextChoices):
        OWN = "own", _("as it is")
        ADVICE = "advice", _("at the stock value of our advice")
        DONE = "done", _("at the stock value that there was")

    backtest = models.ForeignKey(Backtest, models.CASCADE, related_name="results", verbose_name=_("back-test"))
    rule = models.CharField(_("rule"), max_length=10, choices=Rule)
    case = models.CharField(_("demand"), max_length=10, choices=Case)
    basis = models.CharField(_("compared"), max_length=10, choices=Basis)
    warehouse = models.ForeignKey(Warehouse, models.CASCADE, related_name="+", verbose_name=_("warehouse"))
    category = models.ForeignKey(
        Category, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("category")
    )
    items = models.PositiveIntegerField(_("items"))
    demand = models.FloatField(_("demand"))
    short = models.FloatField(_("not served from the shelf"))
    lost = models.FloatField(_("lost sales"))
    lost_margin = models.FloatField(_("lost margin"))
    stock_value = models.FloatField(_("mean stock value"))
    holding_cost = models.FloatField(_("holding cost"))
    lines = models.FloatField(_("order lines"))
    orders = models.FloatField(_("orders"))
    order_cost = models.FloatField(_("order cost"))
    cycles = models.FloatField(_("deliveries"))
    in_time = models.FloatField(_("deliveries in time"))

    objects = BacktestResultQuerySet.as_manager()

    class Meta:
        verbose_name = _("result of a back-test")
        verbose_name_plural = _("results of back-tests")
        ordering = ["pk"]
        indexes = [models.Index(fields=["backtest", "basis", "case"], name="replenishment_bt_shown")]

    def __str__(self) -> str:
        return f"{self.rule} {self.warehouse}"
