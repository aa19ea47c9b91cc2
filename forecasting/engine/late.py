"""Regressors that are not known long ahead: views of a page, tomorrow's weather as it was forecast today."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from forecasting.engine.panel import Panel, Told

#: Buckets whose mean stands for what is not known yet.
RECENT = {"D": 28, "W": 13, "M": 3}


def visible(panel: Panel, origin: int) -> Mapping[str, np.ndarray]:
    """``panel.known`` as it could be read after ``origin`` buckets: later values give way to what then stood for them.

    >>> from datetime import date
    >>> told = Told(np.array([[1, 2, 3, 3]]), "last")  # the fourth was foretold when there were three buckets
    >>> rain = np.array([[5.0, 7, 9, 2]])
    >>> panel = Panel(np.zeros((1, 3)), "D", date(2024, 1, 3), {"rain": rain}, told={"rain": told})
    >>> visible(panel, 2)["rain"].tolist(), visible(panel, 3)["rain"].tolist()
    ([[5.0, 7.0, 7.0, 7.0]], [[5.0, 7.0, 9.0, 2.0]])
    """
    if not panel.told:
        return panel.known
    return {
        name: _held(values, panel.told[name], origin, RECENT[panel.freq]) if name in panel.told else values
        for name, values in panel.known.items()
    }


def _held(values: np.ndarray, told: Told, origin: int, recent: int) -> np.ndarray:
    values = np.where(told.at <= origin, values, np.nan)
    past, seen = values[:, :origin], ~np.isnan(values[:, :origin])
    if told.ahead == "last":
        at = np.where(seen, np.arange(origin), -1).max(axis=1, initial=-1)
        held = np.where(at >= 0, past[np.arange(len(past)), np.maximum(at, 0)] if origin else np.nan, np.nan)
    else:
        past, seen = past[:, -recent:], seen[:, -recent:]
        total, number = np.where(seen, past, 0.0).sum(axis=1), seen.sum(axis=1)
        held = np.where(number > 0, total / np.maximum(number, 1), np.nan)
    values[:, origin:] = np.where(np.isnan(values[:, origin:]), held[:, None], values[:, origin:])
    return values


def opened_ahead(known: Mapping[str, np.ndarray], origin: int, length: int) -> np.ndarray | None:
    """1 for each of the ``length`` buckets after the origin, 0 where it is closed by plan; None where none is told."""
    closed = known.get("closed")
    if closed is None:
        return None
    ahead = np.nan_to_num(np.asarray(closed[:, origin : origin + length], float))
    return 1.0 - np.pad(ahead, ((0, 0), (0, length - ahead.shape[1])))
