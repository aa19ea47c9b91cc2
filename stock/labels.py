"""Labels with barcodes, drawn as a PDF: knows no model, so that whatever has a code can be printed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO

from inventory_site.common.pdf import letters, runs
from stock.label_sheets import Sheet, places
from stock.label_symbols import AUTO, Symbol, symbol_of

POINTS_IN_MM = 72 / 25.4
#: The white at a label's edge, which no printer hits exactly.
SMALL_EDGE, EDGE = 1.5, 2.5
SMALL_HEIGHT = 26.0
LEAST_POINTS, LEAST_SHARE = 5.0, 0.6
LEAST_BAR, MOST_BAR = 5.0, 22.0
LINE = 1.2
CUT = "…"
#: Where a line may be broken: after a word, and after each letter of a script that writes none.
WORD = re.compile(r"[⺀-鿿＀-￯]|[^\s⺀-鿿＀-￯]+\s*|\s+")


@dataclass(frozen=True)
class Label:
    """``code`` is what a scanner reads; ``copies`` of it follow each other; ``is_big`` is read from afar."""

    code: str
    title: str
    said: str = ""
    note: str = ""
    copies: int = 1
    is_big: bool = False


def pdf_of(labels: Iterable[Label], sheet: Sheet, *, start: int = 1, wish: str = AUTO) -> bytes:
    """One page for each sheet; the first ``start - 1`` places of the first stay empty, as they were used before."""
    from reportlab.pdfgen.canvas import Canvas

    letters()
    out = BytesIO()
    canvas = Canvas(out, pagesize=[side * POINTS_IN_MM for side in sheet.page], pageCompression=1)
    canvas.setTitle("Shelfwise")
    pieces = [label for label in labels for _ in range(label.copies)]
    shown = 0
    for label, (page, x, y) in zip(pieces, places(sheet, len(pieces), start), strict=True):
        if page != shown:
            canvas.showPage()
            shown = page
        _Drawing(canvas, sheet, x, y).draw(label, wish)
    canvas.save()
    return out.getvalue()


class _Drawing:
    """One label's place on the canvas; all lengths are millimetres, sizes of letters points."""

    def __init__(self, canvas, sheet: Sheet, x: float, y: float):
        self.canvas, self.dpi = canvas, sheet.dpi
        self.edge = SMALL_EDGE if sheet.label[1] < SMALL_HEIGHT else EDGE
        self.left, self.bottom = x + self.edge, y + self.edge
        self.width, self.height = sheet.label[0] - 2 * self.edge, sheet.label[1] - 2 * self.edge

    def draw(self, label: Label, wish: str) -> None:
        # The white that scanners want beside the bars may reach into the edge, which is white too.
        symbol = symbol_of(label.code, wish, (self.width + self.edge, self.height), self.dpi)
        if symbol.rows:
            self._with_square(label, symbol)
        else:
            self._with_bars(label, symbol)

    def _sizes(self, label: Label) -> tuple[float, float]:
        """Of the title and of the other lines."""
        share = 0.28 if label.is_big else 0.13
        small = min(max(self.height * 0.1 * POINTS_IN_MM, LEAST_POINTS), 10)
        return min(max(self.height * share * POINTS_IN_MM, 6), 40 if label.is_big else 14), small

    def _with_bars(self, label: Label, symbol: Symbol) -> None:
        """Title, then what is said and noted, the bars, and what they say in digits."""
        size, small = self._sizes(label)
        row = small * LINE / POINTS_IN_MM
        has_row, has_digits = bool(label.said or label.note), not label.is_big
        room = self.height - LEAST_BAR - row * (has_row + has_digits)
        most = 1 if label.is_big else max(1, min(2, int(room / (size * LINE / POINTS_IN_MM))))
        top = self._lines(label.title, self.left, self.bottom + self.height, self.width, size, most)
        if has_row:
            top -= row
            noted = self._right(label.note, top, small)
            self._line(label.said, self.left, top, self.width - noted, small)
        low = self.bottom + row * has_digits
        height = min(top - low - 1.0, MOST_BAR)
        start = self.left + (self.width - symbol.width) / 2
        self._bars(symbol.bars, symbol.module, start, low + 0.3, height)
        if has_digits:
            self._centred(label.code, self.bottom + 0.2 * row, small)

    def _with_square(self, label: Label, symbol: Symbol) -> None:
        """The square at the left, the words beside it."""
        base = self.bottom + (self.height - symbol.width) / 2
        for number, runs_of_row in enumerate(reversed(symbol.rows)):
            self._bars(runs_of_row, symbol.module, self.left, base + number * symbol.module, symbol.module)
        size, small = self._sizes(label)
        room_left = symbol.width + 4 * symbol.module
        left, width = self.left + room_left, self.width - room_left
        row = small * LINE / POINTS_IN_MM
        others = [text for text in (label.said or ("" if label.is_big else label.code), label.note) if text]
        rows = sum(len(wrapped(text, small, width * POINTS_IN_MM, 2)) for text in others)
        most = max(1, int((self.height - row * rows) / (size * LINE / POINTS_IN_MM)))
        top = self._lines(label.title, left, self.bottom + self.height, width, size, min(most, 4))
        for text in others:
            top = self._lines(text, left, top, width, small, 2)

    def _bars(self, bars: Sequence[tuple[int, int]], module: float, x: float, y: float, height: float) -> None:
        path = self.canvas.beginPath()
        for start, width in bars:
            path.rect(*(side * POINTS_IN_MM for side in (x + start * module, y, width * module, height)))
        self.canvas.drawPath(path, stroke=0, fill=1)

    def _lines(self, text: str, x: float, top: float, width: float, size: float, most: int) -> float:
        """Write at most so many lines down from ``top``, all in one size, and say where the last one ends."""
        size = shrunk(text, size, width * POINTS_IN_MM, most)
        for line in wrapped(text, size, width * POINTS_IN_MM, most):
            top -= size * LINE / POINTS_IN_MM
            self._line(line, x, top, width, size)
        return top

    def _line(self, text: str, x: float, y: float, width: float, size: float) -> None:
        """On the lower quarter of its row; smaller where it is too wide, and cut where that is not enough."""
        text, size = fitted(text, size, width * POINTS_IN_MM)
        self._write(text, x * POINTS_IN_MM, (y + size * 0.25 / POINTS_IN_MM) * POINTS_IN_MM, size)

    def _right(self, text: str, y: float, size: float) -> float:
        """Write it at the right end of the row, and say how much of the row it takes."""
        if not text:
            return 0.0
        text, size = fitted(text, size, self.width * POINTS_IN_MM)
        wide = width_of(text, size) / POINTS_IN_MM
        self._line(text, self.left + self.width - wide, y, wide, size)
        return wide + 1.0

    def _centred(self, text: str, y: float, size: float) -> None:
        text, size = fitted(text, size, self.width * POINTS_IN_MM)
        wide = width_of(text, size) / POINTS_IN_MM
        self._write(text, (self.left + (self.width - wide) / 2) * POINTS_IN_MM, y * POINTS_IN_MM, size)

    def _write(self, text: str, x: float, y: float, size: float) -> None:
        for font, part in runs(text):
            self.canvas.setFont(font, size)
            self.canvas.drawString(x, y, part)
            x += _wide(font, part) * size


