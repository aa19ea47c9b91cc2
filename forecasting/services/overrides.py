"""People's words on the forecast: said, replaced and taken back. None is ever changed or deleted."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from catalog.models import Product
from forecasting.errors import OverrideRefused
from forecasting.models import Override
from inventory_site.common import audit
from inventory_site.common.errors import StaleVersion
from inventory_site.common.models import ShopSettings
from stock import access
from stock.models import Warehouse

ADD, CHANGE = "forecasting.add_override", "forecasting.change_override"
LONGEST_DAYS = 366
LARGEST = 1e9
SAID = re.compile(r"\s*([+-]?)\s*(\d{1,12}(?:[.,]\d{1,6})?)\s*(%?)\s*")


@dataclass(frozen=True)
class Wish:
    """What somebody wants to say of one item on the days from ``first_on`` to ``last_on``."""

    product: Product
    warehouse: Warehouse
    first_on: date
    last_on: date
    kind: str
    amount: float
    reason: str

    @property
    def item(self) -> tuple[int, int, date, date]:
        return self.product.pk, self.warehouse.pk, self.first_on, self.last_on

    @property
    def said(self) -> str:
        return Override(kind=self.kind, amount=self.amount).said


@dataclass(frozen=True)
class Cell:
    """A week of the grid: ``text`` as typed (empty takes the override back), ``seen`` the one that was shown."""

    product: Product
    first_on: date
    last_on: date
    text: str
    seen: int | None


def read_amount(text: str) -> tuple[str, float]:
    """“120” is pieces, “+20 %” and “-5%” are per cent of the forecast; raises ``OverrideRefused`` for anything else."""
    found = SAID.fullmatch(text)
    if found is None or (found[1] and not found[3]):
        raise OverrideRefused(
            _("“%(text)s” is neither a number of pieces (120) nor a percentage (+20 %% or -5 %%).")
            % {"text": text[:40]}
        )
    number = float(found[2].replace(",", "."))
    if found[3]:
        return Override.Kind.PERCENT, -number if found[1] == "-" else number
    return Override.Kind.VALUE, number


def fault_in(wish: Wish, today: date) -> str:
    """Why the wish cannot be granted, in words; empty where it can."""
    days = (wish.last_on - wish.first_on).days + 1
    if days < 1:
        return _("The last day is before the first.")
    if days > LONGEST_DAYS:
        return _("At most %(days)d days at once.") % {"days": LONGEST_DAYS}
    if wish.last_on < today:
        return _("These days are over.")
    least = -100 if wish.kind == Override.Kind.PERCENT else 0
    if not math.isfinite(wish.amount) or not least <= wish.amount <= LARGEST:
        return _("The amount must be at least %(least)d.") % {"least": least}
    if not wish.reason.strip():
        return _("Say why: the reason is missing.")
    return ""


@transaction.atomic
def create_overrides(*, wishes: Sequence[Wish], actor: Any) -> list[Override]:
    """Say all of them or none; what stood for exactly the same days of an item is withdrawn. Plans heed them from
    the next nightly run on."""
    shop = ShopSettings.objects.load()
    for wish in wishes:
        if why := fault_in(wish, shop.today()):
            raise OverrideRefused(f"{wish.product.sku}: {why}")
    access.require(actor, ADD, *{wish.warehouse.pk: wish.warehouse for wish in wishes}.values())
    _lock(wish.product.pk for wish in wishes)
    _withdraw(_same_days([wish.item for wish in wishes]), actor)
    made = Override.objects.bulk_create(
        Override(
            product=wish.product, warehouse=wish.warehouse, first_on=wish.first_on, last_on=wish.last_on,
            kind=wish.kind, amount=wish.amount, reason=wish.reason.strip()[:200], made_by=actor, made_at=shop.now(),
        )
        for wish in wishes
    )  # fmt: skip
    for override in made:
        audit.record(actor=actor, action="override.create", subject=override, changes=_told(override))
    return made


@transaction.atomic
def withdraw_overrides(*, overrides: Iterable[Override], actor: Any) -> list[Override]:
    """Take them back; those that were withdrawn before stay as they are. Returns what changed."""
    ids = [override.pk for override in overrides]
    rows = list(Override.objects.select_related("warehouse").filter(pk__in=ids))
    access.require(actor, CHANGE, *{row.warehouse_id: row.warehouse for row in rows}.values())
    _lock(row.product_id for row in rows)
    return _withdraw(list(Override.objects.standing().filter(pk__in=ids).order_by("pk")), actor)


@transaction.atomic
def save_cells(*, warehouse: Warehouse, cells: Sequence[Cell], reason: str, actor: Any) -> tuple[int, int]:
    """Save changed cells of the grid, all or none; returns how many were said and how many taken back.

    A cell that somebody else changed after it was shown refuses the whole page.
    """
    access.require(actor, ADD, warehouse)
    _lock(cell.product.pk for cell in cells)
    items = [(cell.product.pk, warehouse.pk, cell.first_on, cell.last_on) for cell in cells]
    standing = {_item(row): row for row in _same_days(items)}
    for cell, item in zip(cells, items, strict=True):
        now = standing[item].pk if item in standing else None
        if now != cell.seen:
            raise StaleVersion(
                _("%(sku)s, %(day)s: somebody changed it meanwhile. Look at the page again, then repeat.")
                % {"sku": cell.product.sku, "day": cell.first_on}
            )
    wishes = [
        Wish(cell.product, warehouse, cell.first_on, cell.last_on, *_amount_of(cell), reason)
        for cell in cells if cell.text.strip()
    ]  # fmt: skip
    emptied = [standing[item] for cell, item in zip(cells, items, strict=True) if not cell.text.strip() and cell.seen]
    create_overrides(wishes=wishes, actor=actor)
    return len(wishes), len(_withdraw(emptied, actor))


def _amount_of(cell: Cell) -> tuple[str, float]:
    try:
        return read_amount(cell.text)
    except OverrideRefused as refusal:
        raise OverrideRefused(f"{cell.product.sku}, {cell.first_on}: {refusal}") from None


def _lock(products: Iterable[int]) -> None:
    """Words on one product come one after the other: there may be no row of theirs yet to lock."""
    rows = Product.objects.filter(pk__in=set(products)).order_by("pk")
    list(rows.select_for_update(of=("self",), no_key=True).values_list("pk"))


def _item(override: Override) -> tuple[int, int, date, date]:
    return override.product_id, override.warehouse_id, override.first_on, override.last_on


def _same_days(items: Sequence[tuple[int, int, date, date]]) -> list[Override]:
    """What stands for exactly these days of these items, oldest first."""
    wanted = set(items)
    if not wanted:
        return []
    rows = Override.objects.standing().filter(
        product__in={item[0] for item in wanted}, warehouse__in={item[1] for item in wanted},
        last_on__gte=min(item[3] for item in wanted),
    )  # fmt: skip
    return [row for row in rows.order_by("made_at", "pk") if _item(row) in wanted]


def _withdraw(rows: list[Override], actor: Any) -> list[Override]:
    now = ShopSettings.objects.load().now()
    for row in rows:
        row.withdrawn_at, row.withdrawn_by = now, actor
        audit.record(actor=actor, action="override.withdraw", subject=row, changes=_told(row))
    Override.objects.bulk_update(rows, ["withdrawn_at", "withdrawn_by"], batch_size=500)
    return rows


def _told(override: Override) -> dict[str, str]:
    return {
        "item": f"{override.product_id} · {override.warehouse_id}", "days": f"{override.first_on}–{override.last_on}",
        "said": override.said, "reason": override.reason,
    }  # fmt: skip
