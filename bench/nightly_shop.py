"""A shop of any size on the evening of a business day: past sales from a file (or made up), tiled over products and
warehouses, and all that a night reads of them."""

from __future__ import annotations

import io
import os
import sys
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

UNTIL = date(2026, 3, 29)
ZONE = "Europe/Riga"
WAREHOUSES, SUPPLIERS, CATEGORIES = 4, 25, 20
AT_ONCE, OPEN_DAYS = 5_000, 2
LINES_AN_ORDER = 20
#: Tables whose primary keys are given here.
NUMBERED = (
    "catalog_category", "catalog_product", "catalog_supplier", "stock_warehouse", "orders_saleschannel",
    "orders_demandseries", "orders_salesorder", "stock_stocklevel",
)  # fmt: skip


def base_of(file: Path | None) -> np.ndarray:
    """Daily demand of a shop [series, days] that ends with its last whole week; columns sku, date and quantity.

    Without a file: six hundred made-up series of a year, rates from one a month to some a day.
    """
    if file is None:
        rng = np.random.default_rng(1)
        rate = rng.lognormal(-1.0, 1.2, (600, 1)) * np.array([0.8, 0.8, 0.9, 1.0, 1.3, 1.5, 0.7] * 52)
        return rng.poisson(rate * rng.gamma(1.0, 1.0, rate.shape)).astype(np.int64)
    import pandas as pd

    rows = pd.read_parquet(file) if file.suffix == ".parquet" else pd.read_csv(file, dtype={"sku": str})
    days = (pd.to_datetime(rows.date) - pd.to_datetime(rows.date).min()).dt.days.to_numpy()
    sku, names = pd.factorize(rows.sku)
    demand = np.zeros((len(names), int(days.max()) + 1), np.int64)
    np.add.at(demand, (sku, days), rows.quantity.to_numpy(np.int64))
    return demand[:, demand.shape[1] % 7 :]


def tiled(base: np.ndarray, first: int, series: int, days: int) -> np.ndarray:
    """Rows ``first`` to ``first + series`` of the endless shop [series, days]: each copy of the base is moved by whole
    weeks, scaled and rounded by chance, and repeated over the years, so that weekdays stay and no two are alike."""
    rng = np.random.default_rng(first)
    at = np.arange(first, first + series)
    copy, row = at // len(base), at % len(base)
    day = (np.arange(days) - days + 7 * copy[:, None]) % base.shape[1]
    scale = np.where(copy > 0, rng.lognormal(0.0, 0.4, series), 1.0)[:, None]
    return np.floor(base[row[:, None], day] * scale + rng.random((series, days))).astype(np.int64)


