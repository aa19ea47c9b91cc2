"""The demo shop's stock, through the one door."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from django.utils.translation import gettext as _

from stock.models import StockMovement
from stock.services import Entry, post_movements

from .rows import Books, order_number, purchase_number
from .simulation import SALE_TIME

Reason = StockMovement.Reason
#: What reaches a series (its place) in the morning of a day: quantity, reason, reference.
Incoming = dict[tuple[int, int], list[tuple[int, str, str]]]

#: So many series are posted with one call: each call writes every level it touches once and holds all its rows.
SERIES_AT_ONCE = 250
#: The last days are posted in the order of time, so that the newest rows of the ledger are the newest movements.
RECENT_DAYS = 14


def post_stock(books: Books) -> None:
    """Post opening stock, receipts, returns and shipments: the year series by series, then the last days."""
    series, days = books.simulation.demand.shape
    incoming = _incoming(books)
    for start in range(0, series, SERIES_AT_ONCE):
        part = np.arange(start, min(start + SERIES_AT_ONCE, series))
        post_movements(entries=list(_entries(books, incoming, part, range(days - RECENT_DAYS))))
    post_movements(entries=list(_entries(books, incoming, np.arange(series), range(days - RECENT_DAYS, days))))


def _entries(books: Books, incoming: Incoming, series: np.ndarray, days: range) -> Iterator[Entry]:
    """Day by day: what comes in is there when the day starts, what is sold leaves during it."""
    for day in days:
        for place in series.tolist():
            for quantity, reason, reference in incoming.get((place, day), ()):
                yield Entry(*books.keys[place], quantity, reason, reference, books.midnights[day])
        yield from _shipments(books, series, day)


def _incoming(books: Books) -> Incoming:
    simulation = books.simulation
    receipts, returns = simulation.receipts, simulation.returns
    arrived: Incoming = {}

    def add(series: np.ndarray, days: np.ndarray, quantities: np.ndarray, reason: str, references: list[str]) -> None:
        for place, day, *what in zip(series.tolist(), days.tolist(), quantities.tolist(), references, strict=True):
            arrived.setdefault((place, day), []).append((what[0], reason, what[1]))

    label, count = _("simulated"), len(simulation.opening)
    add(np.arange(count), simulation.first_day, simulation.opening, Reason.OPENING, [label] * count)
    numbers = [purchase_number(books, order) for order in range(len(books.orders.supplier))]
    bought = [numbers[order] for order in books.orders.of_line[receipts.line].tolist()]
    add(simulation.purchases.series[receipts.line], receipts.day, receipts.quantity, Reason.RECEIPT, bought)
    add(returns.series, returns.day, returns.quantity, Reason.RETURN, [label] * len(returns.day))
    return arrived


def _shipments(books: Books, series: np.ndarray, day: int) -> Iterator[Entry]:
    """In the evening, or when the shelf was empty: at the share of the day at which the stock was used up."""
    simulation = books.simulation
    references = [order_number(books, day, place) for place in range(len(books.warehouses))]
    for place in series[simulation.shipped[series, day] > 0].tolist():
        rate = simulation.stocked_out_rate[place, day]
        at = books.during(day, float(1 - rate if rate else SALE_TIME))
        sold = int(simulation.shipped[place, day])
        yield Entry(*books.keys[place], -sold, Reason.SHIPMENT, references[simulation.warehouse[place]], at)
