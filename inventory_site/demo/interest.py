"""Views and carts that could have led to the demo's sales: made up around the real demand of the last weeks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inventory_site.common.bulk import insert_rows
from orders.models import DailyInterest

from .rows import Books

DAYS = 84
#: Views for each piece that is asked for in the days around, and the share of pieces that stay in carts.
VIEWS, LEFT = 9.0, 0.45


def write_interest(books: Books, *, seed: int = 1) -> None:
    """What the nightly job would have counted of the last twelve weeks."""
    columns = ("product_id", "warehouse_id", "on_date", "views", "adds", "abandoned")
    insert_rows(DailyInterest, columns, _days(books, np.random.default_rng(seed)))


def _days(books: Books, rng: np.random.Generator) -> Iterator[tuple]:
    first = max(len(books.days) - DAYS, 0)
    asked = books.simulation.demand[:, first:]
    around = (asked + np.concatenate([asked[:, 1:], asked[:, -1:]], axis=1)) / 2  # many look a day before they buy
    views = rng.poisson(VIEWS * around)
    abandoned = rng.poisson(asked * LEFT / (1 - LEFT))
    adds = asked + abandoned
    for series, day in np.argwhere((views > 0) | (adds > 0)).tolist():
        counts = (int(values[series, day]) for values in (views, adds, abandoned))
        yield (*books.keys[series], books.days[first + day], *counts)