def write(environment: dict[str, str], base: np.ndarray, series: int, days: int) -> None:
    """Make the tables in an empty PostgreSQL database and fill them; the last two days are not closed yet."""
    os.environ |= environment
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)

    _catalogue(-(-series // WAREHOUSES))
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # no foreign key is looked up row by row
        for first in range(0, series, AT_ONCE):
            demand = tiled(base, first, min(AT_ONCE, series - first), days)
            _series(cursor, demand, first)
            _closed_days(cursor, demand, first)
            for back in range(OPEN_DAYS):
                _open_day(cursor, demand[:, -1 - back], UNTIL - timedelta(days=back), first)
        cursor.execute("SET session_replication_role = DEFAULT")
        for table in NUMBERED:
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")
        cursor.execute("VACUUM ANALYZE")


def price_of(product: np.ndarray) -> np.ndarray:
    return np.round(2.0 + product * 7919 % 4800 / 100, 2)


def _catalogue(products: int) -> None:
    from catalog.models import Category, Product, Supplier, SupplierProduct
    from inventory_site.common.models import ShopSettings
    from orders.models import SalesChannel
    from stock.models import Warehouse

    ShopSettings.objects.update_or_create(pk=1, defaults={"demo_until": UNTIL, "time_zone": ZONE})
    SalesChannel.objects.create(pk=1, code="web", name="Web")
    Warehouse.objects.bulk_create(
        Warehouse(pk=n, code=f"place-{n}", name=f"Place {n}", time_zone=ZONE) for n in range(1, WAREHOUSES + 1)
    )
    Category.objects.bulk_create(Category(pk=n, name=f"Category {n}") for n in range(1, CATEGORIES + 1))
    Supplier.objects.bulk_create(
        Supplier(pk=n, code=f"s{n}", name=f"Supplier {n}", lead_time_days=3 + n % 5 * 5)
        for n in range(1, SUPPLIERS + 1)
    )
    price = price_of(np.arange(1, products + 1)).tolist()
    Product.objects.bulk_create(
        (
            Product(
                pk=n, sku=f"SKU-{n}", name=f"Product {n}", category_id=n % CATEGORIES + 1, price=price[n - 1],
                unit_cost=Decimal(price[n - 1]) / 2, source="import",
            ) for n in range(1, products + 1)
        ), batch_size=AT_ONCE,
    )  # fmt: skip
    SupplierProduct.objects.bulk_create(
        (
            SupplierProduct(
                supplier_id=n % SUPPLIERS + 1, product_id=n, unit_cost=Decimal(price[n - 1]) / 2, is_preferred=True,
                pack_size=(1, 6, 12)[n % 3],
            ) for n in range(1, products + 1)
        ), batch_size=AT_ONCE,
    )  # fmt: skip


def _product(series: np.ndarray) -> np.ndarray:
    return (series - 1) // WAREHOUSES + 1


def _warehouse(series: np.ndarray) -> np.ndarray:
    return (series - 1) % WAREHOUSES + 1


def _series(cursor, demand: np.ndarray, first: int) -> None:
    """Series and levels with the same numbers; each level was opened a week ago and has served the open days."""
    pk = np.arange(first, first + len(demand)) + 1
    product, place, zero = _product(pk), _warehouse(pk), np.zeros(len(pk), int)
    first_on, closed_on = UNTIL - timedelta(days=demand.shape[1] - 1), UNTIL - timedelta(days=OPEN_DAYS)
    left = np.random.default_rng(first).integers(1, 400, len(pk))
    _copy(
        cursor, "orders_demandseries (id, product_id, warehouse_id, first_on, closed_on)",
        [pk, product, place, first_on.isoformat(), closed_on.isoformat()],
    )  # fmt: skip
    _copy(
        cursor, "stock_stocklevel (id, product_id, warehouse_id, on_hand, allocated, unsellable, version)",
        [pk, product, place, left, zero, zero, zero],
    )  # fmt: skip
    _movements(cursor, pk, left + demand[:, -OPEN_DAYS:].sum(axis=1), "opening", _at(UNTIL - timedelta(days=7), 8))


def _movements(cursor, level: np.ndarray, quantity: np.ndarray, reason: str, at: datetime) -> None:
    _copy(
        cursor, "stock_stockmovement (level_id, quantity, reason, reference, effective_at)",
        [level, quantity, reason, "", at.isoformat()],
    )  # fmt: skip


def _closed_days(cursor, demand: np.ndarray, first: int) -> None:
    row, day = np.nonzero(demand[:, :-OPEN_DAYS])
    series, asked = row + first + 1, demand[row, day]
    on_date = np.datetime64(UNTIL) - np.timedelta64(demand.shape[1] - 1, "D") + day
    _copy(
        cursor, "orders_dailydemand (series_id, on_date, demand, sales, price)",
        [series, on_date, asked, asked, price_of(_product(series))],
    )  # fmt: skip


def _open_day(cursor, asked: np.ndarray, day: date, first: int) -> None:
    """Orders of one day, shipped in its afternoon."""
    row = np.flatnonzero(asked)
    series, quantity = row + first + 1, asked[row]
    order = (first + np.arange(len(row)) // LINES_AN_ORDER) * OPEN_DAYS + (UNTIL - day).days + 1
    numbers, placed = np.unique(order), _at(day, 11).isoformat()
    _copy(
        cursor, "orders_salesorder (id, number, channel_id, state, source, currency, version, ship_to, shipping_charge,"
        " discount, strategy, is_placed, placed_at, created_at)",
        [numbers, np.char.add("SO-", numbers.astype(str)), 1, "closed", "live", "EUR", 0, "", 0, 0, "", True, placed,
         placed],
    )  # fmt: skip
    price = price_of(_product(series))
    holder = np.char.add(f"{(UNTIL - day).days:08}-0000-0000-0000-", np.char.zfill(series.astype(str), 12))
    _copy(
        cursor, "orders_salesorderline (order_id, product_id, warehouse_id, holder, quantity, shipped, cancelled,"
        " unit_price, amount, returned, demand_on)",
        [order, _product(series), _warehouse(series), holder, quantity, quantity, 0, price,
         np.round(quantity * price, 2), 0, day.isoformat()],
    )  # fmt: skip
    _movements(cursor, series, -quantity, "sale", _at(day, 15))


def _at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), tzinfo=ZoneInfo(ZONE))


def _copy(cursor, into: str, columns: list) -> None:
    """Rows of these columns, of which single values stand in every row."""
    import pyarrow as pa
    from pyarrow import csv

    size = len(columns[0])
    arrays = [pa.array(c if isinstance(c, np.ndarray) else np.full(size, c)) for c in columns]
    with io.BytesIO() as out:
        names = [str(at) for at in range(len(arrays))]
        csv.write_csv(pa.table(arrays, names), out, csv.WriteOptions(include_header=False))
        with cursor.copy(f"COPY {into} FROM STDIN (FORMAT csv)") as copy:
            copy.write(out.getvalue())
