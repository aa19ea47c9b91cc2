"""The rows of a file as columns of numbers: some sixty bytes a row, so that half a million fit in little memory."""

from __future__ import annotations

from array import array
from collections.abc import Hashable
from hashlib import blake2b
from typing import Any

import numpy as np

from orders.importers.formats import Kind

#: Column -> type code of ``array``.
COLUMNS = {
    "line": "q", "kind": "b", "sku": "i", "order": "i", "customer": "i", "warehouse": "i",
    "at": "q", "day": "i", "quantity": "q", "price": "q", "digest": "q",
}  # fmt: skip
KEY_BYTES = 15
NOTHING = -1


class Index:
    """Numbers for things in the order in which they were first seen."""

    def __init__(self) -> None:
        self.numbers: dict[Hashable, int] = {}
        self.things: list[Any] = []

    def __len__(self) -> int:
        return len(self.things)

    def number(self, key: Hashable, thing: Any) -> int:
        found = self.numbers.setdefault(key, len(self.things))
        if found == len(self.things):
            self.things.append(thing)
        return found


class Growing:
    """Columns while the file is read."""

    def __init__(self) -> None:
        self._columns = [array(code) for code in COLUMNS.values()]
        self._append = [column.append for column in self._columns]

    def add(self, *values: int) -> None:
        """One row, in the order of ``COLUMNS``."""
        for append, value in zip(self._append, values, strict=True):
            append(value)

    def columns(self) -> dict[str, np.ndarray]:
        return {name: np.array(column) for name, column in zip(COLUMNS, self._columns, strict=True)}


def digest(text: str) -> int:
    """64 bits of a row: among a million rows two different ones are alike once in 37 million files."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogateescape"), digest_size=8).digest(), signed=True)


def line_key(*parts: object) -> str:
    """What a sale or a cancellation is known by in the database, whatever file it comes in."""
    return blake2b("\x1f".join(map(str, parts)).encode(), digest_size=KEY_BYTES).hexdigest()


def later_duplicates(digests: np.ndarray, is_readable: np.ndarray) -> np.ndarray:
    """Places of readable rows that are equal to an earlier one."""
    places = np.flatnonzero(is_readable)
    first = np.unique(digests[places], return_index=True)[1]
    is_later = np.ones(len(places), dtype=bool)
    is_later[first] = False
    return places[is_later]


def occurrences(*columns: np.ndarray) -> np.ndarray:
    """For each row, how many rows before it have the same values."""
    count = len(columns[0])
    if not count:
        return np.zeros(0, dtype=np.int64)
    order = np.lexsort((np.arange(count), *columns))
    starts = np.zeros(count, dtype=bool)
    starts[0] = True
    for column in columns:
        starts[1:] |= column[order][1:] != column[order][:-1]
    place = np.arange(count)
    result = np.empty(count, dtype=np.int64)
    result[order] = place - np.maximum.accumulate(np.where(starts, place, 0))
    return result


def numbering(columns: dict[str, np.ndarray], is_collective: np.ndarray) -> np.ndarray:
    """The number of each row among those of its order and SKU (and moment, where the file names no order).

    Bad rows whose order and SKU can be read take a number too: once mended they get their own key, and
    the keys of their neighbours stay what they were.
    """
    collective = is_collective[columns["order"]] & (columns["order"] != NOTHING)
    is_out = np.isin(columns["kind"], [Kind.DUPLICATE, Kind.NOT_GOODS, Kind.WRITE_OFF])
    return occurrences(
        np.where(collective, columns["at"], 0),
        np.where(collective, columns["warehouse"], 0),
        columns["kind"] == Kind.CANCELLATION,
        is_out,
        columns["sku"],
        columns["order"],
    )
