"""Least and most stock: levels kept between what must be there and what there is room for. Pure arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from replenishment import formulas


@dataclass(frozen=True)
class Limited:
    """Levels within their limits, int [series].

    ``level``       the reorder point, under (R,S) the order-up-to level
    ``top``         the highest inventory position that an order leads to
    ``quantity``    the order quantity
    ``is_lowered``  the maximum made one of them less than it would have been
    ``fits``        False where not even the smallest order fits below the maximum: nothing can be bought for the shelf
    """

    level: np.ndarray
    top: np.ndarray
    quantity: np.ndarray
    is_lowered: np.ndarray
    fits: np.ndarray


def within_limits(
    rule: np.ndarray,
    level: np.ndarray,
    quantity: np.ndarray,
    floor: np.ndarray,
    maximum: np.ndarray,
    min_order_quantity: np.ndarray,
    pack_size: np.ndarray,
) -> Limited:
    """Raise ``level`` to its floor, then lower order quantity and level until no order lifts the position too high.

    ``floor`` and ``maximum`` are NaN where there is none; the maximum, which is room, wins over the floor. Under (R,S)
    and (s,S) whole packs and the minimum order may lift the position above the level asked for: that is kept in mind.

    >>> one = np.ones(1, int)
    >>> found = within_limits(np.array(["R,s,nQ"]), one * 31, one * 36, one * 0.0, one * 60.0, one * 12, one * 12)
    >>> found.level.tolist(), found.quantity.tolist(), found.top.tolist()
    ([31], [24], [55])
    """
    up_to, to_level = rule == "R,S", rule == "s,S"
    wanted = np.maximum(level, np.nan_to_num(floor, nan=-1.0)).astype(np.int64)
    least = formulas.lot_size(1, min_order_quantity, pack_size)
    pack = np.maximum(np.asarray(pack_size, np.int64), 1)
    over = np.where(up_to, least - 1, np.where(to_level, pack - 1, 0))  # above the level, by whole packs
    is_bounded = ~np.isnan(maximum)
    room = np.where(is_bounded, np.nan_to_num(maximum), np.iinfo(np.int64).max // 4).astype(np.int64) - over
    # What is left above the reorder point, in whole packs, and never less than the smallest order.
    lots = np.where(up_to, quantity, np.clip((room - wanted) // pack * pack, least, quantity))
    most = np.where(up_to, room, room - lots)
    kept = np.minimum(wanted, np.maximum(most, 0))
    top = np.where(up_to, kept, kept + lots)
    is_lowered = is_bounded & ((kept < wanted) | (lots < quantity))
    return Limited(kept, top, lots, is_lowered, (top <= room) & (~up_to | (room >= 1)))
