"""What devices send of a count: taken once, whatever comes twice or late; what cannot be taken is kept for a person."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.models import Product
from inventory_site.common import audit
from inventory_site.common.bulk import update_rows
from inventory_site.common.errors import Busy, WrongState
from inventory_site.common.models import User
from stock.errors import NotCountable, WrongBin
from stock.models import Bin, CountEntry, CountLine, StockCount
from stock.models.counts import MOST_COUNTED
from stock.services.count_lines import LINE_COLUMNS, line_values, settled_lines
from stock.services.levels import ensure_levels

Problem = CountEntry.Problem

FUTURE_AT_MOST = timedelta(minutes=5)
OLDEST = timedelta(days=14)
#: A message takes as long to come; a clock that is off by less is not known to be wrong.
ON_ITS_WAY = timedelta(seconds=2)
ASKED_AT_ONCE = 5000


@dataclass(frozen=True)
class Sent:
    """One entry as a device sent it: ``code`` is a SKU or a barcode, ``counted`` whatever was typed.

    ``captured_at`` is None where no moment could be read; such an entry is kept.
    """

    uuid: uuid.UUID
    code: str
    counted: Any
    captured_at: datetime | None
    bin: str = ""

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, "counted": str(self.counted)[:60], "bin": self.bin}

    def contradicting(self, count: StockCount) -> uuid.UUID:
        """The id under which it is kept where its own stands for something else: the same however often it comes."""
        return uuid.uuid5(self.uuid, f"{count.number} {json.dumps(self.as_json(), sort_keys=True)}")


@dataclass
class Taken:
    """What became of one entry: its row, and whether it had come before."""

    entry: CountEntry
    is_new: bool
    uuid: uuid.UUID  # as it was sent


@dataclass
class _Shelf:
    """What codes, as they were sent, mean in this warehouse."""

    products: Mapping[str, Product]
    bins: Mapping[str, Bin]
    known: Mapping[uuid.UUID, CountEntry]
    lines: dict[int, CountLine] = field(default_factory=dict)  # by product
    firsts: set[tuple[int, int | None]] = field(default_factory=set)  # (line, who counted it first)


@transaction.atomic
def record_entries(
    *, count: StockCount, entries: Sequence[Sent], actor: User | None, sent_at: datetime | None = None
) -> list[Taken]:
    """Take what can be taken, keep the rest with its problem; the same entry again changes nothing.

    ``sent_at`` is the device's clock as it sends: where that is wrong, all its moments are moved by the difference.
    """
    count = StockCount.objects.filter(pk=count.pk).select_related("warehouse").locked().get()
    now = timezone.now()
    ahead = sent_at - now if sent_at and abs(sent_at - now) > ON_ITS_WAY else timedelta(0)
    shelf = _read(count, entries)
    taken = [_take(count, shelf, sent, actor, now, ahead) for sent in entries]
    new = [one.entry for one in taken if one.is_new]
    _place(count, shelf, [entry for entry in new if not entry.problem])
    _keep(new)
    _settle(count, {entry.line_id for entry in new if entry.line_id})
    if any(not entry.problem for entry in new):
        _has_changed(count)
    return taken


def _has_changed(count: StockCount) -> None:
    """Who looked at its differences before has not seen these."""
    StockCount.objects.filter(pk=count.pk).update(approved_by=None, version=F("version") + 1)


def _keep(entries: list[CountEntry]) -> None:
    try:
        CountEntry.objects.bulk_create(entries, batch_size=1000)
    except IntegrityError as error:  # the same ids are being written to another count; asked again, they are known
        raise Busy(_("The same entries are being sent twice at once. Send them again.")) from error


def _take(count: StockCount, shelf: _Shelf, sent: Sent, actor: User | None, now: datetime, ahead: timedelta) -> Taken:
    known = shelf.known.get(sent.uuid)
    key = sent.uuid if known is None else sent.contradicting(count)
    same = shelf.known.get(key)
    if known is not None and known.count_id == count.pk and known.sent == sent.as_json():
        same = known
    if same is not None:
        return Taken(same, False, sent.uuid)
    product = shelf.products.get(sent.code)
    place = shelf.bins.get(sent.bin)
    line = shelf.lines.get(product.pk) if product else None
    is_again = line is not None and line.is_in_recount
    entry = CountEntry(
        uuid=key, count=count, product=product, bin=place,
        sent=sent.as_json(), counted=_whole(sent.counted), captured_at=_moment(sent.captured_at, ahead, now),
        received_at=now, actor=actor, is_recount=is_again,
    )  # fmt: skip
    entry.problem = Problem.CONFLICT if known is not None else _problem(count, shelf, entry, sent, line, now)
    shelf.known[entry.uuid] = entry  # a device may send one twice in one message
    return Taken(entry, True, sent.uuid)


def _problem(
    count: StockCount, shelf: _Shelf, entry: CountEntry, sent: Sent, line: CountLine | None, now: datetime
) -> str:
    checks = (
        (count.state != StockCount.State.OPEN, Problem.CLOSED),
        (entry.product is None, Problem.UNKNOWN),
        (entry.product is not None and not entry.product.is_active, Problem.INACTIVE),
        (entry.counted is None, Problem.QUANTITY),
        (bool(sent.bin.strip()) and entry.bin is None, Problem.FOREIGN_BIN),
        (sent.captured_at is None, Problem.TIME),
        (entry.captured_at > now, Problem.FUTURE),
        (entry.captured_at < now - OLDEST, Problem.OLD),
        (entry.is_recount and line is not None and (line.pk, entry.actor_id) in shelf.firsts, Problem.SAME_PERSON),
    )
    return next((problem for is_so, problem in checks if is_so), "")


def _moment(told: datetime | None, ahead: timedelta, now: datetime) -> datetime:
    """By our clock; what is a little ahead of it was counted as it came, since nothing is dated to the future."""
    if told is None:
        return now
    try:
        at = told - ahead
    except OverflowError:  # a moment that no clock shows
        at = told
    return min(at, now) if at <= now + FUTURE_AT_MOST else at


def _whole(written: Any) -> int | None:
    """A number of pieces, or None: "12.5", "-1", "ten" and what no shelf holds are none."""
    if isinstance(written, bool) or not isinstance(written, int | str):
        return None
    text = str(written).strip()
    return int(text) if text.isdecimal() and len(text) < 17 and int(text) <= MOST_COUNTED else None


def _read(count: StockCount, entries: Sequence[Sent]) -> _Shelf:
    products = Product.objects.by_code(sent.code for sent in entries)
    bins = Bin.objects.filter(warehouse=count.warehouse_id).by_code({sent.bin for sent in entries})
    known = {}
    keys = [key for sent in entries for key in (sent.uuid, sent.contradicting(count))]
    for part in _parts(keys):
        known |= {entry.uuid: entry for entry in CountEntry.objects.filter(uuid__in=part).select_related("product")}
    lines = {}
    for part in _parts(sorted({product.pk for product in products.values()})):
        rows = count.lines.filter(level__product__in=part).select_related("level")
        lines |= {line.level.product_id: line for line in rows}
    again = sorted(line.pk for line in lines.values() if line.is_in_recount)
    firsts = {pair for part in _parts(again) for pair in CountEntry.objects.filter(line__in=part).firsts()}
    return _Shelf(products, bins, known, lines, firsts)


def _place(count: StockCount, shelf: _Shelf, entries: list[CountEntry]) -> None:
    """Give each entry its line; an item that nobody expected here gets one."""
    missing = {entry.product_id: entry.product for entry in entries if entry.product_id not in shelf.lines}
    if missing:
        ids = ensure_levels((product, count.warehouse_id) for product in missing)
        made = [
            CountLine(count=count, level_id=level, unit_cost=missing[product].unit_cost)
            for (product, _warehouse), level in ids.items()
        ]
        CountLine.objects.bulk_create(made, batch_size=1000)
        shelf.lines |= {product: line for ((product, _w), _level), line in zip(ids.items(), made, strict=True)}
    for entry in entries:
        entry.line = shelf.lines[entry.product_id]


def _settle(count: StockCount, line_ids: set[int]) -> None:
    lines = [
        line
        for part in _parts(sorted(line_ids))
        for line in CountLine.objects.filter(pk__in=part).select_related("level").order_by("pk")
    ]
    settled_lines(count, lines)
    update_rows(CountLine, LINE_COLUMNS, map(line_values, lines))


def _parts(values: Sequence) -> Sequence[Sequence]:
    return [values[at : at + ASKED_AT_ONCE] for at in range(0, len(values), ASKED_AT_ONCE)]


def _refuse_closed(count: StockCount, sentence: str) -> None:
    if count.state != StockCount.State.OPEN:
        raise NotCountable(sentence % {"number": count.number, "state": count.get_state_display()})


def _refuse_uncountable(entry: CountEntry) -> None:
    if entry.product is None or entry.counted is None:
        raise NotCountable(_("Say which product it was, and how many: otherwise this entry counts nothing."))


def _refuse_own(entry: CountEntry, actor: User) -> None:
    """Who counted an item first and says of his own second count that it holds would have counted alone."""
    firsts = CountEntry.objects.filter(line=entry.line).firsts()
    if entry.is_recount and entry.actor_id == actor.pk and (entry.line.pk, actor.pk) in set(firsts):
        raise NotCountable(
            _("You counted %(sku)s first. Another person who may settle entries says whether this one counts.")
            % {"sku": entry.product.sku}
        )


@transaction.atomic
def withdraw_entry(*, count: StockCount, uuid: uuid.UUID, actor: User) -> CountEntry | None:
    """Who counted takes an entry back; None: there is none of theirs, so that there is nothing to take back."""
    count = StockCount.objects.filter(pk=count.pk).select_related("warehouse").locked().get()
    entry = CountEntry.objects.select_for_update(of=("self",)).filter(uuid=uuid, count=count, actor=actor).first()
    if entry is None or entry.problem == Problem.WITHDRAWN:
        return entry
    _refuse_closed(count, _("%(number)s is %(state)s: enter what was found in another count."))
    entry.problem, entry.settled_at, entry.settled_by = Problem.WITHDRAWN, timezone.now(), actor
    entry.save()
    if entry.line_id:
        left = CountEntry.objects.accepted().filter(line=entry.line_id)
        if not left.filter(is_recount=False).exists():  # what was the second count is the first
            left.update(is_recount=False)
        _settle(count, {entry.line_id})
        _has_changed(count)
    audit.record(actor=actor, action="stock.withdraw_entry", subject=entry, changes={"count": count.number})
    return entry


@transaction.atomic
def settle_finding(
    *,
    entry: CountEntry,
    actor: User,
    accept: bool,
    product: Product | None = None,
    counted: int | None = None,
    place: Bin | None = None,
    is_whole: bool = False,
) -> CountEntry:
    """A person says what a kept entry was: a count of ``product`` (its own, where none is named), or nothing.

    ``counted`` and ``place`` replace what was sent; ``is_whole``: it is all there is of the item, wherever it lies.
    """
    count = StockCount.objects.filter(pk=entry.count_id).select_related("warehouse").locked().get()
    entry = CountEntry.objects.select_for_update(of=("self",)).get(pk=entry.pk)
    if not entry.problem or entry.settled_at:
        raise WrongState(_("Somebody settled this entry before. Look at it again."))
    entry.product = product or entry.product
    entry.settled_at, entry.settled_by = timezone.now(), actor
    if accept:
        _refuse_closed(
            count,
            _("%(number)s is %(state)s: enter what was found in another count, and let this entry count nothing."),
        )
        entry.counted = entry.counted if counted is None else counted
        entry.bin = None if is_whole else place or entry.bin
        _accept(count, entry, is_whole)
        _refuse_own(entry, actor)
    entry.save()
    if accept:
        _settle(count, {entry.line_id})
        _has_changed(count)
    audit.record(
        actor=actor, action="stock.settle_finding", subject=entry, changes={"accept": accept, "count": count.number}
    )
    return entry


def _accept(count: StockCount, entry: CountEntry, is_whole: bool) -> None:
    """Make it an entry of its line; nothing was counted after it came."""
    _refuse_uncountable(entry)
    line, _made = CountLine.objects.get_or_create(
        count=count,
        level_id=ensure_levels([(entry.product_id, count.warehouse_id)]).popitem()[1],
        defaults={"unit_cost": entry.product.unit_cost},
    )
    if not is_whole:
        _refuse_placeless(count, entry, line)
    entry.line, entry.is_recount, entry.problem = line, line.is_in_recount, ""
    entry.captured_at = min(entry.captured_at, entry.received_at)


def _refuse_placeless(count: StockCount, entry: CountEntry, line: CountLine) -> None:
    """What was seen in one bin of several is not all of the item."""
    if entry.bin is not None and entry.bin.warehouse_id != count.warehouse_id:
        said = {"bin": entry.bin.code, "warehouse": count.warehouse.code}
        raise WrongBin(_("There is no bin “%(bin)s” in %(warehouse)s.") % said)
    named = entry.sent.get("bin", "").strip()
    if named and entry.bin is None:
        places = Bin.objects.filter(levels=line.level_id).order_by("walk_order", "code")
        bins = list(places.values_list("code", flat=True))
        if len(bins) > 1:
            raise NotCountable(
                _("It was counted in “%(named)s”, and %(sku)s lies in %(bins)s. Say in which bin, or that it was all.")
                % {"named": named, "sku": entry.product.sku, "bins": ", ".join(bins)}
            )
