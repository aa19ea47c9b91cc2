"""Which barcode a code becomes, and its bars: EAN and UPC where the check digit is right, Code 128, else a QR code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.gtin import is_gtin
from inventory_site.common import qr
from stock.errors import LabelRefused

AUTO, CODE128, QR = "auto", "code128", "qr"
WISHES = {AUTO: gettext_lazy("as fits the code"), CODE128: "Code 128", QR: "QR"}
#: Digits of a symbol whose last one is a check digit, by the name of ReportLab's widget that draws it.
RETAIL = {13: "Ean13BarcodeWidget", 12: "Ean13BarcodeWidget", 8: "Ean8BarcodeWidget"}
PRINTABLE = re.compile(r"[ -~]+")
#: White on both sides, in modules.
QUIET = 11
#: Thinner than two dots of a printer nothing can be read; wider than 0.5 mm a label only wastes room.
FEWEST_DOTS, WIDEST_MM = 2, 0.5
FEWEST_QR_DOTS, WIDEST_QR_MM = 3, 1.0
MM_IN_INCH = 25.4


@dataclass(frozen=True)
class Symbol:
    """``bars`` are (start, width) in modules; of a QR code ``rows`` has them for each row. ``module`` is in mm."""

    module: float
    modules: int
    bars: tuple[tuple[int, int], ...] = ()
    rows: tuple[tuple[tuple[int, int], ...], ...] = ()

    @property
    def width(self) -> float:
        """Without the white around it, in mm."""
        return self.module * self.modules


def symbol_of(code: str, wish: str, room: tuple[float, float], dpi: int) -> Symbol:
    """The best that fits into ``room`` (mm); refused where what was wished for cannot hold the code or does not fit."""
    if wish != QR:
        bars, modules = _linear(code, wish)
        module = _module(room[0] / (modules + 2 * QUIET), dpi, FEWEST_DOTS, WIDEST_MM) if bars else 0
        if module:
            return Symbol(module, modules, bars=bars)
        if wish == CODE128 and not bars:
            raise LabelRefused(
                _("%(code)s: Code 128 holds only unaccented letters, digits and signs. Print a QR code.")
                % {"code": code}
            )
        if wish == CODE128:
            raise LabelRefused(
                _("%(code)s is too long for a Code 128 on this label. Print a QR code, or take a wider label.")
                % {"code": code}
            )
    rows = _squares(code)
    module = _module(min(room[0] / 2, room[1]) / (len(rows) + qr.QUIET), dpi, FEWEST_QR_DOTS, WIDEST_QR_MM)
    if not module:
        raise LabelRefused(_("%(code)s is too long for this label. Take a larger one.") % {"code": code})
    return Symbol(module, len(rows), rows=rows)


def _module(most: float, dpi: int, fewest: int, widest: float) -> float:
    """The largest whole number of the printer's dots, so that all bars are equally sharp; 0 where that is too few."""
    dot = MM_IN_INCH / dpi
    dots = int(min(most, widest) / dot + 1e-9)
    return dots * dot if dots >= fewest else 0.0


@lru_cache(maxsize=2048)
def _linear(code: str, wish: str) -> tuple[tuple[tuple[int, int], ...], int]:
    """Bars and width in modules; nothing where a linear symbol cannot hold the code."""
    if wish == AUTO and len(code) in RETAIL and is_gtin(code):
        return _retail(code)
    return _code128(code) if PRINTABLE.fullmatch(code) else ((), 0)


def _retail(code: str) -> tuple[tuple[tuple[int, int], ...], int]:
    """A UPC-A is the EAN-13 with a 0 before it, bar by bar."""
    from reportlab.graphics.barcode import eanbc
    from reportlab.graphics.shapes import Rect

    widget = getattr(eanbc, RETAIL[len(code)])(
        code.zfill(13) if len(code) == 12 else code, barWidth=1, barHeight=1, quiet=False, humanReadable=False
    )
    drawn = [shape for shape in widget.draw().contents if isinstance(shape, Rect)][1:]  # the first is the frame
    return tuple((int(bar.x), int(bar.width)) for bar in drawn), int(widget.width)


def _code128(code: str) -> tuple[tuple[tuple[int, int], ...], int]:
    from reportlab.graphics.barcode.code128 import Code128

    made = Code128(code, quiet=0)
    made.validate()
    made.encode()
    bars, at = [], 0
    for step in made.decompose():  # a bar is a capital: B is two modules of black, b two of white
        width = ord(step.lower()) - ord("a") + 1
        if step.isupper():
            bars.append((at, width))
        at += width
    return tuple(bars), at


@lru_cache(maxsize=2048)
def _squares(code: str) -> tuple[tuple[tuple[int, int], ...], ...]:
    """Of each row its runs of dark squares, so that few rectangles draw them."""
    rows = []
    for row in qr.squares(code):
        edges = [x for x in range(len(row) + 1) if (x < len(row) and row[x]) != (x > 0 and row[x - 1])]
        rows.append(tuple((left, right - left) for left, right in zip(edges[::2], edges[1::2], strict=True)))
    return tuple(rows)
