"""What to hold in a warehouse whose room is short, as it is planned and stands there now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from catalog.models import Product
from inventory_site.common.models import ShopSettings, User
from replenishment.formulas import lot_size
from replenishment.optimise.errors import Infeasible
from replenishment.services.what_if import Where, rows_for
from replenishment.shelves import Held, Wanted, hold
from replenishment.what_if import Items
from stock.models import StockLevel, Warehouse

#: Items that are weighed, those that take most room: ten thousand take some six seconds. Others stay as planned.
MOST_ITEMS = 10_000

ML = 1000.0  # of a litre


@dataclass(frozen=True)
class Row:
    """One item: ``planned`` and ``level`` pieces to order up to; what is cut for want of room, or since it never pays.

    ``litres`` are those of the level when all has just arrived.
    """

    product: Product
    planned: int
    level: int
    by_room: int
    by_cost: int
    litres: float

    @property
    def cut(self) -> int:
        return self.planned - self.level


@dataclass(frozen=True)
class RoomPlan:
    """Litres; money a year. ``lacking`` (None: it fits) tells why there is no plan, and ``rows`` is empty then.

    ``beyond`` is taken by what is there beyond the plan, ``least`` by what is held whatever the room. ``unmeasured``
    products have no volume and are left out, ``unpriced`` no cost or price: they, what is set by hand and what is
    ``not_weighed`` are held as planned.
    """

    warehouse: Warehouse
    room: float
    planned: float = 0.0
    beyond: float = 0.0
    least: float = 0.0
    rows: list[Row] = field(default_factory=list)
    lacking: float | None = None
    litre: float = 0.0
    missed: float = 0.0
    unmeasured: list[Product] = field(default_factory=list)
    unpriced: list[Product] = field(default_factory=list)
    by_hand: int = 0
    not_weighed: int = 0

    @property
    def used(self) -> float:
        return self.beyond + sum(row.litres for row in self.rows)

    @property
    def cut(self) -> list[Row]:
        """What takes fewer litres than planned; in front what gives up most of them for want of room."""
        cut = (row for row in self.rows if row.cut)
        return sorted(cut, key=lambda row: (-row.by_room * row.product.volume_ml, -row.by_cost * row.product.volume_ml))


def room_plan(user: User, warehouse: Warehouse) -> RoomPlan:
    """Weigh what the published run plans there against its ``room_ml``, which must be declared."""
    told, items = rows_for(user, Where(warehouse=warehouse))
    products = Product.objects.in_bulk([row["product_id"] for row in told])
    measured = [at for at, row in enumerate(told) if row["is_stocked"] and products[row["product_id"]].volume_ml]
    wanted = _wanted([told[at] for at in measured], items.rows(np.array(measured, int)), products)
    kept = [products[told[at]["product_id"]] for at in measured]
    shelf = dict(zip((product.pk for product in kept), wanted.shelf.tolist(), strict=True))
    room, beyond = warehouse.room_ml / ML, _beyond(warehouse, shelf)
    plan = {
        "warehouse": warehouse, "room": room, "planned": float(wanted.volume @ wanted.shelf), "beyond": beyond,
        "least": float(wanted.volume @ wanted.least), "by_hand": int(wanted.items.is_fixed.sum()),
        "unmeasured": [products[r["product_id"]] for r in told
                       if r["is_stocked"] and not products[r["product_id"]].volume_ml],
        "unpriced": [product for product, is_known in zip(kept, _is_priced(wanted.items), strict=True) if not is_known],
        "not_weighed": max(len(kept) - MOST_ITEMS, 0),
    }  # fmt: skip
    shop = ShopSettings.objects.load()
    costs = {"holding_rate": float(shop.holding_rate), "order_cost": float(shop.order_cost)}
    try:
        held = hold(wanted, room=room, taken=beyond, **costs)
    except Infeasible as infeasible:
        return RoomPlan(**plan, lacking=infeasible.shortfalls[0].amount)
    return RoomPlan(**plan, rows=_rows(kept, wanted, held), litre=held.litre, missed=held.missed)


def _wanted(told: Sequence[dict[str, Any]], items: Items, products: dict[int, Product]) -> Wanted:
    level = np.array([row["order_up_to_level"] for row in told], float)
    least = lot_size(1, np.array([row["min_order_quantity"] for row in told], int),
                     np.array([max(row["pack_size"], 1) for row in told], int))  # fmt: skip
    volume = np.array([products[row["product_id"]].volume_ml for row in told], float) / ML
    is_weighed = ~items.is_fixed & _is_priced(items)
    if len(told) > MOST_ITEMS:
        is_weighed[np.argsort(-volume * level, kind="stable")[MOST_ITEMS:]] = False
    return Wanted(items, level, np.asarray(least, float), volume, is_weighed)


def _is_priced(items: Items) -> np.ndarray:
    return (items.unit_cost > 0) & (items.unit_price > 0)


def _beyond(warehouse: Warehouse, shelf: dict[int, float]) -> float:
    """Litres of what stands there beyond the shelf that is planned for it, all of it where nothing is."""
    there = StockLevel.objects.filter(warehouse=warehouse, on_hand__gt=0, product__volume_ml__gt=0).order_by()
    rows = there.values_list("product", "on_hand", "product__volume_ml")
    return sum(max(on_hand - shelf.get(product, 0.0), 0.0) * volume for product, on_hand, volume in rows) / ML


def _rows(products: Sequence[Product], wanted: Wanted, held: Held) -> list[Row]:
    table = (wanted.level, held.level, held.free, wanted.on_the_way, wanted.volume)
    return [
        Row(product, int(planned), int(level), by_room=int(free - level), by_cost=int(planned - free),
            litres=(level - on_the_way) * volume)
        for product, planned, level, free, on_the_way, volume in zip(
            products, *(column.tolist() for column in table), strict=True
        )
    ]  # fmt: skip
