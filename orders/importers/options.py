"""How to read a file of sales, and who is told how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

#: What a person must be allowed in a warehouse to import sales of it.
WRITE_SALES = "orders.add_salesorder"

Progress = Callable[[str, int, int], None]  # step, done, of how many


def no_progress(step: str, done: int, total: int) -> None:
    """For callers who do not wait."""


@dataclass(frozen=True)
class SalesOptions:
    """How to read a file of sales."""

    format: str = "generic"
    channel: str = "import"
    warehouse: str = ""
    create_warehouses: bool = False
    date_order: str = ""
    encoding: str = ""
