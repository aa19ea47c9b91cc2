"""CSV and XLSX of many kinds become the same rows."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime

import openpyxl
import pytest

from inventory_site.common.tables import ImportRefused, open_table

TEXT = "sku,näme,quantity\nA-1,Crème brûlée,3\n\nB-2,“two”,4\n"
MOMENT = datetime.fromisoformat("2024-01-31 08:05")
ROWS = [(2, ["A-1", "Crème brûlée", "3"]), (4, ["B-2", "“two”", "4"])]


@pytest.fixture
def read(tmp_path):
    def read(content: bytes, encoding: str = ""):
        """Headers, rows with their lines, and what the file is said to be."""
        path = tmp_path / "file"
        path.write_bytes(content)
        with open_table(path, encoding) as table:
            return table.headers, [(row.line, row.fault or row.cells) for row in table.rows], table.about

    return read


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1252"])
def test_encodings_are_found_out(read, encoding):
    headers, rows, _about = read(TEXT.encode(encoding))
    assert headers == ["sku", "näme", "quantity"]
    assert rows == ROWS


def test_what_chinese_excel_writes_is_found_out(read):
    text = "编码,名称,数量,单位\nA-1,陶瓷茶杯（大）,3,个\nB-2,《红楼梦》,4,本\n"
    headers, rows, _about = read(text.encode("gbk"))
    assert headers == ["编码", "名称", "数量", "单位"]
    assert [cells for _line, cells in rows] == [["A-1", "陶瓷茶杯（大）", "3", "个"], ["B-2", "《红楼梦》", "4", "本"]]


@pytest.mark.parametrize("word", ["Größe", "Maß für Öl", "crème brûlée", "élève näïve", "España", "àéèù"])
def test_words_of_the_west_do_not_become_chinese(read, word):
    assert read(f"sku,name\nA,{word}\nB,Größe in Fuß\nC,Café\n".encode("windows-1252"))[1][0] == (2, ["A", word])


def test_an_encoding_can_be_named_where_it_cannot_be_found_out(read):
    assert read("sku,name\nA,茶杯\n".encode("gb18030"), "gb18030")[1] == [(2, ["A", "茶杯"])]
    with pytest.raises(ImportRefused, match="not UTF-8"):
        read("sku\nž\n".encode("windows-1257"), "utf-8")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_commonest_of_the_first_line_outside_quotes(read, delimiter):
    text = TEXT.replace(",", delimiter).replace("näme", '"na,,,,;;;;\t\t\t\t||||me"')
    assert read(text.encode())[1] == ROWS


def test_a_cell_over_several_lines_counts_from_where_it_starts(read):
    rows = read(b'sku,name\nA,"one\ntwo"\nB,three\n')[1]
    assert rows == [(2, ["A", "one\ntwo"]), (4, ["B", "three"])]


def test_a_quotation_mark_that_is_never_closed_names_its_line(read):
    rows = read(b'sku,name\nA,one\nB,"two\nC,three\n')[1]
    assert rows[0] == (2, ["A", "one"])
    assert rows[1][0] == 3 and "cannot be split into cells" in rows[1][1] and len(rows) == 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 100, "old Excel"),
        (b"sku,quantity\nA,\x00\x01", "neither a text file"),
        ("sku,quantity\nA,1\n".encode("utf-32"), "neither a text file"),
        ("sku,quantity\nA\0,1\n".encode("utf-16"), "neither a text file"),
        ("sku,quantity\nA,1\n".encode("utf-16")[:-1], "neither a text file"),
        (b"PK\x03\x04" + b"x" * 500, "damaged or not complete"),
    ],
)
def test_what_is_no_table_is_refused(read, content, reason):
    with pytest.raises(ImportRefused, match=reason):
        read(content)


def workbook(*rows) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_a_workbook_reads_like_text(read):
    content = workbook(["sku", "day", "price"], [71053, MOMENT, 2.5], [], ["A", None, 3.0])
    headers, rows, about = read(content)
    assert headers == ["sku", "day", "price"] and about == "XLSX, “Sheet”"
    assert rows == [(2, ["71053", MOMENT, "2.5"]), (4, ["A", "", "3"])]


def test_a_workbook_that_states_a_wrong_size_is_read_to_its_end(read):
    content, told = workbook(["sku"], ["A"], ["B"]), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(told, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b'<dimension ref="A1:A3"', b'<dimension ref="A1"'))
    assert b'ref="A1"' in zipfile.ZipFile(told).read("xl/worksheets/sheet1.xml")
    assert [cells for _line, cells in read(told.getvalue())[1]] == [["A"], ["B"]]


def test_a_workbook_cut_short_anywhere_is_refused(read):
    content = workbook(["sku", "quantity"], *[[f"A-{n}", n] for n in range(500)])
    for share in (0.3, 0.7, 0.99):
        with pytest.raises(ImportRefused, match="damaged or not complete"):
            read(content[: int(len(content) * share)])
