"""What a camera would see of printed codes, small, tilted, noisy and unevenly lit: a film for Chromium's fake one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from reportlab.graphics.barcode import createBarcodeDrawing
from reportlab.graphics.shapes import Rect

WIDTH, HEIGHT, A_SECOND = 1280, 720, 5
SHOWN, GAP = 5, 6  # frames that a code is held into the picture, and frames without one before it


def _bars(node) -> Iterator[Rect]:
    if isinstance(node, Rect):
        yield node
    elif hasattr(node, "draw") and not hasattr(node, "contents"):
        yield from _bars(node.draw())
    else:
        for part in getattr(node, "contents", ()):
            yield from _bars(part)


def printed(kind: str, value: str, width: int) -> Image.Image:
    """A label with a white margin, ``width`` pixels of code across: about two a bar for 1-D codes."""
    plain = {"checksum": 0} if kind in ("Standard39", "I2of5") else {}
    drawing = createBarcodeDrawing(kind, value=value, quiet=False, **plain)
    scale, fine = width / drawing.width, 4
    label = Image.new("L", [round((side * scale + 60) * fine) for side in (drawing.width, drawing.height)], 255)
    pen = ImageDraw.Draw(label)
    for bar in _bars(drawing):
        if bar.fillColor is None or sum(bar.fillColor.rgb()) > 1:
            continue
        left, low = bar.x * scale + 30, (drawing.height - bar.y - bar.height) * scale + 30
        box = [left, low, left + bar.width * scale, low + bar.height * scale]
        pen.rectangle([side * fine - (0.5 if n > 1 else -0.5) for n, side in enumerate(box)], fill=0)
    return label.resize([side // fine for side in label.size], Image.LANCZOS)


def _frame(label: Image.Image | None, tilt: float, draw: np.random.Generator) -> np.ndarray:
    shelf = Image.new("L", (WIDTH, HEIGHT), 110)
    pen = ImageDraw.Draw(shelf)
    for left in range(0, WIDTH, 210):
        pen.rectangle([left, 40, left + 160, HEIGHT - 90], fill=int(draw.integers(60, 170)))
    if label is not None:
        turned, mask = (image.rotate(tilt, expand=True, resample=Image.BICUBIC)
                        for image in (label, Image.new("L", label.size, 255)))  # fmt: skip
        corner = [(side - part) // 2 + int(draw.integers(-25, 26))
                  for side, part in zip(shelf.size, turned.size, strict=True)]  # fmt: skip
        shelf.paste(turned, corner, mask)
    seen = np.asarray(shelf.filter(ImageFilter.GaussianBlur(0.8)), dtype=float)
    light = np.linspace(0.55, 0.95, WIDTH)[None, :]
    return np.clip(seen * light + draw.normal(0, 9, seen.shape), 0, 255).astype(np.uint8)


def write_film(file: Path, codes: Sequence[tuple[str, str, int, float]]) -> Path:
    """Codes (kind, value, width in pixels, tilt in degrees) one after another; Chromium shows it round and round."""
    draw = np.random.default_rng(7)
    colourless = np.full(WIDTH * HEIGHT // 2, 128, np.uint8).tobytes()
    with file.open("wb") as film:
        film.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{A_SECOND}:1 Ip A1:1 C420jpeg\n".encode())
        for kind, value, width, tilt in codes:
            label = printed(kind, value, width)
            for seen in [None] * GAP + [label] * SHOWN:
                film.write(b"FRAME\n" + _frame(seen, tilt, draw).tobytes() + colourless)
    return file
