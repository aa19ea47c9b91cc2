"""Lone bulk orders: one customer's hundred pieces are no hundred customers."""

from __future__ import annotations

import numpy as np

#: A bucket that asks for more than so many times all before it is a bulk order, once so many buckets had sold.
TIMES, SALES_BEFORE = 5.0, 10


def without_bulk(demand: np.ndarray) -> np.ndarray:
    """Demand [series, buckets] that a level may be taken from: a bulk order counts as TIMES the largest before it.

    Only what came before is looked at, so a back-test caps what it would have capped then. The order itself stays in
    what was asked for, and with it in the upper quantiles.

    >>> without_bulk(np.array([[1.0, 2, 0] * 6 + [70, 60]]))[0, -2:].tolist()
    [10.0, 60.0]
    """
    sold = np.where(np.isnan(demand), 0.0, demand)
    before = np.zeros_like(sold)
    np.maximum.accumulate(sold[:, :-1], axis=1, out=before[:, 1:])
    row, column = np.nonzero((sold > TIMES * before) & (before > 0))
    late = column >= SALES_BEFORE
    row, column = row[late], column[late]
    some, own = np.unique(row, return_inverse=True)
    sales = np.cumsum(sold[some] > 0, axis=1, dtype=np.int32)
    at = tuple(np.stack([row, column])[:, sales[own, column - 1] >= SALES_BEFORE])
    if not len(at[0]):
        return demand
    out = demand.copy()
    out[at] = TIMES * before[at]
    return out
