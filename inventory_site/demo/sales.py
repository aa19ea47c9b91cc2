"""A year of real grocery sales as arrays: products, prices, promotions, and demand by warehouse and day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from . import source
from .choice import LEFT_OUT_CATEGORIES, LEFT_OUT_DEPARTMENTS, MIN_LINES, Seller, choose, is_fresh
from .names import plain, product_name, unique
from .promotions import RealPromotion, promotion_weeks, promotions

#: The year of the data, in the shops' local time: a Sunday to a Sunday.
FIRST_ON, LAST_ON = date(2017, 1, 1), date(2017, 12, 31)
DAYS = (LAST_ON - FIRST_ON).days + 1
#: The tills wrote UTC. The shops are five hours behind it, four in summer time (both changes in UTC).
UTC_OFFSET_HOURS = (-5, -4)
SUMMER_TIME = (np.datetime64("2017-03-12T07:00"), np.datetime64("2017-11-05T06:00"))

#: The stores are dealt to three warehouses so that each takes about this share of the sales.
WAREHOUSE_SHARES = {"CENTRAL": 0.5, "NORTH": 0.3, "SOUTH": 0.2}
#: A warehouse lists a product when it sold there on at least this many days.
LISTED_DAYS = 8


@dataclass(frozen=True)
class RealProduct:
    """One product under the name, size and price it was really sold at."""

    sku: str
    name: str
    department: str
    category: str
    price: Decimal
    is_fresh: bool


@dataclass(frozen=True)
class Shop:
    """Real sales, moved by whole weeks to end shortly before today.

    ``demand``   int [product, warehouse, day], pieces asked for; 0 where the warehouse does not list the product
    ``cents``    int [product, warehouse, day], what was paid for them
    ``listed``   bool [product, warehouse]
    """

    products: tuple[RealProduct, ...]
    warehouses: tuple[str, ...]
    first_on: date
    last_on: date
    demand: np.ndarray
    cents: np.ndarray
    listed: np.ndarray
    promotions: tuple[RealPromotion, ...]

    def day(self, index: int) -> date:
        return self.first_on + timedelta(days=int(index))


@dataclass(frozen=True)
class Lines:
    """The till's lines of the chosen products, one array per column; ``product`` is the place in the choice."""

    product: np.ndarray
    store: np.ndarray
    day: np.ndarray
    quantity: np.ndarray
    paid_cents: np.ndarray
    regular_cents: np.ndarray


def shift_weeks(today: date) -> int:
    """By how many weeks the year moves so that its last day is one to seven days before ``today``."""
    return (today - LAST_ON - timedelta(days=1)).days // 7


def load_shop(*, today: date, count: int = 600) -> Shop:
    """Read, choose and shape the demo shop; the same day and count give the same shop."""
    year = _sold_days()
    goods = _goods([product_id for product_id, sold in year.items() if sold[0] >= MIN_LINES])
    chosen = _choose(year, goods, count)
    lines = _lines(chosen)
    moved = timedelta(weeks=shift_weeks(today))
    first_on, last_on = FIRST_ON + moved, LAST_ON + moved
    demand, cents, listed = _cubes(lines, _warehouse_of(lines), len(chosen))
    return Shop(
        products=_products(chosen, goods, lines),
        warehouses=tuple(WAREHOUSE_SHARES),
        first_on=first_on,
        last_on=last_on,
        demand=demand,
        cents=cents,
        listed=listed,
        promotions=promotions(
            promotion_weeks(chosen), _discounts(lines, len(chosen)), first_on=first_on, last_on=last_on
        ),
    )


def _sold_days() -> dict[int, tuple[int, int, int]]:
    """Product id -> lines sold in the year, first day, last day."""
    rows = source.arrays(source.read("transactions", ("product_id", "transaction_timestamp", "quantity")))
    kept = rows["quantity"] > 0
    ids, which, lines = np.unique(rows["product_id"][kept], return_inverse=True, return_counts=True)
    day = _local_day(rows["transaction_timestamp"][kept])
    first, last = np.full(len(ids), DAYS), np.full(len(ids), -1)
    np.minimum.at(first, which, day)
    np.maximum.at(last, which, day)
    return dict(zip(ids.tolist(), zip(lines.tolist(), first.tolist(), last.tolist(), strict=True), strict=True))


