"""The engine's promises: honest, ordered, deterministic, without look-ahead, the same for any partition."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from scipy.stats import nbinom

from forecasting.engine import GRID, STEP_LEVELS, Panel, ProtectionInterval, Trained, forecast, train

NAN = np.nan
LAST_ON = {"D": date(2024, 3, 3), "W": date(2024, 2, 26), "M": date(2024, 3, 1)}
TINY = {
    "one bucket": [[3.0]],
    "three buckets": [[1.0, 2.0, 3.0]],
    "all zeros": [[0.0] * 30],
    "nothing observed": [[NAN] * 30],
    "one bucket observed": [[NAN] * 29 + [4.0]],
    "constant": [[5.0] * 40],
    "huge": [[0.0, 1e9, 0.0] * 20],
    "a single bulk order": [[0.0] * 50 + [1000.0] + [0.0] * 20],
}


def shop(series: int = 90, buckets: int = 100, seed: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    rate = rng.gamma(2.0, 4.0, (series, 1))
    lump = np.where(np.arange(series) % 2, 24.0, 1.0)[:, None]  # every other item is bought by the box
    demand = lump * rng.poisson(rate / lump, (series, buckets))
    demand[:10, : buckets // 2] = NAN
    demand[10] = 0.0
    return demand


def lead_times(series: int) -> ProtectionInterval:
    """Some sure lengths, some mixtures of two, some of six."""
    lengths = np.full((series, 6), 7) + np.arange(6)
    weights = np.zeros((series, 6))
    weights[:, 0] = 1.0
    weights[series // 3 :, :2] = [0.75, 0.25]
    weights[2 * series // 3 :] = 1 / 6
    return ProtectionInterval(lengths, weights)


@pytest.fixture(scope="module")
def panel() -> Panel:
    product = np.array([f"p{k // 2}" for k in range(90)])
    return Panel(shop(), "D", LAST_ON["D"], product=product)


@pytest.fixture(scope="module")
def trained(panel) -> Trained:
    return train(panel, interval=lead_times(90))


@pytest.fixture(scope="module")
def result(panel, trained):
    return forecast(panel, trained, lead_times(90), horizon=10)


def same(one, other, rows=slice(None)) -> bool:
    pairs = [
        (one.method, other.method[rows]),
        (one.mean, other.mean[rows]),
        (one.quantiles, other.quantiles[rows]),
        (one.lead_time_demand.mean, other.lead_time_demand.mean[rows]),
        (one.lead_time_demand.quantiles, other.lead_time_demand.quantiles[rows]),
        (one.lead_time_demand.excess, other.lead_time_demand.excess[rows]),
        *((value, other.scores[name][rows]) for name, value in one.scores.items()),
    ]
    return all(np.ascontiguousarray(a).tobytes() == np.ascontiguousarray(b).tobytes() for a, b in pairs)


def test_the_pooled_model_takes_part_in_this_test_shop(trained, result):
    assert trained.model is not None
    assert "pooled_boosting" in result.method


def test_shapes_order_and_sign(result):
    demand = result.lead_time_demand
    assert result.mean.shape == (90, 10)
    assert result.quantiles.shape == (90, 10, len(STEP_LEVELS))
    assert demand.quantiles.shape == (90, len(GRID))
    for values in (result.mean, result.quantiles, demand.mean, demand.quantiles, demand.excess):
        assert np.isfinite(values).all()
        assert (values >= 0).all()
    assert (np.diff(result.quantiles, axis=2) >= 0).all()
    assert (np.diff(demand.quantiles, axis=1) >= 0).all()


def test_whole_pieces_get_whole_quantiles(result):
    quantiles = result.lead_time_demand.quantiles
    assert (quantiles == np.rint(quantiles)).all()


def test_training_twice_gives_the_same_bytes(panel, trained):
    assert train(panel, interval=lead_times(90)).dumps() == trained.dumps()


#: The first and the last of each kind: not yet on sale, never sold, sure lead times, mixtures of two and of six.
EDGES = (0, 9, 10, 11, 29, 30, 59, 60, 88, 89)


@pytest.mark.parametrize(
    ("size", "starts"),
    [(1, EDGES), (7, range(0, 90, 7)), (64, (0, 64)), pytest.param(1, range(90), marks=pytest.mark.long)],
)
def test_any_partition_gives_the_same_bytes(panel, trained, result, size, starts):
    interval = lead_times(90)
    for start in starts:
        rows = slice(start, start + size)
        part = replace(panel, demand=panel.demand[rows], product=panel.product[rows])
        found = forecast(part, trained, ProtectionInterval(interval.lengths[rows], interval.weights[rows]), horizon=10)
        assert same(found, result, rows)


def test_what_was_trained_survives_its_file(panel, trained, result):
    again = Trained.loads(trained.dumps())
    assert same(forecast(panel, again, lead_times(90), horizon=10), result)


def test_a_file_of_another_format_is_refused(trained, monkeypatch):
    data = trained.dumps()
    monkeypatch.setattr("forecasting.engine.trained.FORMAT", 99)
    with pytest.raises(ValueError, match=r"format \d+, this version reads 99"):
        Trained.loads(data)


def test_another_calendar_than_the_trained_one_is_refused(panel, trained):
    with pytest.raises(ValueError, match="another calendar"):
        forecast(replace(panel, last_on=date(2024, 3, 4)), trained, lead_times(90), horizon=3)


def test_no_series_is_no_forecast(panel, trained):
    nobody = replace(panel, demand=panel.demand[:0], product=panel.product[:0])
    assert forecast(nobody, trained, ProtectionInterval.fixed(np.ones(0)), horizon=4).mean.shape == (0, 4)


def test_what_happens_after_an_origin_does_not_move_its_features():
    from forecasting.engine.features import Common, build
    from forecasting.engine.history import History
    from forecasting.engine.pooled import Groups

    demand = shop()
    changed = demand.copy()
    changed[:, 60:] = 1e6
    found = []
    for values in (demand, changed):
        history = History(values, "D", LAST_ON["D"], {})
        groups = Groups(history.filled, "D", LAST_ON["D"], np.zeros(90, int), 1)
        found.append(build(history, 60, 10, Common(groups.at(60))))
    assert np.array_equal(found[0].x, found[1].x, equal_nan=True)
    assert (found[0].unit == found[1].unit).all()


def test_a_back_test_model_does_not_see_past_its_cutoff(panel):
    from forecasting.engine.training import _Workshop

    later = panel.demand.copy()
    later[:, 70:] = 0.0
    models = [_Workshop(replace(panel, demand=d), (7,), 0).boost(70, 150_000) for d in (panel.demand, later)]
    assert models[0] is not None
    assert models[0] == models[1]


def test_the_known_panel_of_an_origin_ends_there(panel):
    from forecasting.engine.backtest import known_at

    known = known_at(replace(panel, known={"price": np.ones((90, 110))}), 80)
    assert known.demand.shape == (90, 80)
    assert known.last_on == date(2024, 2, 12)
    assert known.known["price"].shape == (90, 110)


@pytest.mark.parametrize("freq", ["D", "W", "M"])
@pytest.mark.parametrize("case", sorted(TINY))
def test_tiny_and_odd_shops_get_sane_answers(freq, case):
    demand = np.array(TINY[case])
    for length in (1, 40):
        interval = ProtectionInterval(np.array([[length, length + 3]]), np.array([[0.5, 0.5]]))
        panel = Panel(demand, freq, LAST_ON[freq])
        found = forecast(panel, train(panel, interval=interval), interval, horizon=4)
        quantiles = found.lead_time_demand.quantiles
        assert np.isfinite(quantiles).all()
        assert (np.diff(quantiles, axis=1) >= 0).all()
        assert np.isfinite(found.mean).all()
        largest = np.nanmax(np.append(demand, 0.0))
        assert quantiles.max() <= 20 * largest * (length + 3)


def test_a_series_that_never_sold_is_expected_to_sell_nothing(result):
    assert (result.lead_time_demand.quantiles[10] == 0).all()
    assert (result.mean[10] == 0).all()


def test_stocked_out_days_are_not_taken_for_zeros():
    rng = np.random.default_rng(0)
    asked = rng.poisson(10.0, (60, 120)).astype(float)
    closed = rng.random(asked.shape) < 0.5
    seen, interval = np.where(closed, 0.0, asked), ProtectionInterval.fixed(np.full(60, 7))
    means = []
    for stocked_out in (closed.astype(float), None):
        panel = Panel(seen, "D", LAST_ON["D"], stocked_out=stocked_out)
        means.append(forecast(panel, train(panel, interval=interval), interval, horizon=7).lead_time_demand.mean.mean())
    assert means[0] == pytest.approx(70, rel=0.05)
    assert means[1] == pytest.approx(35, rel=0.05)


def test_quantiles_are_reached_as_often_as_they_say():
    rng = np.random.default_rng(5)
    demand = rng.negative_binomial(2, 0.25, (600, 120)).astype(float)
    panel = Panel(demand, "D", LAST_ON["D"])
    interval = ProtectionInterval.fixed(np.full(600, 10))
    found = forecast(panel, train(panel, interval=interval), interval, horizon=10)
    for level in (0.5, 0.8, 0.9, 0.95, 0.98):
        quantile = found.lead_time_demand.quantiles[:, GRID.index(level)]
        covered = nbinom.cdf(quantile, 10 * 2, 0.25).mean()  # the law of ten days is known: no luck of a draw
        assert covered == pytest.approx(level, abs=0.03)  # a whole quantile reaches up to 0.02 further


def test_a_longer_lead_time_needs_more():
    demand = shop()
    panel = Panel(demand, "D", LAST_ON["D"])
    spans = ProtectionInterval(np.array([[5, 20]] * 90), np.array([[0.5, 0.5]] * 90))
    trained = train(panel, interval=spans)
    short, long = (
        forecast(panel, trained, ProtectionInterval.fixed(np.full(90, n)), horizon=3).lead_time_demand for n in (5, 20)
    )
    mixed = forecast(panel, trained, spans, horizon=3).lead_time_demand
    assert long.mean.sum() > 3 * short.mean.sum()
    assert short.mean.sum() < mixed.mean.sum() < long.mean.sum()
    upper = GRID.index(0.95)
    assert (mixed.quantiles[:, upper] <= long.quantiles[:, upper]).all()


def test_prices_that_were_only_written_down_with_sales_change_nothing():
    demand = shop()
    price = np.where(demand > 0, 9.5, NAN)
    with_price = Panel(demand, "D", LAST_ON["D"], {"price": np.pad(price, ((0, 0), (0, 7)), constant_values=NAN)})
    interval = ProtectionInterval.fixed(np.full(90, 7))
    plain = Panel(demand, "D", LAST_ON["D"])
    results = [forecast(p, train(p, interval=interval), interval, horizon=7) for p in (with_price, plain)]
    assert same(*results)


def test_a_price_known_ahead_holds_between_sales():
    from forecasting.engine.signals import told_ahead, with_signals

    panel = Panel(np.ones((1, 4)), "D", LAST_ON["D"], {"price": np.array([[NAN, 5.0, NAN, 4.0, NAN, 3.0]])})
    assert told_ahead(panel) == ("price",)
    held = with_signals(panel, ("price",)).known["price"][0]
    assert np.isnan(held[0])
    assert held[1:].tolist() == [5, 5, 4, 4, 3]
