"""Sheets and rolls of labels as their makers cut them, in millimetres."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

A4, LETTER = (210.0, 297.0), (215.9, 279.4)
LASER_DPI, THERMAL_DPI = 300, 203


@dataclass(frozen=True)
class Sheet:
    """``step`` is from one label's edge to the next one's; ``left`` and ``top`` are the margins before the first."""

    code: str
    page: tuple[float, float]
    label: tuple[float, float]
    columns: int = 1
    rows: int = 1
    left: float = 0.0
    top: float = 0.0
    step: tuple[float, float] = (0.0, 0.0)
    dpi: int = LASER_DPI

    @property
    def places(self) -> int:
        return self.columns * self.rows

    @property
    def is_roll(self) -> bool:
        return self.places == 1

    def corner(self, place: int) -> tuple[float, float]:
        """The lower left corner of a place (from 0, row by row), from the page's lower left corner."""
        row, column = divmod(place, self.columns)
        return self.left + column * self.step[0], self.page[1] - self.top - row * self.step[1] - self.label[1]

    def __str__(self) -> str:
        width, height = (f"{round(side, 1):g}" for side in self.label)
        if self.is_roll:
            return f"{width} × {height} mm"
        paper = "A4" if self.page == A4 else "US Letter"
        return f"Avery {self.code}, {paper}: {self.places} × ({width} × {height} mm)"


def _roll(width: float, height: float) -> Sheet:
    return Sheet(f"{width:g}x{height:g}", (width, height), (width, height), dpi=THERMAL_DPI)


SHEETS = {
    sheet.code: sheet
    for sheet in (
        Sheet("L7160", A4, (63.5, 38.1), 3, 7, 7.21, 15.15, (66.04, 38.1)),
        Sheet("L7159", A4, (63.5, 33.9), 3, 8, 7.21, 12.9, (66.04, 33.9)),
        Sheet("L7163", A4, (99.1, 38.1), 2, 7, 4.65, 15.15, (101.6, 38.1)),
        Sheet("L7165", A4, (99.1, 67.7), 2, 4, 4.65, 13.1, (101.6, 67.7)),
        Sheet("L7651", A4, (38.1, 21.2), 5, 13, 4.75, 10.7, (40.6, 21.2)),
        Sheet("5160", LETTER, (66.675, 25.4), 3, 10, 4.76, 12.7, (69.85, 25.4)),
        Sheet("5163", LETTER, (101.6, 50.8), 2, 5, 3.96, 12.7, (106.36, 50.8)),
        *(_roll(*size) for size in ((40, 30), (57, 32), (60, 40), (62, 29), (100, 50), (100, 150))),
    )
}


def places(sheet: Sheet, count: int, start: int) -> Iterator[tuple[int, float, float]]:
    """Page (from 0) and corner for each of so many labels, from place ``start`` (from 1) of the first page on."""
    for number in range(start - 1, start - 1 + count):
        page, place = divmod(number, sheet.places)
        yield page, *sheet.corner(place)
