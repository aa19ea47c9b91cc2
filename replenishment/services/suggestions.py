"""What to do: proposed each night, decided by people; of each kind one open proposal a need."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta

from django.db.models import Q

from inventory_site.common.models import JobRun, ShopSettings
from replenishment.models import Suggestion
from replenishment.querysets import SuggestionQuerySet
from replenishment.services.exits import exits_of
from replenishment.services.facts import LEVELS_AT_ONCE, Batch, Pair, read_batch
from replenishment.services.moves import Move, Network, moved_to, moves_of
from replenishment.services.needs import Needs, needs_of, with_moved
from replenishment.services.proposals import UPDATED, Key, Kind, Proposal, key_of
from replenishment.services.purchases import purchases_of, transfers_of
from stock.models import StockLevel

#: What is missing must grow to this many times what was missing at a dismissal to be proposed again before its day.
GROWN = 1.5

#: How long a dismissal is told of and, where nobody chose a day, holds.
REMEMBERED, DISMISSED_FOR = timedelta(days=365), timedelta(days=28)

WRITTEN_AT_ONCE = 500


def split_suggestions(run: JobRun) -> list[dict]:
    """All stock levels in ranges of products: a product's warehouses stand together, since they help each other."""
    parts: list[dict] = []
    size = 0
    for product in StockLevel.objects.order_by("product").values_list("product", flat=True).iterator():
        if not parts or (size >= LEVELS_AT_ONCE and product != parts[-1]["last"]):
            parts.append({"first": product, "last": product})
            size = 0
        parts[-1]["last"] = product
        size += 1
    return parts


def make_suggestions(run: JobRun, payload: dict) -> Callable[[], None]:
    """Propose what this run's plan asks for of the products from ``first`` to ``last``.

    All is read within the writing transaction, under lock of the open suggestions: what somebody accepts at this
    moment is either seen as a draft or still open. Works before and after the run is published.
    """

    def write() -> None:
        products = {"product__gte": payload["first"], "product__lte": payload["last"]}
        pending = {key_of(row): row for row in Suggestion.objects.open().filter(**products).locked()}
        ids = list(StockLevel.objects.filter(**products).values_list("pk", flat=True))
        batch, shop = read_batch(ids, run), ShopSettings.objects.load()
        dismissed = _dismissed(Suggestion.objects.filter(**products))
        wanted = {proposal.key: proposal for proposal in proposals(batch, run, shop, dismissed)}
        _supersede(row for key, row in pending.items() if key not in wanted)
        _write(run, wanted, pending, dismissed)

    return write


def _write(
    run: JobRun, wanted: dict[Key, Proposal], pending: dict[Key, Suggestion], dismissed: dict[Key, Suggestion]
) -> None:
    kept, new = [], []
    for key, proposal in wanted.items():
        row = proposal.fill(pending.get(key) or Suggestion(), run)
        row.follows = dismissed.get(key)
        (kept if key in pending else new).append(row)
    # An update by primary key in one statement: Django's own takes a CASE for each row and column.
    Suggestion.objects.bulk_create(
        kept, update_conflicts=True, unique_fields=["id"], update_fields=UPDATED, batch_size=WRITTEN_AT_ONCE
    )
    Suggestion.objects.bulk_create(new, batch_size=WRITTEN_AT_ONCE)


def proposals(batch: Batch, run: JobRun | None, shop: ShopSettings, dismissed: dict[Key, Suggestion]) -> list[Proposal]:
    """All that is proposed for whole products; what was dismissed and not grown since is left out.

    A transfer that was turned down is bought instead.
    """
    needs = needs_of(batch)
    moves: list[Move] = []
    if (needs.missing > 0).any() and (needs.spare > 0).any():
        refused = {(p, source, to) for kind, p, to, source in dismissed if kind == Kind.TRANSFER}
        held = {way for way in refused if _holds(dismissed[Kind.TRANSFER, way[0], way[2], way[1]], batch.today, shop)}
        moves = moves_of(batch, needs, Network.load(shop), held, float(shop.order_cost))
    moved, gone = moved_to(moves, len(batch.levels))
    after = with_moved(needs, moved, gone)
    found = transfers_of(batch, needs, moves)
    found += purchases_of(batch, needs, after, run, float(shop.order_cost))
    found += exits_of(batch, after, shop)
    return [one for one in found if not _is_refused(one, dismissed.get(one.key), batch.today, shop)]