def _goods(product_ids: list[int]) -> dict[int, dict[str, str]]:
    """Product id -> what the data says of it, for what a shop would list by type, brand and size."""
    columns = ("product_id", "department", "brand", "product_category", "product_type", "package_size")
    return {
        row["product_id"]: row
        for row in source.read("products", columns, product_ids).to_pylist()
        if row["product_type"] and row["package_size"] and row["product_category"]
        if row["department"] not in LEFT_OUT_DEPARTMENTS and row["product_category"] not in LEFT_OUT_CATEGORIES
    }


def _choose(year: dict[int, tuple[int, int, int]], goods: dict[int, dict[str, str]], count: int) -> list[int]:
    sellers = [
        Seller(i, *year[i], is_fresh(department=row["department"], category=row["product_category"]))
        for i, row in goods.items()
    ]
    return choose(sellers, count=count, days=DAYS)


def _lines(chosen: list[int]) -> Lines:
    columns = ("product_id", "store_id", "transaction_timestamp", "quantity",
               "sales_value", "retail_disc", "coupon_match_disc")  # fmt: skip
    rows = source.arrays(source.read("transactions", columns, chosen))
    kept = rows["quantity"] > 0
    rows = {name: column[kept] for name, column in rows.items()}
    paid = rows["sales_value"] + rows["coupon_match_disc"]
    order = np.argsort(chosen)
    return Lines(
        product=order[np.searchsorted(np.asarray(chosen)[order], rows["product_id"])],
        store=rows["store_id"],
        day=_local_day(rows["transaction_timestamp"]),
        quantity=rows["quantity"],
        paid_cents=np.rint(100 * paid).astype(np.int64),
        regular_cents=np.rint(100 * (paid + rows["retail_disc"])).astype(np.int64),
    )


def _local_day(at: np.ndarray) -> np.ndarray:
    winter, summer = (np.timedelta64(hours, "h") for hours in UTC_OFFSET_HOURS)
    in_summer = (at >= SUMMER_TIME[0]) & (at < SUMMER_TIME[1])
    local = (at + np.where(in_summer, summer, winter)).astype("datetime64[D]")
    return (local - np.datetime64(FIRST_ON)).astype(int)


def _warehouse_of(lines: Lines) -> np.ndarray:
    """Which warehouse serves each line: stores are dealt, largest first, to who is furthest below its share."""
    stores, which, sold = np.unique(lines.store, return_inverse=True, return_counts=True)
    shares = np.array(list(WAREHOUSE_SHARES.values()))
    got = np.zeros(len(shares))
    group = np.zeros(len(stores), int)
    for place in np.argsort(-sold, kind="stable"):
        group[place] = np.argmax(shares - got / sold.sum())
        got[group[place]] += sold[place]
    return group[which]


def _cubes(lines: Lines, warehouse: np.ndarray, products: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    shape = (products, len(WAREHOUSE_SHARES), DAYS)
    demand, cents = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    place = (lines.product, warehouse, lines.day)
    np.add.at(demand, place, lines.quantity)
    np.add.at(cents, place, lines.paid_cents)
    listed = (demand > 0).sum(axis=2) >= LISTED_DAYS
    return demand * listed[:, :, None], cents * listed[:, :, None], listed


def _discounts(lines: Lines, products: int) -> np.ndarray:
    """The share taken off the regular price [product, week], as it was paid; NaN where nothing was sold."""
    weeks = (lines.day + 6) // 7
    regular, paid = np.zeros((products, DAYS // 7 + 1)), np.zeros((products, DAYS // 7 + 1))
    np.add.at(regular, (lines.product, weeks), lines.regular_cents)
    np.add.at(paid, (lines.product, weeks), lines.paid_cents)
    with np.errstate(invalid="ignore"):
        return 1 - paid / np.where(regular > 0, regular, np.nan)


def _products(chosen: list[int], goods: dict[int, dict[str, str]], lines: Lines) -> tuple[RealProduct, ...]:
    rows = [goods[i] for i in chosen]
    names = unique(
        [product_name(product_type=row["product_type"], category=row["product_category"], brand=row["brand"],
                      package_size=row["package_size"]) for row in rows]
    )  # fmt: skip
    each = lines.regular_cents / lines.quantity
    order = np.argsort(lines.product, kind="stable")
    by_product = np.split(each[order], np.cumsum(np.bincount(lines.product, minlength=len(chosen)))[:-1])
    return tuple(
        RealProduct(
            sku=f"{row['department'][:3]}-{row['product_id']}",
            name=name,
            department=row["department"],
            category=plain(row["product_category"]),
            price=Decimal(max(1, round(float(np.median(prices))))).scaleb(-2),
            is_fresh=is_fresh(department=row["department"], category=row["product_category"]),
        )
        for row, name, prices in zip(rows, names, by_product, strict=True)
    )
