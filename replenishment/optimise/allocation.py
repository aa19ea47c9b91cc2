"""Scarce stock to the warehouses where it is expected to earn most: a linear programme, concave by pieces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasting.engine.panel import LeadTimeDemand
from replenishment.optimise import worth
from replenishment.optimise.errors import BadRow, faults, not_negative, refuse
from replenishment.optimise.programme import Programme

WHOLE = 48  # pieces up to which each is weighed by itself; beyond, so many steps of equal size


@dataclass(frozen=True)
class Allocated:
    """``quantity`` pieces [rows]; ``gain`` expected margin beyond sending nothing, money.

    ``stock_price`` money [products] that one more piece of the product would bring; ``room_price`` money [warehouses]
    that room for one more would.
    """

    quantity: np.ndarray
    gain: float
    stock_price: np.ndarray
    room_price: np.ndarray


def allocate(
    demand: LeadTimeDemand,
    stock: np.ndarray,
    *,
    product: np.ndarray,
    warehouse: np.ndarray,
    position: np.ndarray,
    margin: np.ndarray,
    room: np.ndarray | None = None,
) -> Allocated:
    """Share ``stock`` [products] pieces among rows of (``product``, ``warehouse``), numbers from 0 on.

    A row has its own law of ``demand``, a ``position`` (pieces it has already) and a ``margin`` (money a piece served,
    freight taken off). ``room`` [warehouses] is how many pieces fit, or None. Each further piece to a row earns less:
    margin x the chance that it is asked for. Pieces are whole, since the rows form a transportation problem.
    """
    stock, product, warehouse = np.asarray(stock, float), np.asarray(product, int), np.asarray(warehouse, int)
    room = np.full(int(np.max(warehouse, initial=-1)) + 1, np.inf) if room is None else np.asarray(room, float)
    refuse(_whole("stock", stock), not_negative("margin", margin), not_negative("room", room, finite=False))
    knots = _knots(stock[product])
    missed = worth.expected_short(demand, np.asarray(position, float)[:, None] + knots)
    gain, size = np.asarray(margin, float)[:, None] * -np.diff(missed, axis=1), np.diff(knots, axis=1)
    row, step = np.nonzero((size > 0) & (gain > 0))
    programme = Programme()
    columns = programme.columns(-(gain / np.maximum(size, 1))[row, step], upper=size[row, step])
    supply = programme.rows(high=stock)
    programme.enter(supply[product[row]], columns)
    limit = programme.rows(high=np.floor(room))
    programme.enter(limit[warehouse[row]], columns)
    found = programme.relaxed()
    quantity = np.round(np.bincount(row, found.x[columns], len(product))).astype(np.int64)
    served = missed[:, 0] - worth.expected_short(demand, (np.asarray(position) + quantity)[:, None])[:, 0]
    return Allocated(quantity, float(margin @ served), -found.price[supply], -found.price[limit])


def _knots(most: np.ndarray) -> np.ndarray:
    """Whole pieces [rows, WHOLE + 1] from 0 to ``most``."""
    share = np.arange(WHOLE + 1)
    return np.where(most[:, None] <= WHOLE, np.minimum(share, most[:, None]), np.round(most[:, None] * share / WHOLE))


def _whole(field: str, values: np.ndarray) -> list[BadRow]:
    return list(faults(field, values, (values >= 0) & (values == np.floor(values)), "a whole number from 0 on"))
