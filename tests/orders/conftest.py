"""Files to import, and what became of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from orders import services
from orders.importers.checking import check_sales
from orders.importers.options import SalesOptions
from orders.importers.report import listing_at
from orders.importers.sales_file import SalesFile
from orders.importers.writing import write_sales
from orders.models import Customer, SalesChannel, SalesOrder, SalesOrderLine


@pytest.fixture
def file_of(tmp_path):
    """A CSV file with these lines."""

    def file_of(*lines: str, name: str = "sales.csv") -> Path:
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n")
        return path

    return file_of


@pytest.fixture
def bring_in(db, tmp_path):
    """Check a file and write it; the listing lands in ``left-out.csv`` beside it."""

    def bring_in(path: Path, *, skip_bad_rows: bool = False, actor=None, write: bool = True, **options) -> SalesFile:
        with listing_at(tmp_path / "left-out.csv") as listing:
            file = check_sales(path=path, options=SalesOptions(**options), actor=actor, listing=listing)
        if write:
            write_sales(file=file, skip_bad_rows=skip_bad_rows, actor=actor)
        return file

    return bring_in


@pytest.fixture
def channel(db):
    return SalesChannel.objects.create(code="web", name="Web")


@pytest.fixture
def customer(db):
    return Customer.objects.create(external_id="C1", name="Anna", email="anna@example.org")


@pytest.fixture
def place(channel, warehouse):
    """Place an order of (product, quantity) or (product, quantity, unit price)."""

    def place(*wishes, **fields) -> SalesOrder:
        lines = [services.NewLine(product, warehouse, *rest) for product, *rest in wishes]
        return services.place_sales_order(**({"channel": channel, "lines": lines, "actor": None} | fields))

    return place


@pytest.fixture
def backordered():
    """What each line of an order waits for."""

    def backordered(order: SalesOrder) -> list[int]:
        rows = SalesOrderLine.objects.filter(order=order).with_allocated().order_by("pk")
        return [line.backordered for line in rows]

    return backordered
