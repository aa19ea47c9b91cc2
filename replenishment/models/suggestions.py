"""What the plan proposes, and what people made of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from catalog.models import Product, Promotion, Supplier
from inventory_site.common.models import JobRun
from orders.models import PurchaseOrderLine
from replenishment.querysets import SuggestionQuerySet
from stock.models import SetAside, TransferLine, Warehouse


class Suggestion(models.Model):
    """One thing to do about one need; a need has one open suggestion of a kind, and stock to spare one way out.

    ``warehouse`` is where the need or the surplus is; a transfer comes from ``source``.
    """

    class Kind(models.TextChoices):
        PURCHASE = "purchase", _("purchase")
        TRANSFER = "transfer", _("transfer")
        MARKDOWN = "markdown", _("markdown")
        RETURN = "return_to_supplier", _("return to supplier")
        STOP = "stop", _("stop buying")

    class State(models.TextChoices):
        OPEN = "open", _("to decide")
        ACCEPTED = "accepted", _("accepted")
        DISMISSED = "dismissed", _("dismissed")
        SUPERSEDED = "superseded", _("replaced by a newer one")

    class Dismissal(models.TextChoices):
        TOO_MUCH = "too_much", _("we expect to sell less")
        LATER = "later", _("not now: no money or no room")
        STOCK_WRONG = "stock_wrong", _("the stock figure is wrong")
        DONE_OTHERWISE = "done_otherwise", _("done in another way")
        RANGE = "range", _("it stays, or leaves, the range")
        OTHER = "other", _("another reason")

    #: What to do with stock to spare: one of them at a time.
    EXITS = (Kind.MARKDOWN, Kind.RETURN, Kind.STOP)

    run = models.ForeignKey(JobRun, models.CASCADE, related_name="suggestions", verbose_name=_("run"))
    kind = models.CharField(_("kind"), max_length=20, choices=Kind, default=Kind.PURCHASE)
    product = models.ForeignKey(Product, models.CASCADE, related_name="suggestions", verbose_name=_("product"))
    warehouse = models.ForeignKey(Warehouse, models.CASCADE, related_name="suggestions", verbose_name=_("warehouse"))
    source = models.ForeignKey(
        Warehouse, models.CASCADE, null=True, blank=True, related_name="suggestions_out", verbose_name=_("from")
    )
    supplier = models.ForeignKey(
        Supplier, models.CASCADE, null=True, blank=True, related_name="suggestions", verbose_name=_("supplier")
    )
    alternative = models.ForeignKey(
        Supplier, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("alternative supplier")
    )
    quantity = models.PositiveBigIntegerField(_("quantity"))
    unit_cost = models.DecimalField(_("unit cost"), max_digits=12, decimal_places=4, default=0)
    cost = models.DecimalField(
        _("cost"), max_digits=16, decimal_places=2, default=0, help_text=_("Of the goods, or of moving them.")
    )
    margin_at_risk = models.DecimalField(
        _("at stake"), max_digits=16, decimal_places=2, default=0,
        help_text=_("Margin expected to be lost without it; of surplus, what it is expected to bring."),
    )  # fmt: skip
    price = models.DecimalField(_("new price"), max_digits=12, decimal_places=2, null=True, blank=True)
    until_on = models.DateField(_("until"), null=True, blank=True)
    needs_decision = models.BooleanField(
        _("needs a decision"), default=False, help_text=_("Never accepted with others, nor by the night.")
    )
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
    transfer_line = models.ForeignKey(
        TransferLine, models.SET_NULL, null=True, blank=True, related_name="suggestions", verbose_name=_("transfer")
    )
    promotion = models.ForeignKey(
        Promotion, models.SET_NULL, null=True, blank=True, related_name="suggestions", verbose_name=_("promotion")
    )
    set_aside = models.ForeignKey(
        SetAside, models.PROTECT, null=True, blank=True, related_name="suggestions", verbose_name=_("set aside")
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    dismissal = models.CharField(_("dismissed because"), max_length=20, choices=Dismissal, blank=True)
    dismissal_note = models.CharField(_("note"), max_length=200, blank=True)
    dismissed_until = models.DateField(
        _("dismissed until"), null=True, blank=True, help_text=_("It comes back earlier if much more is at stake.")
    )
    follows = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="followed_by",
        verbose_name=_("dismissed before"),
    )  # fmt: skip
    created_at = models.DateTimeField(_("made"), auto_now_add=True)

    objects = SuggestionQuerySet.as_manager()

    class Meta:
        verbose_name = _("suggestion")
        verbose_name_plural = _("suggestions")
        ordering = ["-margin_at_risk", "pk"]
        constraints = [
            models.UniqueConstraint(
                "product", "warehouse", "kind", Coalesce("source", 0), condition=Q(state="open"),
                name="replenishment_one_open_of_a_kind",
            ),
            models.UniqueConstraint(
                fields=["product", "warehouse"],
                condition=Q(state="open", kind__in=["markdown", "return_to_supplier", "stop"]),
                name="replenishment_one_open_exit",
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="replenishment_suggestion_positive"),
            models.CheckConstraint(
                condition=~Q(kind="transfer") | Q(source__isnull=False) & ~Q(source=F("warehouse")),
                name="replenishment_transfer_between_two",
            ),
        ]  # fmt: skip
        indexes = [models.Index(F("state"), F("margin_at_risk").desc(), "id", name="replenishment_by_stake")]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product}"

    @property
    def places(self) -> list[Warehouse]:
        """The warehouses in which it changes something: to decide on it takes a role in each."""
        if self.kind == self.Kind.STOP:
            return [self.warehouse, *Warehouse.objects.filter(levels__product=self.product_id)]
        return [self.warehouse, self.source] if self.source else [self.warehouse]
