"""Stock counts: opened over a list of items, posted as differences, given up. Nothing is blocked meanwhile."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.models import Category, Product
from inventory_site.common import audit
from inventory_site.common.bulk import update_rows
from inventory_site.common.errors import StaleVersion, WrongState
from inventory_site.common.models import User
from stock.errors import ApprovalNeeded, NothingToCount, UnsettledLines
from stock.models import Bin, CountEntry, CountLine, CountNeed, StockCount, StockLevel, StockMovement, Warehouse
from stock.services.count_lines import LINE_COLUMNS, line_values, settled_lines
from stock.services.gaps import said_twice
from stock.services.ledger import Entry, post_movements
from stock.services.levels import ensure_levels, lock_levels
from stock.services.superseded import leave_superseded

State, Kind, Line = StockCount.State, StockCount.Kind, CountLine.State
NAMED = 10


@dataclass(frozen=True)
class CountRules:
    """When somebody else counts again, and when a manager approves; None: never."""

    is_blind: bool = False
    recount_pieces: int | None = None
    recount_cost: Decimal | None = None
    approve_cost: Decimal | None = None


@transaction.atomic
def open_count(
    *,
    warehouse: Warehouse,
    actor: User | None,
    category: Category | None = None,
    bins: Collection[Bin] = (),
    products: Collection[Product] = (),
    rules: CountRules | None = None,
    note: str = "",
) -> StockCount:
    """A count of a category, of what lies in some bins, of some products, or of everything; items without stock too."""
    if products:
        ensure_levels((product.pk, warehouse.pk) for product in products)
    kind, levels = levels_of(warehouse, category=category, bins=bins, products=products)
    rows = list(levels.order_by("pk").values_list("pk", "product__unit_cost"))
    if not rows:
        raise NothingToCount(_("There is no item of that kind in %(place)s.") % {"place": warehouse.code})
    rules = rules or CountRules()
    count = StockCount.objects.create(
        number=f"new-{uuid.uuid4().hex}", warehouse=warehouse, kind=kind, category=category, note=note,
        opened_by=actor, **vars(rules),
    )  # fmt: skip
    count.number = f"C{count.pk:06d}"
    count.save(update_fields=["number"])
    CountLine.objects.bulk_create(
        (CountLine(count=count, level_id=level, unit_cost=cost) for level, cost in rows), batch_size=1000
    )
    audit.record(actor=actor, action="stock.open_count", subject=count, changes={"kind": kind, "lines": len(rows)})
    return count


def levels_of(
    warehouse: Warehouse,
    *,
    category: Category | None = None,
    bins: Collection[Bin] = (),
    products: Collection[Product] = (),
) -> tuple[str, QuerySet[StockLevel]]:
    """The kind of such a count, and the levels that it has; products that never lay there have none yet."""
    levels = StockLevel.objects.filter(warehouse=warehouse)
    if products:
        return Kind.LIST, levels.filter(product__in=[product.pk for product in products])
    if bins:
        return Kind.BINS, levels.filter(bins__in=[place.pk for place in bins]).distinct()
    if category:
        return Kind.CATEGORY, levels.filter(product__category=category)
    return Kind.FULL, levels


@transaction.atomic
def approve_count(*, count: StockCount, actor: User, version: int | None = None) -> StockCount:
    """A manager has looked at the differences; the approval holds for these, not for what they become afterwards.

    What was told late may have changed them since they were shown: then they are brought up to date and nothing is
    approved (``approved_by`` stays None), so that the person looks again.
    """
    count = _locked(count, version)
    lines = list(count.lines.filter(state=Line.COUNTED).select_related("level"))
    seen = [(line.state, line.delta) for line in lines]
    settled_lines(count, lines)
    update_rows(CountLine, LINE_COLUMNS, map(line_values, lines))
    if seen != [(line.state, line.delta) for line in lines]:
        count.approved_by = None
        _save(count, "approved_by")
        return count
    count.lines.update(approved_delta=F("delta"))
    count.approved_by = actor
    _save(count, "approved_by")
    audit.record(actor=actor, action="stock.approve_count", subject=count, changes={})
    return count


@transaction.atomic
def cancel_count(*, count: StockCount, actor: User | None, version: int | None = None) -> StockCount:
    """Give it up: nothing is posted, and what was counted stays to be read."""
    count = _locked(count, version)
    count.state, count.closed_at = State.CANCELLED, timezone.now()
    _save(count, "state", "closed_at")
    audit.record(actor=actor, action="stock.cancel_count", subject=count, changes={})
    return count


@transaction.atomic
def post_count(
    *, count: StockCount, actor: User | None, leave_unsettled: bool = False, version: int | None = None
) -> StockCount:
    """Post every counted item's difference as of the moment it was counted, all in one transaction.

    What was not counted is left as it is: not entered is not zero. Lines and kept entries that are to be settled refuse
    it, or are left out. An item of which less would be on hand than is set aside has to be counted again, and so has
    one that was reported as not found since, if it was found missing too.
    """
    count = _locked(count, version)
    lines = list(count.lines.select_related("level__product").order_by("level"))
    counted = [line for line in lines if line.state == Line.COUNTED]
    levels = lock_levels(line.level_id for line in counted)
    settled_lines(count, counted)
    leave_superseded(counted)
    below = [
        line
        for line in counted
        if line.state == Line.COUNTED and levels[line.level_id].on_hand + line.delta < levels[line.level_id].unsellable
    ]
    doubted = said_twice(count, counted)
    for line in [*below, *doubted]:
        line.state = Line.RECOUNT
    if not leave_unsettled:
        _refuse_below_set_asides(below)
        _refuse_said_twice(doubted)
        _refuse_unsettled([line for line in lines if line.state in CountLine.UNSETTLED])
        _refuse_kept(count.entries.to_settle().exclude(problem=CountEntry.Problem.SAME_PERSON).count())
    posted = [line for line in lines if line.state == Line.COUNTED]
    _refuse_unapproved(count, posted)
    _post(count, posted, actor)
    for line in lines:
        line.state = Line.POSTED if line.state == Line.COUNTED else Line.LEFT
    update_rows(CountLine, LINE_COLUMNS, map(line_values, lines))
    count.state, count.closed_at, count.posted_by = State.POSTED, timezone.now(), actor
    _save(count, "state", "closed_at", "posted_by")
    CountNeed.objects.of_posted(count).update(rank=None)
    told = {"lines": len(posted), "cost": sum((line.cost for line in posted), Decimal(0))}
    audit.record(actor=actor, action="stock.post_count", subject=count, changes=told)
    return count


def _post(count: StockCount, lines: list[CountLine], actor: User | None) -> None:
    entries = [
        Entry(
            line.level.product_id, count.warehouse_id, line.delta, StockMovement.Reason.COUNT, count.number,
            line.captured_at,
        )
        for line in lines
        if line.delta
    ]  # fmt: skip
    if entries:
        post_movements(entries=entries, actor=actor)


def _refuse_below_set_asides(lines: list[CountLine]) -> None:
    if lines:
        raise UnsettledLines(
            _("%(skus)s: fewer would be on hand than are set aside. Count again, or put the set-asides right.")
            % {"skus": _named(lines)}
        )


def _refuse_said_twice(lines: list[CountLine]) -> None:
    if lines:
        raise UnsettledLines(
            _(
                "%(skus)s: pieces were reported as not found after they were counted. Whether this count misses the "
                "same ones, nobody knows. Count again, or post without them."
            )
            % {"skus": _named(lines)}
        )


def _refuse_unsettled(lines: list[CountLine]) -> None:
    if lines:
        raise UnsettledLines(
            ngettext(
                "%(n)d item is not settled: %(skus)s. Settle it, or post without it.",
                "%(n)d items are not settled: %(skus)s. Settle them, or post without them.",
                len(lines),
            )
            % {"n": len(lines), "skus": _named(lines)}
        )


def _refuse_kept(n: int) -> None:
    """Entries by the same person are not asked for here: until somebody else has counted, their line holds it up."""
    if n:
        raise UnsettledLines(
            ngettext(
                "%(n)d entry could not be taken and counts nothing yet. A manager says under Entries of a count what "
                "it was. Post after that, or post without it.",
                "%(n)d entries could not be taken and count nothing yet. A manager says under Entries of a count what "
                "they were. Post after that, or post without them.",
                n,
            )
            % {"n": n}
        )


def _refuse_unapproved(count: StockCount, lines: list[CountLine]) -> None:
    if count.approve_cost is None:
        return
    large = [
        line
        for line in lines
        if line.delta
        and abs(line.cost) >= count.approve_cost
        and not (count.approved_by_id and line.approved_delta == line.delta)
    ]
    if large:
        raise ApprovalNeeded(
            _("A manager has to approve this count first, for the differences of %(skus)s.") % {"skus": _named(large)}
        )


def _named(lines: list[CountLine]) -> str:
    skus = [line.level.product.sku for line in lines[:NAMED]]
    return ", ".join(skus) + (" …" if len(lines) > NAMED else "")


def _locked(count: StockCount, version: int | None) -> StockCount:
    count = StockCount.objects.filter(pk=count.pk).select_related("warehouse").locked().get()
    StaleVersion.check(count, version)
    if count.state != State.OPEN:
        raise WrongState(
            _("%(number)s is %(state)s: nothing can be changed any more.")
            % {"number": count.number, "state": count.get_state_display()}
        )
    return count


def _save(count: StockCount, *fields: str) -> None:
    count.version += 1
    count.save(update_fields=[*fields, "version"])
