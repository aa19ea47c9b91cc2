"""Labels: what a scanner reads from the printed page, what fits on it, and what is refused."""

from __future__ import annotations

import re
from io import BytesIO
from itertools import pairwise

import pypdfium2
import pytest
import zxingcpp
from PIL import Image
from pypdf import PdfReader

from stock.errors import LabelRefused
from stock.label_sheets import SHEETS, places
from stock.label_symbols import CODE128, QR, symbol_of
from stock.labels import CUT, Label, fitted, pdf_of, width_of, wrapped

DPI = 300
ITEMS = [
    Label("4006381333931", "Highlighter, yellow, with a name that is longer than one line", "ST-70/24", "12.50 EUR"),
    Label("96385074", "A small thing", "S-1"),
    Label("036000291452", "A thing from overseas", "S-2"),
    Label("SKU-12345", "茉莉花茶 特级 250克 礼盒装", "SKU-12345", "128.00 CNY"),
    Label("茶-1", "茉莉花茶 特级 250克 礼盒装", "茶-1"),
    Label("A-03-2", "A-03-2", note="Riga · hall 2", is_big=True),
    Label("S" * 64, "The longest SKU", "S" * 64),
]
FORMATS = {"4006381333931": "EAN13", "96385074": "EAN8", "0036000291452": "EAN13", "SKU-12345": "Code128",
           "茶-1": "QRCode"}  # fmt: skip


def pages(pdf: bytes, dpi: int = DPI) -> list[Image.Image]:
    """As a printer would see them."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [page.render(scale=dpi / 72, grayscale=True).to_pil() for page in document]
    finally:
        document.close()


def read(picture: Image.Image) -> dict[str, str]:
    return {found.text: found.format.name for found in zxingcpp.read_barcodes(picture)}


@pytest.mark.parametrize(
    "code", ["L7160", "57x32", *(pytest.param(code, marks=pytest.mark.long) for code in {*SHEETS} - {"L7160", "57x32"})]
)
def test_a_scanner_reads_every_label_of_the_printed_sheet(code):
    found = {}
    for page in pages(pdf_of(ITEMS, SHEETS[code])):
        found |= read(page)
    # A UPC-A is an EAN-13 that begins with 0, and is found by either.
    assert set(found) == {item.code for item in ITEMS} - {"036000291452"} | {"0036000291452"}
    assert FORMATS.items() <= found.items()


def test_bars_are_a_whole_number_of_dots_wide():
    for sheet in SHEETS.values():
        dots = symbol_of("4006381333931", "auto", sheet.label, sheet.dpi).module / (25.4 / sheet.dpi)
        assert dots == pytest.approx(round(dots)) and round(dots) >= 2


@pytest.mark.parametrize("code", list(SHEETS))
def test_labels_of_a_sheet_lie_on_the_paper_and_beside_each_other(code):
    sheet = SHEETS[code]
    width, height = sheet.label
    corners = [(x, y) for _page, x, y in places(sheet, sheet.places, 1)]
    assert len(set(corners)) == sheet.places
    assert all(x >= 0 and x + width <= sheet.page[0] + 0.01 for x, _y in corners)
    assert all(y >= -0.01 and y + height <= sheet.page[1] + 0.01 for _x, y in corners)
    columns, rows = sorted({x for x, _y in corners}), sorted({y for _x, y in corners})
    assert all(b - a >= width - 0.01 for a, b in pairwise(columns))
    assert all(b - a >= height - 0.01 for a, b in pairwise(rows))
    # What is left and right of the labels is the same, and so is what is above and below.
    assert columns[0] == pytest.approx(sheet.page[0] - columns[-1] - width, abs=0.6)
    assert rows[0] == pytest.approx(sheet.page[1] - rows[-1] - height, abs=0.6)


def test_a_sheet_that_was_begun_goes_on_at_its_first_free_place():
    sheet = SHEETS["L7160"]
    pdf = pdf_of([Label("A-1", "Bolt", copies=3), Label("B-1", "Nut")], sheet, start=20)
    texts = [page.extract_text().split() for page in PdfReader(BytesIO(pdf)).pages]
    assert [[word for word in words if word in ("Bolt", "Nut")] for words in texts] == [
        ["Bolt", "Bolt"],
        ["Bolt", "Nut"],
    ]
    picture = pages(pdf, 72)[0]
    left, right = (round(side / 25.4 * 72) for side in (sheet.left + sheet.step[0], sheet.page[0]))
    top = round((sheet.top + 6 * sheet.step[1]) / 25.4 * 72)
    assert Image.eval(picture.crop((0, 0, picture.width, top)), lambda shade: 255 - shade).getbbox() is None
    assert Image.eval(picture.crop((left, top, right, picture.height)), lambda shade: 255 - shade).getbbox()


def test_words_that_are_too_long_shrink_and_are_then_cut():
    room = 100.0
    assert fitted("short", 10, room) == ("short", 10)
    text, size = fitted("a little bit too long", 12, room)
    assert (text, width_of(text, size) <= room) == ("a little bit too long", True) and size < 12
    text, size = fitted("x" * 300, 12, room)
    assert text.endswith(CUT) and width_of(text, size) <= room and size == pytest.approx(7.2)
    assert wrapped("one two three", 10, width_of("one two", 10) + 1, 3) == ["one two", "three"]
    assert wrapped("茉莉花茶特级礼盒", 10, width_of("茉莉花茶", 10) + 1, 2) == ["茉莉花茶", "特级礼盒"]
    assert wrapped("xxxxxx yy", 10, width_of("xxxx", 10) + 1, 3) == ["xxxx", "xx", "yy"]
    assert wrapped("", 10, room, 2) == []


@pytest.mark.parametrize(
    ("code", "sheet", "wish", "sentence"),
    [
        ("茶-1", "L7160", CODE128, "茶-1: Code 128 holds only unaccented letters, digits and signs. Print a QR code."),
        ("Ä-1", "L7160", CODE128, "Ä-1: Code 128 holds only unaccented"),
        ("S" * 64, "57x32", CODE128, "SSS is too long for a Code 128 on this label. Print a QR code, or take a wider"),
        ("s" * 400, "L7651", QR, "s is too long for this label. Take a larger one."),
    ],
)
def test_what_no_label_can_hold_is_refused_in_a_sentence(code, sheet, wish, sentence):
    with pytest.raises(LabelRefused, match=re.escape(sentence)):
        pdf_of([Label(code, "Tea")], SHEETS[sheet], wish=wish)


def test_a_wish_for_one_kind_of_barcode_holds_for_all():
    picture = pages(pdf_of(ITEMS[:2], SHEETS["L7160"], wish=QR))[0]
    assert read(picture) == {"4006381333931": "QRCode", "96385074": "QRCode"}
    picture = pages(pdf_of(ITEMS[:2], SHEETS["L7160"], wish=CODE128))[0]
    assert read(picture) == {"4006381333931": "Code128", "96385074": "Code128"}


@pytest.mark.parametrize("number", [300, pytest.param(10_000, marks=pytest.mark.long)])
def test_a_file_of_many_labels(number):
    labels = [Label(f"SKU-{n}", f"Thing {n}", f"SKU-{n}", "1.00 EUR") for n in range(number)]
    pdf = pdf_of(labels, SHEETS["L7160"])
    assert len(PdfReader(BytesIO(pdf)).pages) == -(-number // 21)
    document = pypdfium2.PdfDocument(pdf)
    last = document[len(document) - 1].render(scale=DPI / 72, grayscale=True).to_pil()
    document.close()
    assert set(read(last)) == {label.code for label in labels[number - (number - 1) % 21 - 1 :]}
