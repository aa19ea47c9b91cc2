"""Figures of accuracy from sums of errors, so that any sums of sums give them too. Knows no Django.

WAPE, MASE (Hyndman & Koehler 2006), R² and the like are all of demand summed over a horizon, one observation a series.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

LEVELS = (50, 80, 90, 95, 98)
BELOW = tuple(f"below_{level}" for level in LEVELS)
SUMS = (
    "n", "demand", "squared_demand", "error", "absolute_error", "squared_error", "scaled_error", "scaled_n",
    "naive_absolute_error", "final_error", "final_absolute_error", "quantile_n", "pinball", *BELOW,
)  # fmt: skip


def figures(sums: Mapping[str, float | None]) -> dict[str, float | None]:
    """The figures of one group; None where they are not defined.

    ``bias`` is per piece asked for, ``pinball`` the mean over the levels per piece asked for; ``value_added`` is by how
    much the model's WAPE is below the naive one's, ``override_value_added`` that with overrides below the model's.

    >>> told = {"n": 2, "demand": 10, "squared_demand": 58, "error": 1, "absolute_error": 3, "squared_error": 5}
    >>> found = figures(told)
    >>> found["wape"], found["bias"], found["mae"], found["mse"], round(found["r2"], 3)
    (0.3, 0.1, 1.5, 2.5, 0.375)
    """
    own = {name: float(sums.get(name) or 0.0) for name in SUMS}
    n, demand = own["n"], own["demand"]
    wape = _share(own["absolute_error"], demand)
    naive, final = _share(own["naive_absolute_error"], demand), _share(own["final_absolute_error"], demand)
    mse = _share(own["squared_error"], n)
    spread = own["squared_demand"] - (demand**2 / n if n else 0.0)
    return {
        "wape": wape,
        "bias": _share(own["error"], demand),
        "mae": _share(own["absolute_error"], n),
        "mse": mse,
        "rmse": None if mse is None else mse**0.5,
        "mase": _share(own["scaled_error"], own["scaled_n"]),
        "r2": None if spread <= 1e-9 or n < 2 else 1 - own["squared_error"] / spread,
        "pinball": _share(own["pinball"], demand) if own["quantile_n"] else None,
        "naive_wape": naive,
        "final_wape": final,
        "value_added": None if wape is None or naive is None else naive - wape,
        "override_value_added": None if wape is None or final is None else wape - final,
    } | {f"coverage_{level}": _share(own[f"below_{level}"], own["quantile_n"]) for level in LEVELS}


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def errors(
    actual: np.ndarray, model: np.ndarray, final: np.ndarray, naive: np.ndarray, scale: np.ndarray
) -> dict[str, np.ndarray]:
    """Terms of the sums [series], but for those of quantiles. ``scale`` is the series' own naive error in the past,
    NaN or 0 where there is none."""
    told = np.nan_to_num(scale) > 0
    absolute = np.abs(model - actual)
    return {
        "n": np.ones(len(actual)),
        "demand": actual,
        "squared_demand": actual**2,
        "error": model - actual,
        "absolute_error": absolute,
        "squared_error": absolute**2,
        "scaled_error": np.divide(absolute, scale, out=np.zeros(len(actual)), where=told),
        "scaled_n": told.astype(float),
        "naive_absolute_error": np.abs(naive - actual),
        "final_error": final - actual,
        "final_absolute_error": np.abs(final - actual),
    }


def quantile_terms(actual: np.ndarray, quantiles: np.ndarray, seen: np.ndarray) -> dict[str, np.ndarray]:
    """Pinball loss (mean over LEVELS) and hits of each series; ``actual`` and ``seen`` [series, days], ``quantiles``
    [series, days, levels]. Days that were not seen do not count."""
    level = np.array(LEVELS) / 100
    error = np.where(seen, actual, 0.0)[..., None] - quantiles
    loss = np.maximum(level * error, (level - 1) * error).mean(axis=2)
    hits = ((error <= 1e-9) & seen[..., None]).sum(axis=1)
    return {
        "quantile_n": seen.sum(axis=1).astype(float),
        "pinball": np.where(seen, loss, 0.0).sum(axis=1),
    } | {name: hits[:, at].astype(float) for at, name in enumerate(BELOW)}


def grouped(keys: Sequence[tuple], terms: Mapping[str, np.ndarray]) -> Iterator[tuple[tuple, dict[str, float]]]:
    """Sums of the terms over the series that have one key."""
    places: dict[tuple, int] = {}
    at = np.array([places.setdefault(key, len(places)) for key in keys], int)
    sums = {name: np.bincount(at, values, len(places)) for name, values in terms.items()}
    for key, place in places.items():
        yield key, {name: float(values[place]) for name, values in sums.items()}
