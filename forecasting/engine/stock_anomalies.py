"""Stock that does not behave as its ledger says: losses beyond what is usual, and shelves that nothing leaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from forecasting.engine.anomalies import count_z

#: Days of losses that are judged together, and of the corrections that a drift is read from.
RECENT_DAYS, YEAR_DAYS = 90, 365
#: An anomaly from this score on, in standard deviations: of losses, of their sign, and of silence, which strikes more.
LOSS_THRESHOLD, DRIFT_THRESHOLD, FROZEN_THRESHOLD = 3.0, 2.5, 4.0
#: A shelf that nothing left for fewer days than this is not frozen.
FEWEST_DAYS = 5
#: One loss is a breakage; shrinkage comes again.
FEWEST_LOSSES = 2
#: Corrections that tell of a drift, and the least share of what went out that they must have taken.
FEWEST_CORRECTIONS, LEAST_SHARE = 5, 0.01
#: Fewer items than this with corrections do not tell what is usual in the shop; then this share of what went out is,
#: and so many pieces at once.
FEWEST_ITEMS, USUAL_RATE, USUAL_SIZE = 20, 0.005, 3.0
#: A shop that loses less than this share says so of a good year; and by how much items differ in what they lose.
LEAST_RATE, DIFFERENCE = 0.001, 0.3
TRIMMED = 0.1


@dataclass(frozen=True)
class Corrections:
    """What counts and adjustments changed, one row a correction, and what went out of each item.

    ``item``      row of the item [corrections]
    ``quantity``  signed pieces, not 0 [corrections]
    ``days_ago``  0 is the last day [corrections], below YEAR_DAYS
    ``sent``      pieces that left in the last RECENT_DAYS and in the last YEAR_DAYS [items, 2]
    """

    item: np.ndarray
    quantity: np.ndarray
    days_ago: np.ndarray
    sent: np.ndarray


@dataclass(frozen=True)
class Losses:
    """``score`` [items] in standard deviations; ``expected`` and ``seen`` pieces lost; ``number`` of losses among
    ``told`` corrections; ``since`` days ago of the first loss that counts (0 where there is none)."""

    score: np.ndarray
    expected: np.ndarray
    seen: np.ndarray
    number: np.ndarray
    told: np.ndarray
    since: np.ndarray


def shrinkage(known: Corrections) -> Losses:
    """Net pieces lost in the last RECENT_DAYS against the shop's usual rate for what went out meanwhile.

    The usual rate is that of all items without the tenth that lost most, so that those do not excuse themselves. Pieces
    are lost some at a time, so the count is as much wider than a Poisson one as the usual loss is larger than a piece.
    """
    recent = known.days_ago < RECENT_DAYS
    rate, size = usual_losses(known)
    seen, number, told, since = _losses(known, recent)
    own = np.maximum(-np.bincount(known.item[~recent], known.quantity[~recent], len(known.sent)), 0.0)
    before = np.maximum(known.sent[:, 1] - known.sent[:, 0], 0.0)
    usual = np.maximum(rate, own / np.maximum(before + 1.0 / max(rate, 1e-9), 1.0))  # some items always break
    expected = usual * known.sent[:, 0] + 0.25 * size
    spread = expected * size + (DIFFERENCE * expected) ** 2
    score = count_z(np.maximum(seen, 0.0), expected, spread)
    return Losses(np.where((number >= FEWEST_LOSSES) & (seen > 0), score, 0.0), expected, seen, number, told, since)


def drift(known: Corrections) -> Losses:
    """Corrections of a year that nearly all point down: the chance of so many losses among them, where gains were as
    likely as they are in the shop, or a coin's (sign test), whatever their sizes."""
    year = known.days_ago < YEAR_DAYS
    seen, number, told, since = _losses(known, year)
    down = float((known.quantity[year] < 0).mean()) if year.any() else 0.5
    usual = np.clip(down, 0.5, 0.8)
    chance = special.bdtrc(number - 1, np.maximum(told, 1), usual)
    z = -special.ndtri(np.clip(chance, 1e-300, 1 - 1e-12))
    rate, _size = usual_losses(known)
    is_worth = (told >= FEWEST_CORRECTIONS) & (seen >= np.maximum(LEAST_SHARE, rate) * known.sent[:, 1]) & (seen > 0)
    return Losses(np.where(is_worth, z, 0.0), rate * known.sent[:, 1], seen, number, told, since)


def usual_losses(known: Corrections) -> tuple[float, float]:
    """Pieces lost for each piece that went out, and how many are lost at once, in this shop."""
    seen, _number, told, _since = _losses(known, np.ones(len(known.item), bool))
    active = known.sent[:, 1] > 0
    lost = -known.quantity[known.quantity < 0].astype(float)
    if (told[active] > 0).sum() < FEWEST_ITEMS or not len(lost):
        return USUAL_RATE, USUAL_SIZE
    lost = lost[lost <= np.quantile(lost, 1 - TRIMMED)]
    size = float((lost**2).sum() / lost.sum())
    rates = np.maximum(seen[active], 0.0) / known.sent[active, 1]
    kept = rates <= np.quantile(rates, 1 - TRIMMED)
    total = np.maximum(seen[active][kept], 0.0).sum() / max(known.sent[active, 1][kept].sum(), 1.0)
    return float(max(total, LEAST_RATE)), size


def _losses(known: Corrections, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Net pieces lost, number of losses, number of corrections, and days since the first loss, of these [items]."""
    item, quantity, items = known.item[chosen], known.quantity[chosen], len(known.sent)
    seen = -np.bincount(item, quantity, items)
    number = np.bincount(item, quantity < 0, items).astype(int)
    since = np.zeros(items, int)
    np.maximum.at(since, item[quantity < 0], known.days_ago[chosen][quantity < 0])
    return seen, number, np.bincount(item, minlength=items), since


def frozen(expected: np.ndarray, ratio: np.ndarray, days: np.ndarray, on_hand: np.ndarray) -> np.ndarray:
    """How unlikely it is that nothing left the shelf, in standard deviations [items]; 0 where the shelf is empty or the
    silence short.

    ``expected``  pieces that the item's own demand before them lets expect of these ``days``
    ``ratio``     variance of its demand as a multiple of the mean; orders of many pieces make silences likelier
    """
    mean = np.maximum(np.asarray(expected, float), 0.0)
    z = -count_z(np.zeros(len(mean)), mean, mean * np.maximum(ratio, 1.0))
    return np.where((days >= FEWEST_DAYS) & (on_hand > 0), np.maximum(z, 0.0), 0.0)
