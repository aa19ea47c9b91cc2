"""What an optimiser cannot work with: a row that makes no sense, or limits that nothing can keep."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np


class BadRow(ValueError):
    """One value of one row (``row`` counts from 0) breaks a ``rule``; the other rows may be fine."""

    def __init__(self, field: str, row: int, value: float, rule: str) -> None:
        super().__init__(f"row {row}: {field} is {value:g}, it must be {rule}")
        self.field, self.row, self.value, self.rule = field, row, value, rule


@dataclass(frozen=True)
class Shortfall:
    """``limit`` ("budget", "volume", "capacity", "minimum_order") number ``index`` is missed by ``amount``."""

    limit: str
    index: int
    amount: float


class Infeasible(ValueError):
    """Nothing keeps all limits; ``shortfalls`` are the least that would have to be given way."""

    def __init__(self, shortfalls: list[Shortfall]) -> None:
        told = ", ".join(f"{s.limit} {s.index} by {s.amount:g}" for s in shortfalls)
        super().__init__(f"no plan keeps every limit: {told}")
        self.shortfalls = shortfalls


class NotSolved(RuntimeError):
    """The solver stopped without any plan; more time, or fewer rows, may help."""


def faults(field: str, values: np.ndarray, fine: np.ndarray, rule: str) -> Iterator[BadRow]:
    """One for each row of ``values`` that is not ``fine``; of a table, its first bad value."""
    for row in np.flatnonzero(~fine.all(axis=tuple(range(1, fine.ndim)))):
        bad = values[row] if values.ndim == 1 else values[row][~fine[row]][0]
        yield BadRow(field, int(row), float(bad), rule)


def refuse(*checks: Iterator[BadRow]) -> None:
    """Raise the first fault, if there is one."""
    for found in checks:
        for fault in found:
            raise fault


def not_negative(field: str, values: np.ndarray, *, finite: bool = True) -> Iterator[BadRow]:
    values = np.asarray(values, float)
    return faults(field, values, (values >= 0) & (np.isfinite(values) | (not finite)), "0 or more")


def whole_and_positive(field: str, values: np.ndarray) -> Iterator[BadRow]:
    values = np.asarray(values, float)
    return faults(field, values, (values >= 1) & (values == np.floor(values)), "a whole number from 1 on")
