"""Bodies that tell pieces: whole quantities, lines of documents, the version that the caller saw."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

LARGEST = 2**53
MOST_LINES = 1000
WHOLE = re.compile(r"-?[0-9]{1,19}")


class Pieces(serializers.IntegerField):
    """A whole number of pieces, from ``min_value`` (1) up to what the ledger can hold.

    ``subject`` (a SKU) begins the sentence of a refusal; a ``PiecesLine`` sets it for each line.
    """

    subject = ""

    def __init__(self, **kwargs):
        super().__init__(**({"min_value": 1, "max_value": LARGEST} | kwargs))

    def to_internal_value(self, data):
        # int(True) is 1 and int(1.0) is 1: what was meant is not known, so neither is a quantity
        is_whole = isinstance(data, int | str) and not isinstance(data, bool) and WHOLE.fullmatch(str(data).strip())
        if is_whole and self.min_value <= int(data) <= self.max_value:
            return int(data)
        told = {"written": str(data)[:60], "least": self.min_value, "most": self.max_value}
        sentence = _("“%(written)s” is not a quantity. Write a whole number from %(least)d to %(most)d.") % told
        raise serializers.ValidationError(f"{self.subject}: {sentence}" if self.subject else sentence)


class Lines(serializers.ListSerializer):
    """Lines of a body: the fields that name rows (``look_up``) ask the database once for all lines.

    Where the list itself may be null, its lines may still not be.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.child.allow_null = False

    def to_internal_value(self, data):
        if isinstance(data, list) and 1 < len(data) <= MOST_LINES:
            for name, field in self.child.fields.items():
                if hasattr(field, "look_up"):
                    field.look_up({line[name] for line in data if isinstance(line, Mapping) and _is_name(line, name)})
        return super().to_internal_value(data)


def _is_name(line: Mapping, name: str) -> bool:
    return isinstance(line.get(name), str)


class PiecesLine(serializers.Serializer):
    """A line with pieces of something: what is wrong with a quantity is said with the line's product."""

    class Meta:
        list_serializer_class = Lines

    def to_internal_value(self, data):
        subject = self.subject_of(data) if isinstance(data, Mapping) else ""
        for field in self.fields.values():
            if isinstance(field, Pieces):
                field.subject = subject
        return super().to_internal_value(data)

    def subject_of(self, data: Mapping) -> str:
        return str(data.get("product", ""))[:64]


class Versioned(serializers.Serializer):
    """``version`` is the version of the document that the caller saw; an older one is refused (409)."""

    version = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=0, max_value=LARGEST)

    def version_seen(self) -> int | None:
        return self.validated_data["version"]


class LineQuantitySerializer(PiecesLine):
    """Pieces of one line of a document, whose SKU the view tells by ``skus`` ({line: SKU}) in the context."""

    line = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    quantity = Pieces()

    def subject_of(self, data: Mapping) -> str:
        return self.context.get("skus", {}).get(str(data.get("line")), "")


class QuantitiesSerializer(Versioned):
    """Some pieces of some lines; without ``lines`` all that can be. The same line twice is summed."""

    lines = LineQuantitySerializer(many=True, required=False, allow_null=True, default=None, max_length=MOST_LINES)

    def chosen(self) -> dict[int, int] | None:
        return summed(self.validated_data["lines"])


def summed(parts: list[dict[str, Any]] | None, name: str = "quantity") -> dict[int, int] | None:
    """{line: pieces}; what several parts ask of one line is added up."""
    if parts is None:
        return None
    total: dict[int, int] = {}
    for part in parts:
        total[part["line"]] = total.get(part["line"], 0) + part[name]
    return total


def skus_of(lines, path: str = "product__sku") -> dict[str, str]:
    """{line: SKU} of a document's lines (a queryset), for the sentences about them."""
    return {str(pk): sku for pk, sku in lines.values_list("pk", path)}