@lru_cache(maxsize=8192)
def _wide(font: str, text: str) -> float:
    from reportlab.pdfbase.pdfmetrics import stringWidth

    return stringWidth(text, font, 1)


def width_of(text: str, size: float) -> float:
    """In points."""
    return sum(_wide(font, part) for font, part in runs(text)) * size


def fitted(text: str, size: float, room: float) -> tuple[str, float]:
    """The text and its size, so that it is at most ``room`` points wide: smaller first, then cut."""
    wide = width_of(text, size)
    if wide <= room:
        return text, size
    small = max(LEAST_POINTS, size * LEAST_SHARE, size * room / wide * 0.999)
    if width_of(text, small) <= room:
        return text, small
    kept = text
    while kept and width_of(kept + CUT, small) > room:
        kept = kept[:-1].rstrip()
    return kept + CUT, small


def shrunk(text: str, size: float, room: float, most: int) -> float:
    """The size in which the text stands in so many lines, or the smallest that is still read."""
    least = max(LEAST_POINTS, size * LEAST_SHARE)
    while size > least and any(width_of(line, size) > room for line in wrapped(text, size, room, most)):
        size = max(least, size * 0.93)
    return size


def wrapped(text: str, size: float, room: float, most: int) -> list[str]:
    """Lines of at most ``room`` points, broken between words, and within those that are wider than a line.

    What is beyond the last line stays in it.
    """
    words = WORD.findall(" ".join(text.split()))
    parts = [part for word in words for part in (word if width_of(word.rstrip(), size) > room else [word])]
    lines, line = [], ""
    for part in parts:
        if line and width_of((line + part).rstrip(), size) > room and len(lines) < most - 1:
            lines.append(line.rstrip())
            line = ""
        line += part
    return [*lines, line.rstrip()] if line else lines
