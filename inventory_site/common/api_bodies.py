"""What arrives in a request's body: JSON that both databases can keep."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

DEEPEST = 32


class PlainJSONParser(JSONParser):
    """Refuses what a database or its driver would choke on later: NUL, halves of characters, deep nesting."""

    def parse(self, stream, media_type=None, parser_context=None) -> Any:
        try:
            body = super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError(_too_deep()) from error
        check(body)
        return body


def _too_deep() -> str:
    return _("The body is nested deeper than %(most)d levels.") % {"most": DEEPEST}


def check(body: Any) -> None:
    """Refuse texts and names with NUL or with half a character, and nesting without end."""
    level, depth = [body], 0
    while level:
        inner = []
        for value in level:
            if isinstance(value, dict):
                inner += [*value.keys(), *value.values()]
            elif isinstance(value, list):
                inner += value
            elif isinstance(value, str) and not is_plain(value):
                raise ParseError(_("The body has a text with a character that cannot be kept (NUL, or half of one)."))
        level, depth = inner, depth + 1
        if depth > DEEPEST:
            raise ParseError(_too_deep())


def is_plain(text: str) -> bool:
    return "\0" not in text and (text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text))