def _dismissed(rows: SuggestionQuerySet) -> dict[Key, Suggestion]:
    """The last dismissal of each key in a year that nothing was accepted after."""
    since = ShopSettings.objects.load().now() - REMEMBERED
    dismissed = rows.filter(state=Suggestion.State.DISMISSED, decided_at__gte=since).order_by("decided_at", "pk")
    last = {key_of(row): row for row in dismissed}
    if not last:
        return last
    accepted = rows.filter(state=Suggestion.State.ACCEPTED, product__in={row.product_id for row in last.values()})
    for row in accepted.filter(decided_at__gte=since).order_by("decided_at"):
        if (known := last.get(key_of(row))) and known.decided_at <= row.decided_at:
            del last[key_of(row)]
    return last


def _holds(row: Suggestion, today: date, shop: ShopSettings) -> bool:
    until = row.dismissed_until or row.decided_at.astimezone(shop.zone).date() + DISMISSED_FOR
    return today <= until


def _is_refused(proposal: Proposal, row: Suggestion | None, today: date, shop: ShopSettings) -> bool:
    """Its dismissal still holds: its day has not come, and not much more is at stake than then."""
    return row is not None and _holds(row, today, shop) and proposal.need <= GROWN * row.reason_terms["need"]


def withdraw_unneeded(level_ids: Sequence[int], run: JobRun | None) -> None:
    """Close open suggestions of these levels whose need is gone. Those of a run that is not published yet stay."""
    current = Q(run=run) | Q(run__in=JobRun.objects.published())
    pending = _pending(level_ids, current)
    if not pending:
        return
    batch = read_batch(_levels_of(pending), run)
    needs = needs_of(batch)
    place = {(level.product_id, level.warehouse_id): at for at, level in enumerate(batch.levels)}
    _supersede(row for row in pending if not _is_needed(row, batch, needs, place))


def _pending(level_ids: Sequence[int], current: Q) -> list[Suggestion]:
    """Open suggestions about these levels, or that take from them, locked."""
    pairs = set(StockLevel.objects.filter(pk__in=level_ids).values_list("product_id", "warehouse_id"))
    rows = Suggestion.objects.open().filter(current, product__in={product for product, _ in pairs}).locked()
    return [row for row in rows if {(row.product_id, row.warehouse_id), (row.product_id, row.source_id)} & pairs]


def _levels_of(rows: Iterable[Suggestion]) -> list[int]:
    pairs = {(row.product_id, place) for row in rows for place in (row.warehouse_id, row.source_id) if place}
    known = StockLevel.objects.filter(product__in={product for product, _ in pairs})
    return [pk for pk, *pair in known.values_list("pk", "product_id", "warehouse_id") if tuple(pair) in pairs]


def _is_needed(row: Suggestion, batch: Batch, needs: Needs, place: dict[Pair, int]) -> bool:
    """What is not planned (its part of the run was set aside) stays as it is."""
    at = place.get((row.product_id, row.warehouse_id))
    if at is None or batch.plans[at] is None:
        return True
    if row.kind == Kind.PURCHASE:
        return bool(needs.wanted[at] and needs.can_buy[at])
    if row.kind == Kind.TRANSFER:
        source = place.get((row.product_id, row.source_id))
        return bool(needs.wanted[at] and source is not None and needs.spare[source] >= row.quantity)
    if row.kind == Kind.STOP:
        return batch.levels[at].product.is_active and batch.plans[at].point.is_dormant
    return bool(needs.surplus[at])


def _supersede(rows: Iterable[Suggestion]) -> None:
    gone = [row.pk for row in rows]
    if gone:
        Suggestion.objects.filter(pk__in=gone).update(state=Suggestion.State.SUPERSEDED)
