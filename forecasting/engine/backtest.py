"""Rolling origins: which ones, what is trained before them, and the panel as it was known then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from forecasting.engine.calendar import YEAR, bucket_dates
from forecasting.engine.late import visible
from forecasting.engine.panel import Panel, ProtectionInterval

BLOCKS = 2
ORIGINS_A_BLOCK = 6
#: Where the lead times are not told: lengths that shops have.
LENGTHS = {"D": (1, 7, 14, 30, 60), "W": (1, 2, 4, 8, 13), "M": (1, 2, 3, 6)}
#: Buckets of history that the classical methods read; older ones do not help them.
READ = {"D": 400, "W": 156, "M": 72}


@dataclass(frozen=True)
class Block:
    """A model trained on windows that ended by ``cutoff`` answers at ``origins``, all of them at or after it."""

    cutoff: int
    origins: tuple[int, ...]


def lengths_for(panel: Panel, interval: ProtectionInterval | None) -> tuple[int, ...]:
    """Window lengths to train on: the usual ones of the intervals, or the shop's typical ones; none is too long
    for the history to show twice."""
    longest = max(panel.demand.shape[1] // 3, 1)
    if interval is None:
        wanted = np.asarray(LENGTHS[panel.freq])
    else:
        order = np.argsort(interval.lengths, axis=None, kind="stable")
        share = np.cumsum(np.ravel(interval.weights)[order])
        at = np.searchsorted(share, np.array([0.1, 0.5, 0.9]) * share[-1])
        wanted = np.ravel(interval.lengths)[order][np.minimum(at, len(order) - 1)]
    return tuple(int(n) for n in np.unique(np.clip(wanted, 1, longest)))


def blocks_of(buckets: int, freq: str, length: int) -> list[Block]:
    """Up to BLOCKS blocks of held-out origins over the last year, or over half the history where it is shorter."""
    latest, first = buckets - length, max(length, 2)
    span = min(YEAR[freq] + YEAR[freq] // 11, max((latest - first + 1) // 2, 0))
    if latest < first:
        return []
    bounds = np.unique(np.linspace(latest - span, latest + 1, BLOCKS + 1).astype(int))
    blocks = []
    for cutoff, end in pairwise(bounds):
        step = max(int(end - cutoff) // ORIGINS_A_BLOCK, 1)
        origins = range(int(end) - 1, int(cutoff) - 1, -step)[:ORIGINS_A_BLOCK]
        blocks.append(Block(int(cutoff), tuple(sorted(origins))))
    return blocks


def training_origins(first: int, last: int, freq: str, most: int = 60) -> list[int]:
    """Origins from the last one backwards; at most about ``most``, and no nearer than three days."""
    if last < first:
        return []
    usual = {"D": 7 if most <= 60 else 3, "W": 1, "M": 1}[freq]
    step = max(usual, -(-(last - first + 1) // most))
    return list(range(last, first - 1, -step))


def known_at(panel: Panel, origin: int, most: int | None = None) -> Panel:
    """The panel as it was after ``origin`` buckets, with the known-ahead signals and at most ``most`` of the past."""
    start = max(origin - (most or READ[panel.freq]), 0)
    buckets = panel.demand.shape[1]
    last_on = bucket_dates(panel.freq, panel.last_on, origin - buckets, origin - buckets + 1)[0].astype(object)
    known = {name: values[:, start:] for name, values in visible(panel, origin).items()}
    stocked_out = None if panel.stocked_out is None else panel.stocked_out[:, start:origin]
    demand = panel.demand[:, start:origin]
    return replace(panel, demand=demand, last_on=last_on, known=known, told={}, stocked_out=stocked_out)


def rows_of(panel: Panel, rows: np.ndarray | slice) -> Panel:
    """The same panel with only some of its series."""

    def part(values):
        return None if values is None else values[rows]

    told = {name: t if len(t.at) == 1 else replace(t, at=t.at[rows]) for name, t in panel.told.items()}
    return replace(
        panel, demand=panel.demand[rows], known={k: v[rows] for k, v in panel.known.items()}, told=told,
        stocked_out=part(panel.stocked_out), category=part(panel.category), product=part(panel.product),
    )  # fmt: skip
