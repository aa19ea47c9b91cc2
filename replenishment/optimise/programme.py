"""A linear or integer programme written column by column and row by row, for HiGHS by way of scipy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, sparse

from replenishment.optimise.errors import NotSolved

INFEASIBLE = 2


@dataclass(frozen=True)
class Relaxed:
    """The optimum without whole numbers.

    ``value`` the cost; ``x`` [columns]; ``reduced`` [columns], what the cost changes by for a unit more of a column
    (below 0 for one that is at its upper bound); ``price`` [rows], what it changes by for a unit more of the row's
    limit (0: it does not bind).
    """

    value: float
    x: np.ndarray
    reduced: np.ndarray
    price: np.ndarray


@dataclass(frozen=True)
class Solved:
    """``value`` the cost of ``x`` [columns]; nothing costs less than ``bound``."""

    value: float
    bound: float
    x: np.ndarray


class Programme:
    """Minimise cost x subject to low <= A x <= high and lower <= x <= upper, some columns whole."""

    def __init__(self) -> None:
        self._columns: list[np.ndarray] = []
        self._rows: list[np.ndarray] = []
        self._entries: list[np.ndarray] = []
        self.width = self.height = 0

    def columns(self, cost: ArrayLike, *, upper: ArrayLike = np.inf, whole: bool = False) -> np.ndarray:
        """Add one column, at least 0, for each cost; their numbers."""
        cost = np.atleast_1d(np.asarray(cost, float))
        self._columns.append(np.stack([cost, np.broadcast_to(upper, cost.shape), np.full(len(cost), whole)]))
        self.width += len(cost)
        return np.arange(self.width - len(cost), self.width)

    def rows(self, *, low: ArrayLike = -np.inf, high: ArrayLike = np.inf) -> np.ndarray:
        """Add one empty row for each pair of limits; their numbers."""
        low, high = np.broadcast_arrays(np.atleast_1d(np.asarray(low, float)), np.asarray(high, float))
        self._rows.append(np.stack([low, high]))
        self.height += len(low)
        return np.arange(self.height - len(low), self.height)

    def enter(self, rows: ArrayLike, columns: ArrayLike, values: ArrayLike = 1.0) -> None:
        """Coefficients; those of one place are added."""
        parts = np.broadcast_arrays(np.asarray(rows, float), np.asarray(columns, float), np.asarray(values, float))
        self._entries.append(np.stack([part.ravel() for part in parts]))

    def forget_costs(self) -> None:
        """Make every column so far free."""
        for part in self._columns:
            part[0] = 0.0

    def relaxed(self, used: np.ndarray | None = None, *, presolve: bool = True) -> Relaxed | None:
        """The optimum without whole numbers, with its prices; None where nothing keeps all limits.

        Columns that are not ``used`` (bool) stay 0; a reduced cost below 0 tells that the cost would fall with one.
        Where one long row holds all columns together, looking for simplifications takes longer than solving.
        """
        cost, upper, _whole = np.concatenate(self._columns, axis=1)
        used = np.arange(self.width) if used is None else np.flatnonzero(used)
        if not len(used):
            return Relaxed(0.0, np.zeros(self.width), cost, np.zeros(self.height))
        low, high = self._limits()
        matrix, equal = self._matrix(), low == high
        above, below = np.flatnonzero(~equal & np.isfinite(high)), np.flatnonzero(~equal & np.isfinite(low))
        part = matrix[:, used]
        found = optimize.linprog(
            cost[used],
            A_ub=sparse.vstack([part[above], -part[below]]), b_ub=np.concatenate([high[above], -low[below]]),
            A_eq=part[equal], b_eq=low[equal],
            bounds=np.stack([np.zeros(len(used)), upper[used]], axis=1), options={"presolve": presolve},
        )  # fmt: skip
        if found.status == INFEASIBLE:
            return None
        if found.status != 0:
            raise NotSolved(found.message)
        price, x = np.zeros(self.height), np.zeros(self.width)
        price[above] += found.ineqlin.marginals[: len(above)]
        price[below] -= found.ineqlin.marginals[len(above) :]
        price[equal] = found.eqlin.marginals
        x[used] = found.x
        return Relaxed(found.fun, x, cost - matrix.T @ price, price)

    def solved(self, *, seconds: float, gap: float, closed: np.ndarray | None = None) -> Solved | None:
        """The best that is found in the time, to within the relative ``gap``; None where nothing keeps all limits.

        Columns that are ``closed`` (bool) stay 0.
        """
        cost, upper, whole = np.concatenate(self._columns, axis=1)
        if closed is not None:
            upper = np.where(closed, 0.0, upper)
        low, high = self._limits()
        found = optimize.milp(
            cost, integrality=whole, bounds=optimize.Bounds(0, upper),
            constraints=optimize.LinearConstraint(self._matrix(), low, high),
            options={"time_limit": seconds, "mip_rel_gap": gap},
        )  # fmt: skip
        if found.status == INFEASIBLE:
            return None
        if found.x is None:
            raise NotSolved(found.message)
        bound = found.fun if found.mip_dual_bound is None else found.mip_dual_bound
        x = np.where(whole > 0, np.round(found.x), found.x)
        return Solved(float(cost @ x), float(bound), x)

    def _matrix(self) -> sparse.csr_array:
        rows, columns, values = np.concatenate(self._entries, axis=1)
        place = (rows.astype(int), columns.astype(int))
        return sparse.csr_array((values, place), shape=(self.height, self.width))

    def _limits(self) -> tuple[np.ndarray, np.ndarray]:
        low, high = np.concatenate(self._rows, axis=1)
        return low, high
