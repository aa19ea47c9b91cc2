"""A spreadsheet's CSV file as columns: each distinct text is parsed once, each bad row is named by its line.

Understands a byte-order mark, CRLF, and comma, semicolon or tab between the fields.
"""

from __future__ import annotations

import csv
import re
import warnings
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from django.utils.translation import gettext as _
from pandas.errors import ParserError, ParserWarning

DELIMITERS = ",;\t"
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?", re.ASCII)
DECIMAL_COMMA = re.compile(r"[+-]?\d+,(\d{1,2}|\d{4,})", re.ASCII)


class UnreadableFileError(Exception):
    """The file as a whole cannot be used; the message says why and what to do."""


@dataclass(frozen=True, order=True)
class BadRow:
    """One field that cannot be used, or the whole row where ``column`` is empty."""

    file: str
    line: int
    column: str
    value: str
    reason: str

    def __str__(self) -> str:
        terms = {"file": self.file, "line": self.line, "column": self.column, "reason": self.reason}
        if not self.column:
            return _("%(file)s, line %(line)s: %(reason)s") % terms
        value = " ".join(self.value.split())
        terms["value"] = value if len(value) <= 40 else value[:39] + "…"
        return _("%(file)s, line %(line)s, column %(column)s, value “%(value)s”: %(reason)s") % terms


