"""The product's own source, parsed once, for the tests that read it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# From the bottom up: a room imports only what stands before it.
ROOMS = ("common", "catalog", "stock", "orders", "forecasting", "replenishment", "alerts", "inventory_site")
APPS = ROOMS[1:-1]


@dataclass(frozen=True)
class Module:
    path: str
    tree: ast.Module
    lines: int

    @property
    def room(self) -> str:
        return "common" if self.path.startswith("inventory_site/common/") else self.path.split("/")[0]


@cache
def modules() -> tuple[Module, ...]:
    """Every Python file of the rooms, migrations included."""
    files = sorted(file for room in (*APPS, "inventory_site") for file in (ROOT / room).rglob("*.py"))
    return tuple(_parsed(file) for file in files)


@cache
def everything() -> tuple[Module, ...]:
    """The rooms, the tests, the benchmarks and the scripts, without migrations."""
    around = [file for folder in ("tests", "bench", "scripts") for file in (ROOT / folder).rglob("*.py")]
    return tuple(m for m in (*modules(), *map(_parsed, sorted(around))) if "/migrations/" not in m.path)


def _parsed(file: Path) -> Module:
    text = file.read_text()
    return Module(file.relative_to(ROOT).as_posix(), ast.parse(text), text.count("\n"))
