"""Numbers on goods: EAN-8, UPC-A, EAN-13 and GTIN-14 are one family, told apart by zeros in front."""

from __future__ import annotations

import re

_WRITTEN = re.compile(r"[0-9]{8}|[0-9]{12,14}")
_LENGTHS = (12, 13, 14)


def is_gtin(digits: str) -> bool:
    """Whether the last digit is the one that the others ask for: their sum, each second one thrice, ends in 0.

    >>> is_gtin("4006381333931"), is_gtin("4006381333932"), is_gtin("96385074")
    (True, False, True)
    """
    if not _WRITTEN.fullmatch(digits):
        return False
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(digits))) % 10 == 0


def spellings(code: str) -> list[str]:
    """How shops and scanners write one number, the code as it is first; ``static/hall/codes.js`` says the same.

    >>> spellings("036000291452")
    ['036000291452', '0036000291452', '00036000291452']
    """
    if not is_gtin(code):
        return [code]
    bare = code.lstrip("0")
    ways = [bare.zfill(length) for length in _LENGTHS if 8 < len(bare) <= length]
    return list(dict.fromkeys([code, *ways]))
