"""Models of an earlier training on the demand of today, and which of two trainings is the better one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from forecasting.engine import backtest
from forecasting.engine.features import Common
from forecasting.engine.history import filled_of, row_sums
from forecasting.engine.panel import Panel, ProtectionInterval
from forecasting.engine.pooled import Groups
from forecasting.engine.predicting import forecast
from forecasting.engine.signals import with_signals
from forecasting.engine.trained import Scored, Trained
from forecasting.engine.training import product_groups

#: Series that two trainings are compared on.
COMPARED = 1_500


def refresh(trained: Trained, panel: Panel) -> Trained:
    """The same models, choices and calibration, with what all series have in common as it is on the panel's calendar.

    ``panel`` holds the series to train on, today; past origins keep their dates, and those before its first bucket
    are left out.
    """
    if panel.freq != trained.freq:
        raise ValueError(f"models of {trained.freq} buckets can't be used on a panel of {panel.freq}")
    buckets = panel.demand.shape[1]
    shift = buckets - trained.buckets - _buckets_between(trained, panel)
    common_at, products = _commons(with_signals(panel, trained.ahead))
    scored = tuple(
        Scored(s.origin + shift, s.model, common_at(s.origin + shift))
        for s in trained.scored
        if s.origin + shift >= 2
    )  # fmt: skip
    return replace(
        trained, last_on=panel.last_on, buckets=buckets, products=products, common=common_at(buckets), scored=scored
    )


def compared(champion: Trained, challenger: Trained, panel: Panel, interval: ProtectionInterval) -> tuple[float, float]:
    """Pinball loss a piece of both at the same origins, which neither one's models had seen: the challenger's last
    ones, since the champion's were trained before them. The panel is the one that the challenger was trained on."""
    rows = np.sort(np.random.default_rng(0).permutation(len(panel.demand))[:COMPARED])
    some = backtest.rows_of(panel, rows)
    part = ProtectionInterval(interval.lengths[rows], interval.weights[rows])
    newest = challenger.scored[-1].model
    origins = tuple(s for s in challenger.scored if s.model is newest)
    older = champion.scored[-1].model if champion.scored else None
    both = (
        replace(refresh(champion, panel), scored=tuple(Scored(s.origin, older, s.common) for s in origins)),
        replace(challenger, scored=origins),
    )
    weight = row_sums(np.nan_to_num(some.demand[:, min(s.origin for s in origins) :]))
    losses = np.stack([forecast(some, trained, part, horizon=1).scores["pinball"] for trained in both])
    told = ~np.isnan(losses).any(axis=0)
    total = max(weight[told].sum(), 1e-9)
    champions, challengers = (losses[:, told] * weight[told]).sum(axis=1) / total
    return float(champions), float(challengers)


def _buckets_between(trained: Trained, panel: Panel) -> int:
    """Buckets by which the panel goes on after the training's last one."""
    if panel.freq == "M":
        return (panel.last_on.year - trained.last_on.year) * 12 + panel.last_on.month - trained.last_on.month
    return (panel.last_on - trained.last_on).days // (7 if panel.freq == "W" else 1)


def _commons(panel: Panel):
    filled = filled_of(panel)
    everything = Groups(filled, panel.freq, panel.last_on, np.zeros(len(filled), int), 1)
    products, _index, groups = product_groups(panel, filled)
    return lambda origin: Common(everything.at(origin), None if groups is None else groups.at(origin)), products
