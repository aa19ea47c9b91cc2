"""Text for PDFs. Latin letters come with the file; Chinese, Cyrillic and Greek are the reader's own."""

from __future__ import annotations

import unicodedata
from functools import cache
from itertools import groupby
from xml.sax.saxutils import escape

LATIN, BOLD, CHINESE = "Vera", "VeraBd", "STSong-Light"
MARGIN = 40
SHADE, RULE = "#f1f5f4", "#9ca3af"


@cache
def letters() -> frozenset[int]:
    """What the embedded font can draw; registers all fonts."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfbase.ttfonts import TTFont

    for name in (LATIN, BOLD):
        pdfmetrics.registerFont(TTFont(name, f"{name}.ttf"))
    pdfmetrics.registerFont(UnicodeCIDFont(CHINESE))
    return frozenset(pdfmetrics.getFont(LATIN).face.charToGlyph)


def _font_of(letter: str) -> str:
    if ord(letter) in letters():
        return LATIN
    try:
        letter.encode("gb2312")
    except UnicodeEncodeError:
        return ""
    return CHINESE


def _drawn(letter: str) -> str:
    bare = unicodedata.normalize("NFKD", letter)[0]
    return letter if _font_of(letter) == LATIN or _font_of(bare) != LATIN else bare


def runs(text: str) -> list[tuple[str, str]]:
    """Parts with the font that has their letters; a Latin letter that the embedded one lacks loses its accent."""
    plain = "".join(_drawn(letter) for letter in str(text))
    return [(font, "".join(same)) for font, same in groupby(plain, key=lambda c: _font_of(c) or LATIN)]


def marked(text: str) -> str:
    """The same for a paragraph."""
    parts = ((font, escape(part)) for font, part in runs(text))
    return "".join(part if font == LATIN else f'<font name="{font}">{part}</font>' for font, part in parts)


def paragraph(text: str, size: int = 9, *, right: bool = False):
    """The text, as wide as it is given room; its lines stay lines."""
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph

    letters()
    style = ParagraphStyle("cell", fontName=LATIN, fontSize=size, leading=size * 1.35, alignment=2 if right else 0)
    style.wordWrap = "CJK" if any(_font_of(letter) == CHINESE for letter in text) else None
    return Paragraph(marked(text).replace("\n", "<br/>"), style)
