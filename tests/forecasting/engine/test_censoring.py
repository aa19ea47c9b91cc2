"""A fifth of the days without stock, lost in three ways: what is made of the others has the right height."""

from __future__ import annotations

import numpy as np
import pytest

from bench import censoring
from forecasting.engine import Panel
from forecasting.engine.censoring import observed
from forecasting.engine.history import History


@pytest.fixture(scope="module")
def shop() -> censoring.Shop:
    return censoring.made_up(250, seed=3)


def sold(shop: censoring.Shop, way: str, *, whole_days: bool = False) -> Panel:
    opened = censoring.WAYS[way](shop.asked, np.random.default_rng(0))
    empty = 1 - opened.mean(axis=2)
    assert empty.mean() == pytest.approx(0.2, abs=0.02)
    empty = (empty > 0).astype(float) if whole_days else empty
    return Panel(np.rint(shop.asked * opened).sum(axis=2), "D", censoring.LAST_ON, stocked_out=empty)


def bias(found: np.ndarray, shop: censoring.Shop, rows: np.ndarray) -> float:
    """Of means [series] against what was really asked for, over some of the series."""
    return float(found[rows].sum() / shop.asked[rows].sum(axis=2).mean(axis=1).sum() - 1)


@pytest.mark.parametrize("way", sorted(censoring.WAYS))
def test_days_and_windows_have_the_height_of_demand_for_slow_and_fast_items(shop, way):
    panel = sold(shop, way)
    history = History.of(panel)
    windows = np.stack([history.asked(at, 14) / 14 for at in range(28, censoring.DAYS - 14)], axis=1)
    fast = shop.ahead[:, 0] > np.median(shop.ahead[:, 0])
    for rows in (fast, ~fast):
        assert bias(np.nanmean(observed(panel), axis=1), shop, rows) == pytest.approx(0, abs=0.03)
        assert bias(np.nanmean(windows, axis=1), shop, rows) == pytest.approx(0, abs=0.03)
        assert bias(panel.demand.mean(axis=1), shop, rows) < -0.1  # taken at its word


@pytest.mark.parametrize("way", ["(s,Q) policy", "in runs"])
def test_a_file_that_only_flags_such_days_comes_near(shop, way):
    """A day on which something sold although it is flagged was a day on which at least that was asked for."""
    found = np.nanmean(observed(sold(shop, way, whole_days=True)), axis=1)
    assert bias(found, shop, np.ones(len(found), bool)) == pytest.approx(0, abs=0.03)


def test_nothing_after_a_day_changes_what_is_made_of_it(shop):
    panel = sold(shop, "(s,Q) policy")
    cut = Panel(panel.demand[:, :200], "D", censoring.LAST_ON, stocked_out=panel.stocked_out[:, :200])
    assert np.array_equal(observed(panel)[:, :160], observed(cut)[:, :160], equal_nan=True)
