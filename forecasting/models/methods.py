"""Which methods people ask for besides those of every night, and what came of it."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from forecasting.methods import REGISTRY
from forecasting.models.scope import ItemScope
from forecasting.querysets import MethodTrialQuerySet
from inventory_site.common.models import JobRun
from stock.models import Warehouse


def known_methods(names: list[str]) -> None:
    """Refuse what is no list of methods that run only where they are asked for."""
    if not isinstance(names, list) or not all(name in REGISTRY and not REGISTRY[name].nightly for name in names):
        raise ValidationError(_("Choose methods of the list."))


class MethodChoice(ItemScope):
    """Methods to try every night on some items; the narrowest choice wins: product, then category, warehouse, all."""

    methods = models.JSONField(
        _("methods"), default=list, blank=True, validators=[known_methods],
        help_text=_("Each is used for an item only where it was nearer than the automatic choice. None: try nothing."),
    )  # fmt: skip
    only_a = models.BooleanField(
        _("only A items"), default=True,
        help_text=_("Elsewhere they seldom pay for their time; the night spends 20 minutes on them at most."),
    )  # fmt: skip

    class Meta(ItemScope.Meta):
        verbose_name = _("choice of methods")
        verbose_name_plural = _("choices of methods")


class MethodTrial(models.Model):
    """What one method that was asked for said of an item in one run. Errors are of lead-time demand, in pieces, summed
    over the same past days; ``mean`` and ``quantiles`` by day are kept only where it won."""

    run = models.ForeignKey(JobRun, models.CASCADE, related_name="method_trials", verbose_name=_("run"))
    product = models.ForeignKey(Product, models.CASCADE, related_name="method_trials", verbose_name=_("product"))
    warehouse = models.ForeignKey(Warehouse, models.CASCADE, related_name="method_trials", verbose_name=_("warehouse"))
    method = models.CharField(_("method"), max_length=40)
    error = models.FloatField(_("its error"), null=True, help_text=_("Pieces, summed over the tried days."))
    automatic_error = models.FloatField(_("error of the automatic choice"), null=True)
    is_used = models.BooleanField(_("used"), default=False)
    reason = models.CharField(_("why it failed"), max_length=300, blank=True)
    mean = models.JSONField(_("mean by day"), default=list)
    quantiles = models.JSONField(_("quantiles by day"), default=list)

    objects = MethodTrialQuerySet.as_manager()

    class Meta:
        verbose_name = _("method that was asked for")
        verbose_name_plural = _("methods that were asked for")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["run", "product", "warehouse", "method"], name="forecasting_methodtrial_once"
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.product} · {self.warehouse}: {self.method}"
