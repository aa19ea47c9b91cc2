"""Goods that come back: announced, inspected, and put where they were shipped from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from inventory_site.common import audit
from inventory_site.common.errors import StaleVersion
from inventory_site.common.models import ShopSettings, User
from orders import demand
from orders.errors import InvalidLines, NothingToDo, TooMuch, WrongState
from orders.models import DemandCorrection, Return, ReturnLine, SalesOrder, SalesOrderLine
from orders.services.common import LARGEST, chosen, reread, temporary_number
from orders.services.lines import lines_of, touch
from stock.models import Allocation, StockMovement
from stock.services import Entry, TakenBack, ensure_levels, post_movements, put_back, take_back, unmaking
from stock.services.levels import lock_levels

State = Return.State


@dataclass(frozen=True)
class Outcome:
    """What was found of one return line; together at most what was announced."""

    sellable: int = 0
    unsellable: int = 0
    scrapped: int = 0
    note: str = ""

    @property
    def pieces(self) -> int:
        return self.sellable + self.unsellable + self.scrapped


@transaction.atomic
def register_return(
    *,
    order: SalesOrder,
    quantities: Mapping[int, int],
    actor: User | None,
    reason: str = "",
    version: int | None = None,
) -> Return:
    """Announce that a customer sends pieces back; nothing moves before they are inspected."""
    order = reread(order)
    StaleVersion.check(order, version)
    lines = lines_of(order)
    if not any(line.shipped for line in lines):
        raise WrongState.of_lines(order, _("returned"), quantities)
    places = _shipped_from(lines)
    most = {line.pk: sum(places[line.pk].values()) for line in lines}
    parts = chosen(lines, quantities, most, _("return"))
    if not parts:
        raise NothingToDo(_("%(number)s: name what comes back.") % {"number": order.number})
    document = Return.objects.create(
        number=temporary_number(), order=order, reason=reason, created_at=ShopSettings.objects.load().now()
    )
    document.number = f"R{document.pk:06d}"
    document.save(update_fields=["number"])
    ReturnLine.objects.bulk_create(
        ReturnLine(document=document, line_id=pk, warehouse_id=warehouse, quantity=n)
        for pk, quantity in parts.items()
        for warehouse, n in _spread(places[pk], quantity)
    )
    touch(order)
    audit.record(actor=actor, action="return.register", subject=document, changes={"lines": parts})
    return document


def _shipped_from(lines: Sequence[SalesOrderLine]) -> dict[int, dict[int, int]]:
    """Pieces that may still come back, by line and the warehouse that shipped them, the first shipped first.

    Imported lines have no promises: theirs count for the line's own warehouse.
    """
    by_holder = {line.holder: line for line in lines}
    places: dict[int, dict[int, int]] = {line.pk: defaultdict(int) for line in lines}
    shipped = Allocation.objects.filter(holder__in=by_holder, state=Allocation.State.SHIPPED).order_by("pk")
    for holder, warehouse, quantity in shipped.values_list("holder", "level__warehouse", "quantity"):
        places[by_holder[holder].pk][warehouse] += quantity
    for line in lines:
        places[line.pk][line.warehouse_id] += line.shipped - sum(places[line.pk].values())
    taken = ReturnLine.objects.filter(line__in=lines).exclude(document__state=State.CANCELLED).order_by("pk")
    for row in taken.select_related("document"):
        is_announced = row.document.state == State.ANNOUNCED
        back = row.quantity if is_announced else row.sellable + row.unsellable + row.scrapped
        places[row.line_id][row.warehouse_id] -= back
    return places


def _spread(places: Mapping[int, int], quantity: int) -> Iterable[tuple[int, int]]:
    for warehouse, pieces in places.items():
        n = min(pieces, quantity)
        quantity -= n
        if n > 0:
            yield warehouse, n


def _locked(
    document: Return, wanted: str, state: str, version: int | None, quantities: Mapping[int, int] | None = None
) -> tuple[SalesOrder, Return]:
    """The order before its return, as everywhere."""
    order = SalesOrder.objects.locked().get(pk=document.order_id)
    document = reread(document)
    StaleVersion.check(document, version)
    if document.state != state:
        raise WrongState.of_lines(document, wanted, quantities)
    return order, document


@transaction.atomic
def inspect_return(
    *,
    document: Return,
    outcomes: Mapping[int, Outcome],
    actor: User | None,
    at: datetime | None = None,
    version: int | None = None,
) -> Return:
    """Take in what was found (at that moment, by default now): sellable pieces go on sale, others aside or away.

    A line without an outcome did not come; less than announced may be found, never more.
    """
    found_of = {pk: outcome.pieces for pk, outcome in outcomes.items()}
    order, document = _locked(document, _("inspected"), State.ANNOUNCED, version, found_of)
    rows = list(document.lines.select_related("line__product", "warehouse").order_by("pk"))
    _check(rows, outcomes)
    found = [row for row in rows if row.pk in outcomes and outcomes[row.pk].pieces]
    if not found:
        raise NothingToDo(_("%(number)s: nothing came back. Cancel it instead.") % {"number": document.number})
    for row in found:
        outcome = outcomes[row.pk]
        row.sellable, row.unsellable, row.scrapped = outcome.sellable, outcome.unsellable, outcome.scrapped
        row.note = outcome.note[:200]
    ReturnLine.objects.bulk_update(found, ["sellable", "unsellable", "scrapped", "note"])
    _count(found, 1)
    take_back(entries=[_entry(row) for row in found], actor=actor, reference=document.number, at=at)
    _take_off_demand(found)
    document.state, document.inspected_at = State.INSPECTED, ShopSettings.objects.load().now()
    _save(document, order, "state", "inspected_at")
    changes = {str(row.pk): [row.sellable, row.unsellable, row.scrapped] for row in found}
    audit.record(actor=actor, action="return.inspect", subject=document, changes={"lines": changes})
    return document


def _check(rows: Sequence[ReturnLine], outcomes: Mapping[int, Outcome]) -> None:
    by_pk = {row.pk: row for row in rows}
    for pk, outcome in outcomes.items():
        if pk not in by_pk:
            raise InvalidLines(_("Line %(line)s is not on this return.") % {"line": pk})
        row, sku = by_pk[pk], by_pk[pk].line.product.sku
        for pieces in (outcome.sellable, outcome.unsellable, outcome.scrapped):
            if type(pieces) is not int or not 0 <= pieces <= LARGEST:
                raise InvalidLines(
                    _("%(sku)s: “%(pieces)s” is not a number of pieces from 0 on.") % {"sku": sku, "pieces": pieces}
                )
        if outcome.pieces > row.quantity:
            raise TooMuch(
                _("%(sku)s: %(asked)d found, only %(most)d announced from %(warehouse)s.")
                % {"sku": sku, "asked": outcome.pieces, "most": row.quantity, "warehouse": row.warehouse.code}
            )


def _entry(row: ReturnLine) -> TakenBack:
    return TakenBack(row.line.product_id, row.warehouse_id, row.sellable, row.unsellable, row.scrapped)


def _pieces(row: ReturnLine) -> int:
    return row.sellable + row.unsellable + row.scrapped


def _count(rows: Sequence[ReturnLine], sign: int) -> None:
    """Add to what the sales lines say is returned; two rows of one line are one change."""
    change: dict[int, int] = defaultdict(int)
    for row in rows:
        change[row.line_id] += sign * _pieces(row)
    lines = list(SalesOrderLine.objects.filter(pk__in=change))
    for line in lines:
        line.returned += change[line.pk]
    SalesOrderLine.objects.bulk_update(lines, ["returned"])


def _take_off_demand(rows: Sequence[ReturnLine]) -> None:
    now = ShopSettings.objects.load().now()
    for row in rows:
        line = row.line
        series = demand.series_of(product_id=line.product_id, warehouse_id=line.warehouse_id, first_on=line.demand_on)
        DemandCorrection.objects.create(
            series=series, on_date=line.demand_on, quantity=_pieces(row), source_key=f"return:{row.pk}",
            known_on=now.astimezone(ZoneInfo(row.warehouse.time_zone)).date(),
        )  # fmt: skip


def _save(document: Return, order: SalesOrder, *fields: str) -> None:
    document.version += 1
    document.save(update_fields=[*fields, "version"])
    touch(order)


@transaction.atomic
def cancel_return(*, document: Return, actor: User | None, version: int | None = None) -> Return:
    """Give up an announced return: the pieces may be announced again."""
    order, document = _locked(document, _("cancelled"), State.ANNOUNCED, version)
    document.state = State.CANCELLED
    _save(document, order, "state")
    audit.record(actor=actor, action="return.cancel", subject=document)
    return document


def _inspected(document: Return) -> list[StockMovement]:
    """What its newest inspection posted."""
    of_document = StockMovement.objects.filter(reference=document.number)
    undone = of_document.filter(reason=StockMovement.Reason.RETURN, quantity__lt=0).order_by("-pk").first()
    reasons = [StockMovement.Reason.RETURN, StockMovement.Reason.WRITE_OFF]
    return list(of_document.filter(reason__in=reasons, pk__gt=undone.pk if undone else 0).order_by("pk"))


@transaction.atomic
def undo_return(*, document: Return, actor: User | None, version: int | None = None) -> Return:
    """Take an inspection back: the pieces leave the stock again, and the return is announced as before.

    Refused where they are no longer there, or were promised to somebody; what was scrapped is gone either way.
    """
    order, document = _locked(document, _("undone"), State.INSPECTED, version)
    found = [row for row in document.lines.select_related("line__product", "warehouse").order_by("pk") if _pieces(row)]
    lock_levels(ensure_levels((row.line.product_id, row.warehouse_id) for row in found).values())
    for row in found:
        if row.unsellable:
            put_back(
                product=row.line.product, warehouse=row.warehouse, quantity=row.unsellable, actor=actor,
                reference=document.number,
            )  # fmt: skip
    entries = [
        Entry(row.line.product_id, row.warehouse_id, -pieces, StockMovement.Reason.RETURN, document.number)
        for row in found
        if (pieces := row.sellable + row.unsellable)
    ]
    if entries:
        post_movements(entries=entries + unmaking(_inspected(document)), actor=actor)
    _count(found, -1)
    DemandCorrection.objects.filter(source_key__in=[f"return:{row.pk}" for row in found]).delete()
    for row in found:
        row.sellable = row.unsellable = row.scrapped = 0
    ReturnLine.objects.bulk_update(found, ["sellable", "unsellable", "scrapped"])
    document.state, document.inspected_at = State.ANNOUNCED, None
    _save(document, order, "state", "inspected_at")
    audit.record(actor=actor, action="return.undo", subject=document)
    return document
