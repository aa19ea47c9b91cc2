"""Importing again: the same file, a renamed one, one that overlaps, one whose import was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import date

import pytest
from django.conf import settings

from catalog.models import Product
from orders.models import (
    Customer,
    DailyDemand,
    DemandCorrection,
    DemandSeries,
    DirtyDay,
    SalesChannel,
    SalesOrder,
    SalesOrderLine,
)
from stock.models import Warehouse

HEADER = "sku,date,quantity,price,order,customer"
JANUARY = ["cup,2024-01-10,5,2,1,77", "cup,2024-01-10,5,2,1,77", "plate,2024-01-12,3,2,2,88"]
FEBRUARY = ["cup,2024-02-01,4,2,3,77", "cup,2024-02-05,-6,2,4,77"]


def everything() -> list:
    """All rows that an import writes, as they are in the database."""
    models = (Product, Customer, SalesChannel, Warehouse, SalesOrder, SalesOrderLine, DemandSeries, DailyDemand)
    return [list(model.objects.order_by("pk").values()) for model in (*models, DemandCorrection)]


def outcome() -> tuple:
    """What counts of it, without keys that depend on the order of writing."""
    lines = SalesOrderLine.objects.order_by("import_key").values_list(
        "import_key", "order__number", "product__sku", "quantity", "shipped", "unit_price", "demand_on"
    )
    found = DailyDemand.objects.order_by("series__product__sku", "on_date").values_list(
        "series__product__sku", "on_date", "demand", "sales", "price", "series__first_on", "series__closed_on"
    )
    back = DemandCorrection.objects.order_by("source_key").values_list("source_key", "on_date", "known_on", "quantity")
    return list(lines), list(found), list(back)


def test_the_same_file_under_another_name_changes_nothing(bring_in, file_of):
    bring_in(file_of(HEADER, *JANUARY, *FEBRUARY))
    before = everything()
    assert SalesOrderLine.objects.count() == 4, "equal rows are two sales where duplicates are not dropped"
    again = bring_in(file_of(HEADER, *JANUARY, *FEBRUARY, name="other.csv"))
    assert everything() == before
    assert set(again.report.written.values()) == {0}


def test_files_that_overlap_add_only_what_is_new(bring_in, file_of):
    bring_in(file_of(HEADER, *JANUARY))
    file = bring_in(file_of(HEADER, *JANUARY[2:], *FEBRUARY))
    assert (file.report.facts["there"], file.report.written["lines"]) == (1, 1)
    parts = outcome()
    bring_in(file_of(HEADER, *JANUARY, *FEBRUARY))
    assert outcome() == parts, "in parts or at once, it is the same"


def test_a_cancellation_finds_sales_of_earlier_files_once(bring_in, file_of):
    bring_in(file_of(HEADER, "cup,2024-01-10,5,2,1,77", "cup,2024-01-11,5,2,2,"))
    file = bring_in(file_of(HEADER, "cup,2024-02-01,4,2,3,77", "cup,2024-02-05,-6,2,4,77", "cup,2024-02-06,-1,2,5,77"))
    assert (file.report.facts["netted"], file.report.facts["unmatched"]) == (7, 0)
    told = DemandCorrection.objects.order_by("on_date", "known_on").values_list("on_date", "known_on", "quantity")
    assert list(told) == [
        (date(2024, 1, 10), date(2024, 2, 5), 2),
        (date(2024, 1, 10), date(2024, 2, 6), 1),
        (date(2024, 2, 1), date(2024, 2, 5), 4),
    ]


def test_a_later_file_corrects_a_line_and_the_night_mends_the_day_that_lost_it(bring_in, file_of):
    bring_in(file_of(HEADER, "cup,2024-01-10,5,2,1,77", "cup,2024-01-12,1,2,2,77"))
    preview = bring_in(file_of(HEADER, "cup,2024-01-11,3,2,1,77"), write=False)
    assert (preview.report.facts["there"], preview.report.facts["changed"]) == (1, 1)
    bring_in(file_of(HEADER, "cup,2024-01-11,3,2,1,77"))
    line = SalesOrderLine.objects.get(order__external_id="1")
    assert (line.quantity, line.shipped, line.demand_on) == (3, 3, date(2024, 1, 11))
    assert DirtyDay.objects.get().on_date == date(2024, 1, 10)


def test_channels_keep_equal_order_numbers_apart(bring_in, file_of):
    path = file_of(HEADER, "cup,2024-01-10,5,2,1,77")
    bring_in(path, channel="web")
    bring_in(path, channel="market")
    assert sorted(SalesOrder.objects.values_list("number", flat=True)) == ["market:1", "web:1"]
    assert DailyDemand.objects.get().demand == 10


@pytest.mark.parametrize("number", ["a/b", "x" * 100])
def test_awkward_order_numbers_still_make_a_document_number(bring_in, file_of, number):
    bring_in(file_of(HEADER, f"cup,2024-01-10,5,2,{number},77"))
    order = SalesOrder.objects.get()
    assert order.external_id == number and len(order.number) <= 64 and "/" not in order.number


def test_an_older_file_moves_the_first_day_and_keeps_the_last(bring_in, file_of):
    bring_in(file_of(HEADER, *FEBRUARY))
    bring_in(file_of(HEADER, *JANUARY))
    series = DemandSeries.objects.get(product__sku="cup")
    assert (series.first_on, series.closed_on) == (date(2024, 1, 10), date(2024, 2, 5))


def test_an_import_that_was_killed_is_finished_by_the_next_one(transactional_db, bring_in, file_of):
    rows = [f"sku-{n % 97},2024-{1 + n % 9:02}-{1 + n % 28:02},{1 + n % 5},2,{n // 3},{n % 50}" for n in range(20_000)]
    rows += [f"sku-{n % 97},2024-10-01,-1,2,back-{n},{n % 50}" for n in range(0, 20_000, 40)]
    path = file_of(HEADER, *rows)
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "import_sales", str(path)]
    process = subprocess.Popen(command, env=os.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not SalesOrderLine.objects.exists():
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert 0 < SalesOrderLine.objects.count() < 20_000
    bring_in(path)
    after_kill = outcome()
    assert len(after_kill[0]) == 20_000 and sum(row[3] for row in after_kill[2]) == 500
    bring_in(path)
    assert outcome() == after_kill
    assert sum(row[2] for row in after_kill[1]) == sum(1 + n % 5 for n in range(20_000))
