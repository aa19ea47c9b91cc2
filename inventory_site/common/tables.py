"""CSV and XLSX as one stream of rows, whatever their encoding and delimiter."""

from __future__ import annotations

import codecs
import csv
import itertools
import re
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, BinaryIO, TextIO
from xml.etree.ElementTree import ParseError

from django.utils.translation import gettext as _

from inventory_site.common.errors import DomainError

Cell = str | datetime

ENCODINGS = ("utf-8", "windows-1252", "windows-1257", "gb18030")
#: Where as much speaks for two, the first of them is meant: a comma may be a decimal one.
DELIMITERS = {"\t": "tab", ";": "semicolon", "|": "bar", ",": "comma"}
BLANK = "".join(DELIMITERS) + '" \r\n'
LINES_LOOKED_AT = 50
CHUNK = 2**20
ASCII = bytes(range(128))
#: Two or more of the common characters of Chinese, as GB 18030 (and GBK, GB 2312) writes them.
HANZI = re.compile(rb"(?:[\xb0-\xf7][\xa1-\xfe]){2,}")
BROKEN_WORKBOOK = (zipfile.BadZipFile, zlib.error, EOFError, ParseError, KeyError, ValueError, OSError)


class ImportRefused(DomainError):
    """The file as a whole cannot be brought in; nothing was written."""

    code = "import_refused"


@dataclass
class TableRow:
    """One row: the line it starts on, its cells, or why they could not be told apart."""

    line: int
    cells: list[Cell]
    fault: str = ""


@dataclass
class Table:
    """A file that is open for reading once; ``total`` is an estimate of its rows."""

    about: str
    headers: list[str]
    rows: Iterator[TableRow]
    total: int
    first_line: int = 1  # where the headers stand


@contextmanager
def open_table(path: Path, encoding: str = "") -> Iterator[Table]:
    """The first sheet or the whole CSV; what it is decides, not its name. Blank lines are passed over."""
    with open(path, "rb") as file:
        start = file.read(8)
    if start.startswith(b"PK"):
        with open(path, "rb") as file:  # not by its name: an upload may be called anything
            yield from _open_workbook(file)
    elif start.startswith(b"\xd0\xcf\x11\xe0"):
        raise ImportRefused(_("This is an old Excel file (.xls). Save it as .xlsx or CSV."))
    else:
        yield from _open_text(path, encoding)


def _open_text(path: Path, encoding: str) -> Iterator[Table]:
    encoding, lines = _encoding_of(path, encoding)
    errors = "strict" if encoding.startswith("utf") else "replace"
    with open(path, encoding=encoding, errors=errors, newline="") as file:
        delimiter = _delimiter_of(file)
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        rows = _text_rows(reader)
        first = next(rows, None)
        if first is None:
            raise ImportRefused(_("The file is empty."))
        about = f"CSV, {encoding.removesuffix('-sig')}, {DELIMITERS[delimiter]}"
        yield Table(about, [str(cell) for cell in first.cells], rows, max(lines - 1, 1), first.line)


def _encoding_of(path: Path, wanted: str) -> tuple[str, int]:
    """The encoding, and how many line ends the file has."""
    with open(path, "rb") as file:
        is_wide = file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    fits, lines = _looked_through(path, "utf-16" if is_wide else "utf-8")
    if is_wide and not fits:
        raise ImportRefused(_("This is neither a text file nor an Excel file (.xlsx)."))
    if is_wide:
        return "utf-16", lines
    if wanted and wanted != "utf-8":
        return wanted, lines
    if wanted == "utf-8" and not fits:
        raise ImportRefused(_("The file is not UTF-8. Leave the encoding empty or name the right one."))
    if fits:
        return "utf-8-sig", lines
    return ("gb18030" if _is_chinese(path) else "windows-1252"), lines


def _looked_through(path: Path, encoding: str) -> tuple[bool, int]:
    """Whether all of the file is in this encoding, and how many line ends it has. NUL is in no text: refused."""
    decoder, lines, fits, chunk = codecs.getincrementaldecoder(encoding)(), 0, True, b"-"
    with open(path, "rb") as file:
        while chunk:
            chunk, text = file.read(CHUNK), ""
            lines += chunk.count(b"\n")
            try:
                text = decoder.decode(chunk, final=not chunk) if fits else ""
            except UnicodeDecodeError:
                fits = False
            # databases take no NUL; UTF-16 has such bytes, but as characters only where it is really UTF-32
            if "\0" in text or (encoding == "utf-8" and b"\0" in chunk):
                raise ImportRefused(_("This is neither a text file nor an Excel file (.xlsx)."))
    return fits, lines


def _is_chinese(path: Path) -> bool:
    """Whether it reads as GB 18030, and not by chance: accented letters of the West seldom stand side by side."""
    decoder, hanzi, high, chunk = codecs.getincrementaldecoder("gb18030")(), 0, 0, b"-"
    with open(path, "rb") as file:
        while chunk:
            chunk = file.read(CHUNK)
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError:
                return False
            hanzi += sum(map(len, HANZI.findall(chunk)))
            high += len(chunk.translate(None, ASCII))
    return hanzi * 2 > high


def _delimiter_of(file: TextIO) -> str:
    """Of those in the first line that is not blank, the one that stands as often in most lines after it.

    Signs between quotation marks do not count.
    """
    lines = itertools.islice((line for line in file if line.strip(BLANK)), LINES_LOOKED_AT)
    outside = ["".join(line.split('"')[::2]) for line in lines]
    file.seek(0)
    first = outside[0] if outside else ""
    found = {sign: first.count(sign) for sign in DELIMITERS if sign in first}
    alike = {sign: sum(line.count(sign) == n for line in outside) for sign, n in found.items()}
    return max(found, key=lambda sign: (alike[sign], found[sign]), default=",")


def _text_rows(reader: Any) -> Iterator[TableRow]:
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield TableRow(line, [], _("The line cannot be split into cells (%(why)s).") % {"why": error})
            continue
        if any(cells):
            yield TableRow(line, [cell.strip() for cell in cells])


def _open_workbook(file: BinaryIO) -> Iterator[Table]:
    import openpyxl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # openpyxl: missing default style and the like
        book = _whole(lambda: openpyxl.load_workbook(file, read_only=True, data_only=True))
    try:
        if not book.worksheets:
            raise ImportRefused(_("The workbook has no sheet with cells."))
        sheet = book.worksheets[0]
        total = max((sheet.max_row or 1) - 1, 1)
        sheet.reset_dimensions()  # many exporters write a wrong size, and rows beyond it would be lost
        rows = _sheet_rows(sheet)
        first = next(rows, None)
        if first is None:
            raise ImportRefused(_("The sheet “%(name)s” is empty.") % {"name": sheet.title})
        yield Table(f"XLSX, “{sheet.title}”", [str(cell) for cell in first.cells], rows, total, first.line)
    finally:
        book.close()


def _sheet_rows(sheet: Any) -> Iterator[TableRow]:
    values = sheet.iter_rows(values_only=True)
    for line in itertools.count(1):
        row = _whole(lambda: next(values, None))
        if row is None:
            return
        if any(value is not None and value != "" for value in row):
            yield TableRow(line, [_cell(value) for value in row])


def _whole(read: Callable[[], Any]) -> Any:
    """Read from a workbook; a torn one is refused in words."""
    try:
        return read()
    except BROKEN_WORKBOOK as error:
        raise ImportRefused(
            _("The Excel file is damaged or not complete (%(why)s). Save or download it again.") % {"why": error}
        ) from error


def _cell(value: Any) -> Cell:
    if isinstance(value, str):
        return value.strip()
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