class Table:
    """The rows of one file, blank lines left out. Parse its columns, ask for ``bad``, then use only ``good`` rows."""

    def __init__(self, path: Path, *, required: Collection[str], optional: Collection[str]):
        self.path = path
        self.delimiter, self.names = _header(path)
        _check_names(path, self.names, required)
        self.unused = [name for name in self.names if name and name not in {*required, *optional}]
        self._frame, too_long = _read(path, self.delimiter, self.names)
        self._rejected: list[tuple[int, str, str, str]] = []
        for record in too_long:
            row = int(np.searchsorted(self._frame.index, record))
            self.reject(
                row, "", "", _("has more fields than the first line; put quotes around a value that holds a delimiter")
            )

    def __len__(self) -> int:
        return len(self._frame)

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def texts(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """For each row the index of its text, and the distinct texts, trimmed; "" where the column is missing."""
        if name not in self:
            return np.zeros(len(self), int), np.array([""], object)
        column = self._frame[name].cat
        texts = [text.strip() for text in column.categories] + [""]  # code -1, a missing field, is the last
        distinct, position = np.unique(np.array(texts, object), return_inverse=True)
        return position[column.codes.to_numpy()], distinct

    def parse(self, name: str, parser: Callable[[str], Any], *, filler: Any, required: bool = False) -> np.ndarray:
        """The values of a column; ``parser`` raises ValueError(reason).

        ``filler`` stands for bad fields and for empty ones, which are bad too where the column is ``required``.
        """
        codes, texts = self.texts(name)
        values, reasons = [], {}
        for code, text in enumerate(texts):
            value = filler
            try:
                if text:
                    value = parser(text)
                elif required:
                    reasons[code] = _("is empty")
            except ValueError as error:
                reasons[code] = str(error)
            values.append(value)
        if reasons:
            for row in np.flatnonzero(np.isin(codes, list(reasons))):
                self.reject(int(row), name, texts[codes[row]], reasons[codes[row]])
        return np.array(values)[codes]

    def reject(self, row: int, column: str, value: str, reason: str) -> None:
        self._rejected.append((row, column, value, reason))

    @property
    def good(self) -> np.ndarray:
        """Whether nothing is wrong with a row, bool [rows]."""
        good = np.ones(len(self), bool)
        good[[row for row, *_rest in self._rejected]] = False
        return good

    @property
    def bad(self) -> list[BadRow]:
        """What was rejected so far, in the order of the file."""
        return sorted(BadRow(self.path.name, self.line(row), *rest) for row, *rest in self._rejected)

    def line(self, row: int) -> int:
        return self._lines[self._frame.index[row]]

    @cached_property
    def _lines(self) -> list[int]:
        """The line on which each record begins; a quoted line break makes them differ from its number."""
        ends = [end for _record, end in _records(self.path, self.delimiter)]
        return [end + 1 for end in ends]


def number(text: str) -> float:
    """12, -3.5, 1e3 or, with a decimal comma, 3,50; raises ValueError with the reason.

    1,234 is refused: it is a thousand to some and one and a bit to others.
    """
    if DECIMAL_COMMA.fullmatch(text):
        text = text.replace(",", ".")
    if not NUMBER.fullmatch(text):
        raise ValueError(_("is not a number (write it as 1234.5)"))
    return float(text)


def whole(text: str) -> int:
    """A whole number, "12" or "12.0"."""
    value = number(text)
    if value != int(value):
        raise ValueError(_("is not a whole number (quantities are counted in whole stock units)"))
    return int(value)


def between(parser: Callable[[str], Any], low: float, high: float, *, open_ends: bool = False) -> Callable[[str], Any]:
    """The parser, refusing what lies outside ``low`` ... ``high`` (or on them)."""

    def parse(text: str) -> Any:
        value = parser(text)
        if not low <= value <= high:
            raise ValueError(_("must lie between %(low)s and %(high)s") % {"low": f"{low:g}", "high": f"{high:g}"})
        if open_ends and value in (low, high):
            raise ValueError(_("must be above %(low)s and below %(high)s") % {"low": f"{low:g}", "high": f"{high:g}"})
        return value

    return parse


def _header(path: Path) -> tuple[str, list[str]]:
    """The delimiter and the column names of the first line, or a sentence on what the file really is."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
        if start[:2] == b"PK":
            raise UnreadableFileError(_("%s is a spreadsheet, not a CSV file: save it as CSV (UTF-8).") % path)
        if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise UnreadableFileError(_("%s is written in UTF-16: save it as CSV (UTF-8).") % path)
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
    except OSError as error:
        raise UnreadableFileError(_("%(path)s cannot be read: %(reason)s.") % _why(path, error)) from error
    except UnicodeDecodeError as error:
        raise UnreadableFileError(_("%s is not written in UTF-8: save it as CSV (UTF-8).") % path) from error
    if not first.strip():
        raise UnreadableFileError(_("%s is empty: its first line must name the columns.") % path)
    delimiter = max(DELIMITERS, key=first.count)
    return delimiter, [name.strip().lower() for name in next(csv.reader([first], delimiter=delimiter))]


def _why(path: Path, error: OSError) -> dict[str, str]:
    return {"path": str(path), "reason": error.strerror or str(error)}


def _check_names(path: Path, names: list[str], required: Collection[str]) -> None:
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise UnreadableFileError(
            _("%(path)s names a column twice: %(names)s.") % {"path": path, "names": ", ".join(twice)}
        )
    missing = [name for name in required if name not in names]
    if missing:
        raise UnreadableFileError(
            _("%(path)s has no column %(missing)s; its first line names: %(names)s.")
            % {"path": path, "missing": ", ".join(missing), "names": ", ".join(names)}
        )


def _read(path: Path, delimiter: str, names: list[str]) -> tuple[pd.DataFrame, list[int]]:
    """The records as categories of text, and the numbers of those with too many fields."""
    columns = [name or f"unnamed {k}" for k, name in enumerate(names)]
    too_long: list[int] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", ParserWarning)
            frame = pd.read_csv(
                path, sep=delimiter, header=0, names=columns, index_col=False, dtype="category",
                keep_default_na=False, skip_blank_lines=False, encoding="utf-8-sig",
            )  # fmt: skip
    except (ParserError, ParserWarning):
        frame, too_long = _read_slowly(path, delimiter, columns)
    except UnicodeDecodeError as error:
        raise UnreadableFileError(_("%s is not written in UTF-8: save it as CSV (UTF-8).") % path) from error
    blank = np.ones(len(frame), bool)
    for name in columns:
        texts = frame[name].cat
        blank &= np.isin(texts.codes, [k for k, text in enumerate(texts.categories) if not text.strip()] + [-1])
    return frame[~blank], too_long


def _read_slowly(path: Path, delimiter: str, columns: list[str]) -> tuple[pd.DataFrame, list[int]]:
    """The same of a torn file, whose records differ in length."""
    rows, too_long = [], []
    for number_of, (record, _end) in enumerate(_records(path, delimiter)):
        if any(text.strip() for text in record[len(columns) :]):
            too_long.append(number_of)
        rows.append((record + [""] * len(columns))[: len(columns)])
    return pd.DataFrame(rows, columns=columns, dtype="category"), too_long


def _records(path: Path, delimiter: str) -> list[tuple[list[str], int]]:
    """Each record below the header, with the number of the line before it."""
    found, before = [], 0
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=delimiter)
            for record in reader:
                found.append((record, before))
                before = reader.line_num
    except csv.Error as error:
        sentence = _("%(path)s, line %(line)s: a quote is opened and never closed.")
        raise UnreadableFileError(sentence % {"path": path, "line": before + 1}) from error
    return found[1:]
