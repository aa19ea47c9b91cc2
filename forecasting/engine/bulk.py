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
    found = [
        (row, column)
        for row, column in np.argwhere((sold > TIMES * before) & (before > 0)).tolist()
        if np.count_nonzero(sold[row, :column]) >= SALES_BEFORE
    ]
    if not found:
        return demand
    at, out = tuple(np.transpose(found)), demand.copy()
    out[at] = TIMES * before[at]
    return out
