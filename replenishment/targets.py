"""What service is worth: the cycle service level that follows from margin, holding and shortage cost. Pure arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from replenishment import formulas

DAYS_OF_YEAR = 365.25


@dataclass(frozen=True)
class CostLevel:
    """Arrays [items]: the ``ratio`` of costs, the ``level`` between its floor and ceiling, and whether a unit cost and
    a price are known; where not, both are NaN."""

    ratio: np.ndarray
    level: np.ndarray
    is_known: np.ndarray


def level_by_cost(
    price: np.ndarray,
    unit_cost: np.ndarray,
    shortage_cost: np.ndarray,
    holding_rate: float,
    interval_days: np.ndarray,
    floor: np.ndarray,
    ceiling: np.ndarray,
) -> CostLevel:
    """The newsvendor's level for one protection interval (``interval_days``, lead time + review period).

    Money a piece. A piece missed costs its margin (none where it is sold below cost) and ``shortage_cost``, a piece
    left over what keeping it for the interval costs. Snyder & Shen, example 4.3 again (0.70 and 0.18 a piece):

    >>> one = np.ones(1)
    >>> found = level_by_cost(one, one * 0.3, one * 0, 0.6, one * 365.25, one * 0.5, one * 0.75)
    >>> found.ratio.round(4).tolist(), found.level.tolist()
    ([0.7955], [0.75])
    """
    is_known = (unit_cost > 0) & (price > 0) & (holding_rate > 0)
    missed = np.maximum(price - unit_cost, 0) + shortage_cost
    kept = np.where(is_known, unit_cost * holding_rate * interval_days / DAYS_OF_YEAR, 1.0)
    ratio = np.where(is_known, formulas.critical_ratio(missed, kept), np.nan)
    return CostLevel(ratio, np.clip(ratio, floor, ceiling), is_known)
