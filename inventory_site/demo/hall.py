"""Where the demo's goods lie: shelves by category, so that counts and picks have a way to walk."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter

from stock.models import Bin, StockLevel, Warehouse

ITEMS_A_BIN, BINS_AN_AISLE, METRES_A_BIN = 8, 10, 2


def write_bins(warehouses: list[Warehouse]) -> None:
    """Every level lies in one bin; a bin holds one category."""
    for warehouse in warehouses:
        rows = StockLevel.objects.filter(warehouse=warehouse).order_by("product__category__name", "product__sku")
        shelves = [
            (area, part)
            for area, levels in groupby(rows.values_list("product__category__name", "pk"), key=itemgetter(0))
            for part in _parts([pk for _area, pk in levels])
        ]
        bins = Bin.objects.bulk_create(_bin(warehouse, n, area) for n, (area, _levels) in enumerate(shelves))
        lies = [(place, level) for place, (_area, levels) in zip(bins, shelves, strict=True) for level in levels]
        through = Bin.levels.through
        through.objects.bulk_create(through(bin=place, stocklevel_id=level) for place, level in lies)


def _parts(levels: list[int]) -> list[list[int]]:
    return [levels[at : at + ITEMS_A_BIN] for at in range(0, len(levels), ITEMS_A_BIN)]


def _bin(warehouse: Warehouse, number: int, area: str | None) -> Bin:
    aisle, place = divmod(number, BINS_AN_AISLE)
    return Bin(
        warehouse=warehouse, code=f"{aisle + 1:02}-{place + 1:02}", area=(area or "")[:40], walk_order=number,
        aisle=aisle + 1, position_metres=METRES_A_BIN * place,
    )  # fmt: skip
