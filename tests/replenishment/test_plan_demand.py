"""DEMAND.csv becomes buckets that end with --as-of; what is odd in it is said."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from replenishment.csv_table import UnreadableFileError
from replenishment.plan_demand import Calendar, read_demand

WEDNESDAY = date(2024, 5, 15)


@pytest.fixture
def read(tmp_path):
    def read(text: str | bytes, freq: str = "D", as_of: date = WEDNESDAY):
        path = tmp_path / "demand.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_demand(path, Calendar(freq, as_of))

    return read


def test_a_week_is_the_seven_days_that_end_on_the_weekday_of_as_of():
    calendar = Calendar("W", WEDNESDAY)
    days = np.array(["2024-05-08", "2024-05-09", "2024-05-15", "2024-05-16"], "datetime64[D]")
    assert calendar.bucket(days).tolist() == [-1, 0, 0, 1]
    assert calendar.first_days([-1, 0, 1]) == [date(2024, 5, 2), date(2024, 5, 9), date(2024, 5, 16)]


def test_a_month_is_a_calendar_month_and_one_not_over_is_ahead():
    days = np.array(["2023-12-31", "2024-04-30", "2024-05-01"], "datetime64[D]")
    assert Calendar("M", date(2024, 5, 31)).bucket(days).tolist() == [-5, -1, 0]
    assert Calendar("M", WEDNESDAY).bucket(days).tolist() == [-4, 0, 1]
    assert Calendar("M", date(2024, 2, 29)).last_on == date(2024, 2, 1)
    assert Calendar("M", date(2024, 1, 31)).first_days([1, 2]) == [date(2024, 2, 1), date(2024, 3, 1)]


def test_sales_of_a_bucket_add_up_and_buckets_without_a_row_are_zero_since_the_first(read):
    demand = read("sku,date,quantity\nA,2024-05-11,2\nA,2024-05-11 17:30,3\nB,2024-05-13,1\nA,2024-05-14,4.0\n")
    panel = demand.panel(0)
    assert demand.keys.sku.tolist() == ["A", "B"] and panel.last_on == WEDNESDAY
    np.testing.assert_array_equal(panel.demand, [[5, 0, 0, 4, 0], [np.nan, np.nan, 1, 0, 0]])


def test_weeks_and_months_gather_their_days(read):
    text = "sku,date,quantity\nA,2024-03-31,1\nA,2024-04-30,2\nA,2024-05-08,3\nA,2024-05-09,4\nA,2024-05-15,5\n"
    assert read(text, "W").panel(0).demand.tolist() == [[1, 0, 0, 0, 2, 3, 9]]
    assert read(text, "M", date(2024, 5, 31)).panel(0).demand.tolist() == [[1, 2, 12]]


def test_a_month_that_is_not_over_is_left_out_and_said(read):
    demand = read("sku,date,quantity\nA,2024-04-03,1\nA,2024-05-02,9\n", "M")
    assert demand.panel(0).demand.tolist() == [[1]]
    assert demand.notes == [
        "1 row after 2024-04-30 carries a quantity, which is not used.",
        "The month of 2024-05-15 is not over: the last bucket is the month before.",
    ]


def test_the_same_sku_in_two_warehouses_is_two_series_of_one_product(read):
    demand = read("warehouse,sku,date,quantity\nriga,A,2024-05-15,1\nwien,A,2024-05-15,2\n")
    assert demand.keys.to_numpy().tolist() == [["A", "riga"], ["A", "wien"]] and demand.has_warehouses
    assert demand.panel(0).demand.tolist() == [[1], [2]] and demand.panel(0).product.tolist() == ["A", "A"]


def test_promotion_and_price_ahead_are_known_as_far_as_the_file_tells(read):
    demand = read(
        "sku,date,quantity,price,promotion\n"
        "A,2024-05-13,4,2.5,1\nA,2024-05-15,1,3,0\nA,2024-05-17,,2,1\nB,2024-05-14,1,,\nB,2024-05-16,,,\n"
    )
    panel = demand.panel(3)
    np.testing.assert_array_equal(panel.known["promotion"], [[1, 0, 0, 0, 1, np.nan], [0, 0, 0, 0, 0, np.nan]])
    nan = np.nan
    np.testing.assert_array_equal(panel.known["price"], [[2.5, nan, 3, nan, 2, nan], [nan] * 6])
    np.testing.assert_array_equal(panel.demand, [[4, 0, 1], [nan, 1, 0]])


def test_a_price_in_a_column_of_no_promotions_makes_none(read):
    panel = read("sku,date,quantity,price\nA,2024-05-15,1,2\n").panel(1)
    assert list(panel.known) == ["price"] and panel.stocked_out is None


def test_stock_is_unknown_where_no_row_tells_of_it(read):
    panel = read("sku,date,quantity,stocked_out\nA,2024-05-13,4,\nA,2024-05-14,4,0.25\nA,2024-05-14,1,0.75\n").panel(0)
    np.testing.assert_array_equal(panel.stocked_out, [[np.nan, 0.5, np.nan]])


def test_an_item_with_rows_ahead_only_waits(read):
    demand = read("sku,date,quantity,promotion\nB,2024-05-15,1,\nA,2024-05-17,,1\nC,2024-05-15,2,\n")
    assert demand.keys.sku.tolist() == ["B", "C"] and demand.waiting.sku.tolist() == ["A"]
    assert demand.panel(0).demand.tolist() == [[1], [2]]


def test_a_quantity_after_as_of_is_never_read(read):
    demand = read("sku,date,quantity\nA,2024-05-15,1\nA,2024-05-16,700\n")
    assert demand.panel(5).demand.tolist() == [[1]]
    assert demand.notes == ["1 row after 2024-05-15 carries a quantity, which is not used."]


def test_history_older_than_four_years_of_days_is_cut(read):
    panel = read("sku,date,quantity\nA,2010-01-01,9\nA,2024-05-15,1\n").panel(0)
    assert panel.demand.shape == (1, 1461) and panel.demand.sum() == 1


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbfsku,date,quantity,price\r\nA,2024-05-14,3,1.5\r\n\r\nA,2024-05-15,4,\r\n",
        b"SKU;Date;Quantity;Price\nA;2024-05-14;3;1,5\nA;2024-05-15;4;\n",
        b"sku\tdate\tquantity\tprice\nA\t2024-05-14\t3.0\t1.5\n A \t2024-05-15T08:00:00Z\t4\t\n",
        b'"sku","date","quantity","price",\n"A","2024-05-14","3","1.5",\n"A","2024-05-15","4",,\n',
    ],
)
def test_the_dialects_of_spreadsheets_are_understood(read, text):
    demand = read(text)
    assert demand.bad == [] and demand.notes == []
    panel = demand.panel(0)
    assert panel.demand.tolist() == [[3, 4]] and panel.known["price"][0, 0] == 1.5


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"", "is empty: its first line must name the columns"),
        (b"\n\n", "is empty: its first line must name the columns"),
        (b"PK\x03\x04", "is a spreadsheet, not a CSV file"),
        ("sku,date,quantity\n".encode("utf-16"), "is written in UTF-16"),
        ("sku,date,quantity\nÄ,2024-05-15,1\n".encode("latin-1"), "is not written in UTF-8"),
        (b"sku,day,quantity\nA,2024-05-15,1\n", "has no column date; its first line names: sku, day, quantity"),
        (b"sku,date,quantity,SKU\n", "names a column twice: sku"),
        (b"sku,date,quantity\n", "has no row up to --as-of that can be used"),
        (b"sku,date,quantity\nA,2024-05-16,1\n", "has no row up to --as-of that can be used"),
        (b'sku,date,quantity\nA,2024-05-15,"' + b"1" * 200_000, "line 2: a quote is opened and never closed"),
    ],
)
def test_what_is_no_demand_file_is_refused_with_a_sentence(read, text, sentence):
    with pytest.raises(UnreadableFileError, match=sentence):
        read(text)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UnreadableFileError, match=r"none\.csv cannot be read: No such file"):
        read_demand(tmp_path / "none.csv", Calendar("D", WEDNESDAY))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",2024-05-15,1,,,", "column sku, value “”: is empty"),
        ("B,15.05.2024,1,,,", "column date, value “15.05.2024”: is not a date (write it as YYYY-MM-DD)"),
        ("B,2024-02-30,1,,,", "column date, value “2024-02-30”: is not a date (write it as YYYY-MM-DD)"),
        ("B,,1,,,", "column date, value “”: is empty"),
        ("B,1924-05-15,1,,,", "value “1924-05-15”: lies more than 40 years before or 3 years after --as-of"),
        ("B,2024-05-15,,,,", "column quantity, value “”: is empty; write 0 where nothing was asked for"),
        ("B,2024-05-15,many,,,", "value “many”: is not a number (write it as 1234.5)"),
        ("B,2024-05-15,nan,,,", "value “nan”: is not a number (write it as 1234.5)"),
        ('B,2024-05-15,"1,234",,,', "value “1,234”: is not a number (write it as 1234.5)"),
        ("B,2024-05-15,2.5,,,", "is not a whole number (quantities are counted in whole stock units)"),
        ("B,2024-05-15,-2,,,", "value “-2”: must lie between 0 and 1e+12"),
        ("B,2024-05-15,1,-1,,", "column price, value “-1”: must lie between 0 and 1e+12"),
        ("B,2024-05-15,1,1,2,", "column promotion, value “2”: must lie between 0 and 1"),
        ("B,2024-05-15,1,1,1,30", "column stocked_out, value “30”: must lie between 0 and 1"),
        ("B,2024-05-15,1,1,1,1,7", "has more fields than the first line; put quotes around a value that"),
    ],
)
def test_a_bad_row_is_named_by_line_column_value_and_reason_and_left_out(read, row, reason):
    demand = read(f"sku,date,quantity,price,promotion,stocked_out\nA,2024-05-15,1,,,\n\n{row}\nC,2024-05-15,2,,,\n")
    assert len(demand.bad) == 1
    assert str(demand.bad[0]).startswith("demand.csv, line 4") and reason in str(demand.bad[0])
    assert demand.keys.sku.tolist() == ["A", "C"]


def test_lines_are_counted_as_an_editor_counts_them(read):
    demand = read('sku,date,quantity\n"A\nB",2024-05-15,1\nC,never,1\n')
    assert [row.line for row in demand.bad] == [4]


def test_columns_that_are_not_used_and_old_files_are_said(read):
    notes = read("sku,date,quantity,colour\nA,2024-05-01,1,red\n").notes
    assert notes[0].endswith("columns not used: colour.")
    assert notes[1] == "The last row up to --as-of is of 2024-05-01: the buckets since then count as zero."


def test_weeks_dated_on_another_weekday_than_they_begin_are_said(read):
    text = "sku,date,quantity\nA,{},1\nA,{},1\n"
    assert read(text.format("2024-05-02", "2024-05-09"), "W").notes == []
    assert (
        "weeks that end with --as-of begin on another (2024-05-09)"
        in read(text.format("2024-05-06", "2024-05-13"), "W").notes[0]
    )
