"""Bins, and stock counts: what was counted when, by whom, against what was expected at that moment."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.models import Category, Product
from stock.models.ledger import StockLevel
from stock.models.warehouses import Warehouse
from stock.querysets import BinQuerySet, CountEntryQuerySet, CountLineQuerySet, StockCountQuerySet

PERSON = settings.AUTH_USER_MODEL
#: More pieces, or grams, than lie on any shelf: a barcode that was typed as a quantity.
MOST_COUNTED = 10**9
CODE_TAKEN = _("A bin of this warehouse has this code already; small and capital letters are the same.")


class Bin(models.Model):
    """A place on a shelf, in the order of a walk through the hall. Stock is not kept per bin."""

    warehouse = models.ForeignKey(Warehouse, models.CASCADE, related_name="bins", verbose_name=_("warehouse"))
    code = models.CharField(_("code"), max_length=40, help_text=_("As its label says: A-03-2."))
    area = models.CharField(_("area"), max_length=40, blank=True, help_text=_("A part of the hall."))
    walk_order = models.PositiveIntegerField(_("order of the walk"), default=0)
    aisle = models.PositiveSmallIntegerField(
        _("aisle"), null=True, blank=True, help_text=_("Counted from where goods are packed. Empty: unknown.")
    )
    position_metres = models.PositiveSmallIntegerField(
        _("metres into the aisle"), null=True, blank=True,
        help_text=_("From its front end, where goods are packed. With the aisle, it makes the walk of a picker short."),
    )  # fmt: skip
    levels = models.ManyToManyField(StockLevel, related_name="bins", blank=True, verbose_name=_("what lies there"))

    objects = BinQuerySet.as_manager()

    class Meta:
        verbose_name = _("bin")
        verbose_name_plural = _("bins")
        ordering = ["warehouse", "walk_order", "code"]
        constraints = [
            models.UniqueConstraint(
                F("warehouse"), Lower("code"), name="stock_bin_code_once", violation_error_message=CODE_TAKEN
            )
        ]

    def __str__(self) -> str:
        return self.code


class PlaceChange(models.Model):
    """When an item came into a bin or left one: counts of its bins before and after it don't make one count."""

    level = models.ForeignKey(StockLevel, models.CASCADE, related_name="+", verbose_name=_("stock level"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("change of bins")
        verbose_name_plural = _("changes of bins")
        ordering = ["level", "at"]
        indexes = [models.Index(fields=["level", "at"], name="stock_placechange_history")]

    def __str__(self) -> str:
        return f"{self.level_id} {self.at}"


class StockCount(models.Model):
    """A list of items to count in one warehouse; nobody's sale waits for it."""

    class Kind(models.TextChoices):
        FULL = "full", _("everything")
        CATEGORY = "category", _("a category")
        BINS = "bins", _("some bins")
        LIST = "list", _("a list of items")

    class State(models.TextChoices):
        OPEN = "open", _("open")
        POSTED = "posted", _("posted")
        CANCELLED = "cancelled", _("cancelled")
        UNDONE = "undone", _("undone")

    number = models.CharField(_("number"), max_length=40, unique=True)
    warehouse = models.ForeignKey(Warehouse, models.PROTECT, related_name="counts", verbose_name=_("warehouse"))
    kind = models.CharField(_("of"), max_length=10, choices=Kind)
    category = models.ForeignKey(
        Category, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("category")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    is_blind = models.BooleanField(_("blind"), default=False, help_text=_("Who counts is not told what is expected."))
    note = models.CharField(_("note"), max_length=200, blank=True)
    recount_pieces = models.PositiveBigIntegerField(
        _("recount from pieces"), null=True, blank=True, validators=[MaxValueValidator(MOST_COUNTED)],
        help_text=_("A difference of so many pieces is counted again by somebody else. Empty: never."),
    )  # fmt: skip
    recount_cost = models.DecimalField(
        _("recount from cost"), max_digits=14, decimal_places=2, null=True, blank=True,
        help_text=_("A difference worth so much is counted again by somebody else. Empty: never."),
    )  # fmt: skip
    approve_cost = models.DecimalField(
        _("approval from cost"), max_digits=14, decimal_places=2, null=True, blank=True,
        help_text=_("A manager approves a count with a difference of an item worth so much. Empty: never."),
    )  # fmt: skip
    opened_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+", verbose_name=_("opened by"))
    opened_at = models.DateTimeField(_("opened"), default=timezone.now)
    approved_by = models.ForeignKey(
        PERSON, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("approved by")
    )
    posted_by = models.ForeignKey(
        PERSON, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("posted by")
    )
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    undone_by = models.ForeignKey(
        PERSON, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("undone by")
    )
    undone_at = models.DateTimeField(_("undone at"), null=True, blank=True)
    version = models.PositiveBigIntegerField(default=0, editable=False)

    objects = StockCountQuerySet.as_manager()

    class Meta:
        verbose_name = _("stock count")
        verbose_name_plural = _("stock counts")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["warehouse", "state"], name="stock_count_open")]
        permissions = [("approve_stockcount", _("Can approve a stock count"))]

    def __str__(self) -> str:
        return self.number


class CountLine(models.Model):
    """One item of a count. ``delta`` is what the ledger was off by when it was counted, not against today."""

    class State(models.TextChoices):
        OPEN = "open", _("not counted")
        PARTLY = "partly", _("some bins are missing")
        MOVED = "moved", _("stock moved between its bins' counts: count them again")
        RECOUNT = "recount", _("to be counted by somebody else")
        COUNTED = "counted", _("counted")
        POSTED = "posted", _("posted")
        LEFT = "left", _("left out")

    UNSETTLED = (State.PARTLY, State.MOVED, State.RECOUNT)

    count = models.ForeignKey(StockCount, models.CASCADE, related_name="lines", verbose_name=_("count"))
    level = models.ForeignKey(StockLevel, models.PROTECT, related_name="count_lines", verbose_name=_("stock level"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    expected = models.BigIntegerField(_("expected"), null=True, blank=True, help_text=_("On the shelf when counted."))
    counted = models.BigIntegerField(_("counted"), null=True, blank=True)
    delta = models.BigIntegerField(_("difference"), null=True, blank=True)
    unit_cost = models.DecimalField(_("unit cost"), max_digits=12, decimal_places=4, default=0)
    cost = models.DecimalField(_("value of the difference"), max_digits=28, decimal_places=2, null=True, blank=True)
    captured_at = models.DateTimeField(_("counted at"), null=True, blank=True)
    approved_delta = models.BigIntegerField(
        _("approved difference"), null=True, blank=True, editable=False, help_text=_("What the approving person saw.")
    )
    first_by = models.ForeignKey(
        PERSON, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("counted by")
    )
    recount_by = models.ForeignKey(
        PERSON, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("recounted by")
    )

    objects = CountLineQuerySet.as_manager()

    class Meta:
        verbose_name = _("line of a count")
        verbose_name_plural = _("lines of a count")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["count", "level"], name="stock_countline_once")]
        indexes = [models.Index(fields=["count", "state"], name="stock_countline_state")]

    def __str__(self) -> str:
        return f"{self.count_id} {self.level_id}"

    @property
    def is_in_recount(self) -> bool:
        """Whether what is entered now is a second count: one is asked for, or has begun, also in one bin of several."""
        return self.state == self.State.RECOUNT or self.recount_by_id is not None


class CountEntry(models.Model):
    """What a person counted at one moment, as their device sent it; kept whatever becomes of it."""

    class Problem(models.TextChoices):
        UNKNOWN = "unknown", _("nobody knows this code")
        INACTIVE = "inactive", _("the product is no longer bought")
        QUANTITY = "quantity", _("not a quantity")
        FOREIGN_BIN = "foreign_bin", _("not a bin of this warehouse")
        CLOSED = "closed", _("the count was closed before")
        CONFLICT = "conflict", _("sent before with another quantity")
        FUTURE = "future", _("counted in the future")
        TIME = "time", _("without a moment")
        OLD = "old", _("counted too long ago")
        SAME_PERSON = "same_person", _("somebody else should count again")
        WITHDRAWN = "withdrawn", _("taken back by who counted")

    uuid = models.UUIDField(_("id of the device"), default=uuid.uuid4, unique=True)
    count = models.ForeignKey(StockCount, models.CASCADE, related_name="entries", verbose_name=_("count"))
    line = models.ForeignKey(
        CountLine, models.CASCADE, null=True, blank=True, related_name="entries", verbose_name=_("line")
    )
    product = models.ForeignKey(
        Product, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("product")
    )
    bin = models.ForeignKey(Bin, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("bin"))
    sent = models.JSONField(_("as it was sent"), default=dict)
    counted = models.BigIntegerField(_("counted"), null=True, blank=True)
    captured_at = models.DateTimeField(_("counted at"))
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    actor = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+", verbose_name=_("who"))
    is_recount = models.BooleanField(_("recount"), default=False)
    problem = models.CharField(_("problem"), max_length=12, choices=Problem, blank=True)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    settled_by = models.ForeignKey(
        PERSON, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("settled by")
    )

    objects = CountEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("entry of a count")
        verbose_name_plural = _("entries of a count")
        ordering = ["pk"]
        permissions = [("settle_countentry", _("Can settle what counting devices sent"))]
        indexes = [
            models.Index(
                fields=["count"], condition=~Q(problem="") & Q(settled_at=None), name="stock_countentry_finding"
            )
        ]

    def __str__(self) -> str:
        return f"{self.count_id} {self.counted}"
