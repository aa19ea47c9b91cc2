"""Invoice lines: cancellations, duplicates, write-offs and what is not goods."""

from __future__ import annotations

import csv
from datetime import date

import openpyxl
import pytest

from catalog.models import Product
from orders.models import DailyDemand, DemandCorrection, SalesOrder, SalesOrderLine

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"


@pytest.fixture
def invoices(bring_in, file_of):
    def invoices(*lines: str, **options):
        return bring_in(file_of(HEADER, *lines), format="online_retail", **options)

    return invoices


def listing(tmp_path) -> list[tuple[str, str, str]]:
    with open(tmp_path / "left-out.csv", encoding="utf-8-sig") as file:
        return [(row["finding"], row["line"], row["value"]) for row in csv.DictReader(file)]


def test_every_row_is_accounted_for(invoices, tmp_path):
    file = invoices(
        "1,85123A,HEART,6,2010-12-01 08:26:00,2.55,17850,UK",
        "1,85123A,HEART,6,2010-12-01 08:26:00,2.55,17850,UK",
        "1,85123a,HEART,2,2010-12-01 08:26:00,2.55,17850,UK",
        "1,POST,POSTAGE,1,2010-12-01 08:26:00,18,17850,UK",
        "1,m,Manual,x,2010-12-01 08:26:00,18,17850,UK",
        "A2,B,Adjust bad debt,1,2010-12-01 08:26:00,-11062.06,,UK",
        "3,gift_0001_20,Voucher,1,2010-12-01 08:26:00,20,,UK",
        "4,85123A,thrown away,-20,2010-12-02 09:00:00,0,,UK",
        "C5,85123A,HEART,-9,2010-12-03 09:00:00,2.55,17850,UK",
        "C6,85123A,HEART,-1,2010-12-03 09:00:00,2.55,,UK",
    )
    kinds = file.report.as_json()["kinds"]
    assert kinds == {
        "sale": 2, "cancellation": 2, "bad": 0, "duplicate": 1, "not_goods": 4, "write_off": 1, "already_live": 0,
    }  # fmt: skip
    assert sum(kinds.values()) == file.report.rows == 10
    assert file.report.not_goods == {"POST": 1, "M": 1, "B": 1, "GIFT_0001_20": 1}
    assert listing(tmp_path) == [
        ("duplicate", "3", "85123A"),
        ("not_goods", "5", "POST"), ("not_goods", "6", "m"), ("not_goods", "7", "B"),
        ("not_goods", "8", "gift_0001_20"),
        ("write_off", "9", "85123A"),
        ("cancellation_without_sale", "10", "85123A"), ("cancellation_without_sale", "11", "85123A"),
    ]  # fmt: skip
    assert Product.objects.get().sku == "85123A"
    assert (DailyDemand.objects.get().demand, SalesOrder.objects.count()) == (8, 1)
    assert sorted(DemandCorrection.objects.values_list("quantity", flat=True)) == [2, 6]


def test_a_huge_order_cancelled_at_once_leaves_no_demand(invoices):
    invoices(
        "581483,23843,BIRDIE,80995,2011-12-09 09:15:00,2.08,16446,UK",
        "C581484,23843,BIRDIE,-80995,2011-12-09 09:27:00,2.08,16446,UK",
    )
    correction = DemandCorrection.objects.get()
    assert (correction.quantity, correction.on_date, correction.known_on) == (
        80_995, date(2011, 12, 9), date(2011, 12, 9),
    )  # fmt: skip
    assert DailyDemand.objects.get().demand - correction.quantity == 0


def test_another_customers_sale_is_not_cancelled(invoices):
    file = invoices(
        "1,23166,JAR,5,2011-01-18 10:00:00,1.04,12346,UK",
        "C2,23166,JAR,-5,2011-01-18 10:17:00,1.04,99999,UK",
    )
    assert not DemandCorrection.objects.exists()
    assert (file.report.facts["unmatched"], file.report.facts["unmatched_rows"]) == (5, 1)


def test_what_neither_sells_nor_cancels_nor_writes_off_is_bad(invoices):
    file = invoices(
        "1,23166,JAR,-5,2011-01-18 10:00:00,1.04,12346,UK",
        "C2,23166,JAR,5,2011-01-18 10:17:00,1.04,12346,UK",
        ",23166,JAR,5,2011-01-18 10:17:00,1.04,12346,UK",
        "3,23166,JAR,5,2011-01-18 10:17:00,,12346,UK",
        write=False,
    )
    assert [(fault.line, fault.column, fault.reason) for fault in file.report.first_faults] == [
        (2, "Quantity", "negative, but neither a cancellation (C…) nor a write-off at price 0"),
        (3, "Quantity", "a cancellation's quantity is negative"),
        (4, "InvoiceNo", "empty"),
        (5, "UnitPrice", "empty"),
    ]


def test_a_product_is_named_as_it_is_most_often_called(invoices):
    invoices(
        "1,23166,check,1,2011-01-18 10:00:00,0,,UK",
        "2,23166,JAR,1,2011-01-18 10:00:00,1.04,12346,UK",
        "3,23166,JAR,1,2011-01-19 10:00:00,1.25,12346,UK",
        "4,23166,,1,2011-01-20 10:00:00,0,12346,UK",
    )
    product = Product.objects.get()
    assert (product.name, str(product.price)) == ("JAR", "1.25")


def test_a_workbook_and_a_text_of_the_same_rows_are_the_same_lines(invoices, bring_in, tmp_path):
    row = "536365,71053,LANTERN,6,12/1/2010 8:26,3.39,17850,UK"
    invoices(row)
    book = openpyxl.Workbook()
    book.active.append(HEADER.split(","))
    book.active.append([536365, 71053, "LANTERN", 6, "2010-12-01 08:26:00", 3.39, 17850.0, "UK"])
    book.save(tmp_path / "same.xlsx")
    file = bring_in(tmp_path / "same.xlsx", format="online_retail")
    assert (file.report.facts["there"], file.report.facts["changed"]) == (1, 0)
    assert SalesOrderLine.objects.count() == 1
