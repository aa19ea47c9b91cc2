"""What the plan proposes, and what people made of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.models import Product, Supplier
from inventory_site.common.models import JobRun
from orders.models import PurchaseOrderLine
from replenishment.querysets import SuggestionQuerySet
from stock.models import Warehouse


class Suggestion(models.Model):
    """A proposed purchase; at most one is open for an item in a warehouse."""

    class State(models.TextChoices):
        OPEN = "open", _("to decide")
        ACCEPTED = "accepted", _("accepted")
        DISMISSED = "dismissed", _("dismissed")
        SUPERSEDED = "superseded", _("replaced by a newer one")

    run = models.ForeignKey(JobRun, models.CASCADE, related_name="suggestions", verbose_name=_("run"))
    product = models.ForeignKey(Product, models.CASCADE, related_name="suggestions", verbose_name=_("product"))
    warehouse = models.ForeignKey(Warehouse, models.CASCADE, related_name="suggestions", verbose_name=_("warehouse"))
    supplier = models.ForeignKey(Supplier, models.CASCADE, related_name="suggestions", verbose_name=_("supplier"))
    quantity = models.PositiveBigIntegerField(_("quantity"))
    unit_cost = models.DecimalField(_("unit cost"), max_digits=12, decimal_places=4, default=0)
    cost = models.DecimalField(_("cost"), max_digits=16, decimal_places=2, default=0)
    margin_at_risk = models.DecimalField(_("margin at risk"), max_digits=16, decimal_places=2, default=0)
    reason_code = models.CharField(_("reason"), max_length=40)
    reason_terms = models.JSONField(_("terms of the reason"), default=dict)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN, db_index=True)
    purchase_line = models.ForeignKey(
        PurchaseOrderLine,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="suggestions",
        verbose_name=_("purchase line"),
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    created_at = models.DateTimeField(_("made"), auto_now_add=True)

    objects = SuggestionQuerySet.as_manager()

    class Meta:
        verbose_name = _("suggestion")
        verbose_name_plural = _("suggestions")
        ordering = ["-margin_at_risk", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["product", "warehouse"], condition=Q(state="open"), name="replenishment_one_open_suggestion"
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="replenishment_suggestion_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product}"
