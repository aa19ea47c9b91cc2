"""QR codes as rows of dark and light squares, drawn in a terminal or on a page."""

from __future__ import annotations

#: Scanners want four squares of white around it.
QUIET = 4
WHITE_ON_BLACK = "\x1b[38;5;231;48;5;16m"
PLAIN = "\x1b[0m"
#: By the upper and the lower square: what is light is drawn, so that it reads on dark terminals too.
HALVES = {(False, False): "█", (False, True): "▀", (True, False): "▄", (True, True): " "}


def squares(text: str) -> list[list[bool]]:
    """True is dark; without the quiet zone. Corrects 15 % of what is dirty or torn."""
    from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel

    code = QRCode(None, QRErrorCorrectLevel.M)
    code.addData(text)
    code.make()
    return [[bool(square) for square in row] for row in code.modules]


def _with_quiet(rows: list[list[bool]]) -> list[list[bool]]:
    width = len(rows) + 2 * QUIET
    side, blank = [False] * QUIET, [[False] * width for _ in range(QUIET)]
    return [*blank, *(side + row + side for row in rows), *blank]


def for_terminal(text: str) -> str:
    """Two rows a line, black on white whatever the terminal's colours are."""
    rows = _with_quiet(squares(text))
    rows += [[False] * len(rows[0])] if len(rows) % 2 else []
    pairs = zip(rows[::2], rows[1::2], strict=True)
    lines = ("".join(HALVES[pair] for pair in zip(*two, strict=True)) for two in pairs)
    return "\n".join(f"{WHITE_ON_BLACK}{line}{PLAIN}" for line in lines)


def path(text: str) -> tuple[str, int]:
    """The dark squares as the path of an SVG, and the width of its view box, quiet zone and all."""
    rows = _with_quiet(squares(text))
    dark = (f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, is_dark in enumerate(row) if is_dark)
    return "".join(dark), len(rows)
