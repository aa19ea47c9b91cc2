"""Historical sales of the generic format become closed orders and daily demand, and nothing else."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from catalog.models import Product
from inventory_site.common.models import Audit
from inventory_site.common.tables import ImportRefused
from orders import services
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
from stock.models import Allocation, StockMovement, Warehouse

RIGA = ZoneInfo("Europe/Riga")
HEADER = "sku,date,quantity,price,order,customer,name"


def days(sku: str) -> list[tuple]:
    rows = DailyDemand.objects.filter(series__product__sku=sku).order_by("on_date")
    return [(str(row.on_date), row.demand, row.sales, row.price) for row in rows]


def nothing_written() -> bool:
    models = (Product, Warehouse, SalesChannel, Customer, SalesOrder, SalesOrderLine, DemandSeries, DailyDemand)
    return not any(model.objects.exists() for model in (*models, DemandCorrection, Audit))


def test_sales_become_closed_orders_and_daily_demand(bring_in, file_of):
    bring_in(file_of(
        HEADER,
        "cup,2024-03-01 09:00,2,2.50,1001,77,Cup",
        "CUP,2024-03-01 17:00,1,4.00,1002,,A cup",
        "cup,2024-03-03,5,2.00,1003,,Cup",
        "plate,2024-03-02,1,,1001,77,",
    ))  # fmt: skip
    assert [(p.sku, p.name, p.price, p.source) for p in Product.objects.all()] == [
        ("cup", "Cup", Decimal("2.00"), "import"),
        ("plate", "plate", Decimal(0), "import"),
    ]
    assert days("cup") == [("2024-03-01", 3, 3, Decimal("3.0000")), ("2024-03-03", 5, 5, Decimal("2.0000"))]
    assert days("plate") == [("2024-03-02", 1, 1, None)]
    order = SalesOrder.objects.get(external_id="1001")
    assert (order.state, order.source, order.number, order.customer.external_id, order.placed_at.isoformat()) == (
        "closed", "import", "import:1001", "77", "2024-03-01T09:00:00+00:00",
    )  # fmt: skip
    assert [(line.quantity, line.shipped, line.outstanding) for line in order.lines.all()] == [(2, 2, 0), (1, 1, 0)]
    assert list(DemandSeries.objects.order_by("product__sku").values_list("first_on", "closed_on")) == [
        (date(2024, 3, 1), date(2024, 3, 3)),
        (date(2024, 3, 2), date(2024, 3, 3)),
    ]
    assert not StockMovement.objects.exists() and not Allocation.objects.exists()
    assert Audit.objects.get().action == "orders.import_sales"


def test_a_moment_belongs_to_the_business_day_of_its_warehouse(bring_in, file_of, make_warehouse):
    make_warehouse("auckland", time_zone="Pacific/Auckland")
    bring_in(file_of("sku,date,quantity", "cup,2024-03-01T20:00:00Z,1", "cup,2024-03-02 23:30,2"))
    assert [row[:2] for row in days("cup")] == [("2024-03-02", 3)]


def test_rows_without_an_order_share_the_orders_of_their_day(bring_in, file_of):
    bring_in(file_of("sku,date,qty,customer", "cup,2024-03-01,1,", "cup,2024-03-01,1,", "cup,2024-03-01,1,77"))
    orders = SalesOrder.objects.order_by("external_id")
    assert [(o.external_id, o.lines.count()) for o in orders] == [("day 2024-03-01", 2), ("day 2024-03-01 77", 1)]
    assert days("cup") == [("2024-03-01", 3, 3, None)]


def test_a_return_is_taken_off_the_day_of_the_sale_and_known_from_its_own(bring_in, file_of):
    file = bring_in(file_of(
        HEADER,
        "cup,2024-03-01,5,,1,77,",
        "cup,2024-03-02,5,,2,88,",
        "cup,2024-03-04,-7,,3,77,",
        "cup,2024-03-05,-1,,4,88,",
    ))  # fmt: skip
    told = DemandCorrection.objects.order_by("on_date").values_list("on_date", "known_on", "quantity")
    assert list(told) == [(date(2024, 3, 1), date(2024, 3, 4), 5), (date(2024, 3, 2), date(2024, 3, 5), 1)]
    assert [row[1:3] for row in days("cup")] == [(5, 5), (5, 5)]
    assert {name: file.report.facts[name] for name in ("netted", "unmatched", "unmatched_rows")} == {
        "netted": 6, "unmatched": 2, "unmatched_rows": 1,
    }  # fmt: skip


def test_every_bad_cell_is_named_at_once_and_nothing_is_written(file_of, db, tmp_path, capsys):
    path = file_of(
        HEADER,
        "cup,2024-03-01,1,2.50,1,,",
        ",2024-13-01,1.5,-1,2,,",
        "cup,2024-03-01,0,2.50,3,,",
        "cup,2024-03-01,9223372036854775808,1,4,,,,surplus",
    )
    with pytest.raises(CommandError, match="3 rows are bad"):
        call_command("import_sales", path, report=tmp_path / "bad.csv")
    assert nothing_written()
    told = capsys.readouterr().err
    assert "line 3, quantity “1.5”: not a whole number" in told
    with open(tmp_path / "bad.csv", encoding="utf-8-sig") as file:
        listed = [(row["line"], row["column"], row["reason"].split(":")[0]) for row in csv.DictReader(file)]
    assert listed == [
        ("3", "sku", "empty"),
        ("3", "date", "not a date; write 2024-01-31 or 2024-01-31 14"),
        ("3", "quantity", "not a whole number"),
        ("3", "price", "negative"),
        ("4", "quantity", "zero"),
        ("5", "", "more cells than there are headers"),
    ]


def test_only_the_first_bad_rows_are_printed_and_the_file_with_all_is_named(file_of, db, tmp_path, capsys):
    path = file_of("sku,date,quantity", *["cup,2024-03-01,x"] * 70)
    with pytest.raises(CommandError, match="70 rows are bad"):
        call_command("import_sales", path, report=tmp_path / "bad.csv")
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 51 and told[-1] == f"… and 20 more; all of them: {tmp_path / 'bad.csv'}"
    assert len((tmp_path / "bad.csv").read_text().splitlines()) == 71


def test_bad_rows_can_be_left_out_and_mended_later(bring_in, file_of):
    bring_in(file_of(HEADER, "cup,2024-03-01,x,,1,,", "cup,2024-03-01,2,,1,,"), skip_bad_rows=True)
    assert [row[1] for row in days("cup")] == [2]
    mended = bring_in(file_of(HEADER, "cup,2024-03-01,5,,1,,", "cup,2024-03-01,2,,1,,"))
    assert mended.report.written["lines"] == 1 and mended.report.written["changed"] == 0
    assert [row[1] for row in days("cup")] == [7]


def test_a_dry_run_tells_the_same_and_writes_nothing(file_of, db, tmp_path, capsys):
    path = file_of(HEADER, "cup,2024-03-01,2,2.50,1,77,Cup", "cup,2024-03-02,-1,2.50,2,77,Cup")
    call_command("import_sales", path, dry_run=True, report=tmp_path / "a.csv")
    dry = capsys.readouterr().out.splitlines()
    assert nothing_written()
    call_command("import_sales", path, report=tmp_path / "a.csv")
    wet = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("Written")]
    assert dry == [*wet, "Nothing was written: this was a dry run."]
    assert "… sales: 1 (2 pieces)" in dry


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("sku,when,quantity", "needs columns for date. Found: “sku”, “when”, “quantity”"),
        ("InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID", "those of the format “online_retail”"),
    ],
)
def test_a_file_without_its_columns_is_refused_with_what_it_has(bring_in, file_of, header, told):
    with pytest.raises(ImportRefused, match=told):
        bring_in(file_of(header, "1,2,3"))
    assert nothing_written()


def test_a_shop_export_of_order_lines_is_taken_as_it_is(bring_in, file_of):
    bring_in(file_of(
        "Name,Email,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku",
        '#1001,a@example.com,2024-03-01 23:30:00 -0500,2,"Cup, blue",2.50,CUP',
    ), channel="web")  # fmt: skip
    line = SalesOrderLine.objects.get()
    assert (line.order.external_id, line.order.channel.code, line.product.name) == ("#1001", "web", "Cup, blue")
    assert (line.demand_on, line.unit_price, line.order.customer) == (date(2024, 3, 2), Decimal("2.5"), None)


def test_the_warehouse_must_be_known_unless_there_is_only_one(bring_in, file_of, make_warehouse):
    path = file_of("sku,date,quantity,warehouse", "cup,2024-03-01,1,Riga", "cup,2024-03-01,2,")
    make_warehouse("riga")
    bring_in(path)
    make_warehouse("tartu")
    assert [f.reason for f in bring_in(path, write=False).report.first_faults] == [
        "empty, and there are several warehouses: name one for such rows"
    ]
    elsewhere = file_of("sku,date,quantity,warehouse", "cup,2024-03-01,1,Oslo Nord")
    assert bring_in(elsewhere, write=False).report.bad_rows == 1
    bring_in(elsewhere, create_warehouses=True)
    assert Warehouse.objects.get(code="oslo-nord").name == "Oslo Nord"
    with pytest.raises(ImportRefused, match="several warehouses"):
        bring_in(file_of("sku,date,quantity", "cup,2024-03-01,1"))


def test_a_person_imports_only_into_their_warehouses(bring_in, file_of, make_warehouse, make_user):
    riga, _tartu = make_warehouse("riga"), make_warehouse("tartu")
    path = file_of("sku,date,quantity,warehouse", "cup,2024-03-01,1,riga", "cup,2024-03-01,1,tartu")
    file = bring_in(path, actor=make_user("buyer", riga), write=False, create_warehouses=True)
    assert [(fault.line, fault.value) for fault in file.report.first_faults] == [(3, "tartu")]


def test_a_closed_warehouse_is_not_made_again(bring_in, file_of, make_warehouse):
    make_warehouse("riga"), make_warehouse("tartu", is_active=False)
    path = file_of("sku,date,quantity,warehouse", "cup,2024-03-01,1,tartu")
    assert bring_in(path, create_warehouses=True, write=False).report.bad_rows == 1


def test_an_order_entered_here_is_left_out(bring_in, file_of, warehouse, make_product, receive, make_user):
    cup = make_product("CUP")
    receive(cup, 10)
    channel = SalesChannel.objects.create(code="web", name="Web")
    services.place_sales_order(
        channel=channel, external_id="1001", actor=make_user("manager"), lines=[services.NewLine(cup, warehouse, 3, 1)]
    )
    today = timezone.now().astimezone(RIGA).date()
    file = bring_in(file_of(HEADER, f"cup,{today},3,1,1001,,", f"cup,{today},1,1,1002,,"), channel="web")
    assert file.report.as_json()["kinds"]["already_live"] == 1
    assert SalesOrderLine.objects.count() == 2
    assert DirtyDay.objects.count() == 1, "a day with orders of our own is closed by the night"


def test_a_day_that_is_not_over_or_has_a_ledger_is_not_closed(bring_in, file_of, warehouse, make_product, receive):
    today = timezone.now().astimezone(RIGA).date()
    bring_in(file_of("sku,date,quantity", f"cup,{today - timedelta(days=9)},1", f"cup,{today},1"))
    assert DemandSeries.objects.get().closed_on == today - timedelta(days=1)
    receive(make_product("PLATE"), 5, effective_at=timezone.now() - timedelta(days=3))
    bring_in(file_of("sku,date,quantity", f"plate,{today - timedelta(days=9)},1", f"plate,{today},1"))
    assert DemandSeries.objects.get(product__sku="PLATE").closed_on == today - timedelta(days=4)
