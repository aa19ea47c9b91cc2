"""What to count: the model of errors, the day's list, and the plan that is written of both."""

from __future__ import annotations

import doctest
from decimal import Decimal
from uuid import uuid4

import numpy as np
import pytest
from django.utils import timezone

from bench import count_list as bench
from stock import count_plan, services
from stock.count_errors import PRIOR_RATES, SOURCES, Exposure, Found, expected_error, learn, phantom_chance
from stock.count_plan import Work, pace_of, plan_day
from stock.count_words import why_of
from stock.errors import NothingToCount
from stock.models import CountNeed, StockLevel
from stock.services import KnownAbove, Sent, count_history
from stock.services.count_history import Groups, read_found
from stock.services.count_plans import plan_sums
from tests.stock.moments import at_noon


def exposure(n: int, **amounts) -> Exposure:
    """So many equal levels, of which only these amounts are not 0."""
    told = np.zeros((n, len(SOURCES)))
    for name, amount in amounts.items():
        told[:, SOURCES.index(name)] = amount
    return Exposure(told, np.ones(told.shape), np.ones(n), np.zeros((n, 2), int))


def found(delta, **amounts) -> Found:
    return Found(exposure(len(delta), **amounts), np.arange(len(delta)), np.array(delta, float))


def doubt(model, now: Exposure, on_hand: float = 50.0, signs: float = 0.0, weight: float = 1.0):
    n = len(now.cost)
    level = np.arange(1000, 1000 + n)
    return expected_error(
        model, now, level, np.full(n, on_hand), signs=np.full(n, signs), weight=np.full(n, weight)
    )  # fmt: skip


def test_the_doctests_hold():
    assert doctest.testmod(count_plan) == (0, 2)


def test_without_counts_the_priors_speak():
    model = learn(found([]), [1, 1])
    assert model.rates.tolist() == PRIOR_RATES.tolist()
    off = doubt(model, exposure(1, receipts=10.0))
    assert off.errors[0] == pytest.approx(10 * 0.01)
    assert off.chance[0] == pytest.approx(1 - np.exp(-0.1))


def test_what_counts_find_is_learned_and_little_of_it_hardly():
    many = learn(found([1] * 200 + [0] * 800, sales=100.0), [1, 1])
    few = learn(found([1] * 2 + [0] * 8, sales=100.0), [1, 1])
    true = -np.log(1 - 0.2) / 100
    assert many.rates[SOURCES.index("sales")] == pytest.approx(true, rel=0.1)
    assert true < few.rates[SOURCES.index("sales")] < PRIOR_RATES[SOURCES.index("sales")]


def test_kinds_of_handling_are_told_apart_by_what_their_counts_find():
    sold, came = exposure(500, sales=50.0), exposure(500, receipts=5.0)
    both = Exposure(*(np.concatenate(parts) for parts in zip(vars(sold).values(), vars(came).values(), strict=True)))
    delta = np.concatenate([np.repeat([1.0, 0.0], [20, 480]), np.repeat([4.0, 0.0], [200, 300])])
    model = learn(Found(both, np.arange(1000), delta), [1, 1])
    assert model.rates[SOURCES.index("receipts")] > 50 * model.rates[SOURCES.index("sales")]
    assert model.sizes[SOURCES.index("receipts")] > 2 * model.sizes[SOURCES.index("sales")]


def test_an_item_that_was_wrong_again_and_again_is_doubted_more_and_one_bad_count_makes_little_difference():
    item = np.repeat(np.arange(100), 5)
    delta = np.where((item == 0) | ((item == 1) & (np.arange(500) % 5 == 0)), 2.0, 0.0)
    model = learn(Found(exposure(500, sales=40.0), item, delta), [1, 1])
    always, once, never = (model.item_factor[key] for key in (0, 1, 2))
    assert always > 2 * once > 2 * never


def test_a_category_that_errs_lifts_its_items_that_nobody_counted():
    now = exposure(2, sales=40.0)
    groups = np.array([[0, 0], [1, 0]])
    past = exposure(400, sales=40.0)
    kinds = np.column_stack([np.repeat([0, 1], 200), np.zeros(400, int)])
    delta = np.concatenate([np.repeat([1.0, 0.0], [60, 140]), np.repeat([1.0, 0.0], [4, 196])])
    model = learn(
        Found(Exposure(past.amounts, past.pieces, past.cost, kinds), np.arange(400) + 10, delta), [2, 1]
    )  # fmt: skip
    off = doubt(model, Exposure(now.amounts, now.pieces, now.cost, groups))
    assert off.errors[0] > 3 * off.errors[1]


def test_more_than_is_there_cannot_be_lost_and_errors_both_ways_cancel():
    model = learn(found([]), [1, 1])
    assert doubt(model, exposure(1, days=1e6), on_hand=3.0).pieces[0] <= 3.0
    busy = doubt(model, exposure(1, sales=20_000.0), on_hand=1e6)
    assert busy.pieces[0] < busy.errors[0] / 4


def test_broken_promises_and_warnings_raise_the_doubt():
    model, now = learn(found([]), [1, 1]), exposure(1, sales=50.0)
    plain = doubt(model, now).errors[0]
    assert doubt(model, now, signs=1).errors[0] > 1.3 * plain
    assert doubt(model, now, weight=4).errors[0] == pytest.approx(4 * plain)


def test_a_shelf_that_sold_daily_and_is_silent_is_doubted_and_a_slow_one_is_not():
    off = doubt(learn(found([]), [1, 1]), exposure(2, days=200.0, sales=30.0), on_hand=2.0)
    told = phantom_chance(
        off, np.full(2, 2.0), sales=np.array([150.0, 4.0]), sold_days=np.array([180.0, 180.0]),
        silent_days=np.array([60.0, 60.0]),
    )  # fmt: skip
    assert told[0] > 0.1 > 2 * told[1]
    empty = phantom_chance(off, np.zeros(2), sales=np.full(2, 99.0), sold_days=np.full(2, 99.0), silent_days=off.size)
    assert empty.tolist() == [0, 0]


def work(**columns) -> Work:
    """Items of a minute each, due in 20 of 30 days, of no money, unless told."""
    n = max(np.size(column) for column in columns.values())
    usual = {"seconds": 60.0, "due_in": 20, "period": 30, "since": 10, "money": 0.0}
    return Work(**{name: np.resize(np.array(columns.get(name, value)), n) for name, value in usual.items()})


def test_what_is_overdue_comes_first_and_the_rest_of_the_time_finds_money():
    day = plan_day(work(due_in=[-3, 20, 20, 20], money=[0.1, 5.0, 9.0, 1.0]), budget=180)
    assert set(day.chosen.tolist()) == {0, 1, 2}
    assert day.for_cycle.tolist() == [True, False, False, False]
    assert day.chosen.tolist() == [2, 1, 0]


def test_deadlines_that_come_together_are_spread_evenly_before_them():
    day = plan_day(work(due_in=[9] * 100, since=[21] * 100, period=[30] * 100), budget=3600)
    assert len(day.chosen) == 10
    assert day.urgent == pytest.approx(600)
    assert np.bincount(day.day).tolist() == [10] * 10


def test_no_day_is_longer_than_the_budget_and_every_item_is_reached_in_its_period():
    """Played for 200 days: 300 items, all just counted, periods of 30 and 90 days, exactly enough time."""
    rng = np.random.default_rng(1)
    period = np.where(np.arange(300) < 100, 30, 90)
    since, late = rng.integers(0, period), 0
    budget = 60 * np.ceil((1 / period).sum() + 0.7)
    for _day in range(200):
        money = rng.random(300)
        plan = plan_day(Work(np.full(300, 60.0), period - since, period, since, money), budget)
        assert 60 * len(plan.chosen) <= budget
        since[plan.chosen] = 0
        since += 1
        late += int((since > period + 1).sum())
    assert late == 0


def test_what_lies_in_one_bin_is_walked_to_once():
    told = work(seconds=[60.0] * 4, money=[4.0, 3.0, 2.0, 1.0], since=[0] * 4, due_in=[30] * 4)
    alone = plan_day(told, budget=120)
    together = plan_day(Work(**vars(told) | {"bins": [[7], [8], [7], [9]], "bin_seconds": 40.0}), budget=140)
    assert alone.chosen.tolist() == [0, 1]
    assert together.chosen.tolist() == [0, 1, 2]
    assert together.seconds.tolist() == [60, 60, 20, 60]


def test_on_a_closed_day_nobody_counts_and_the_others_carry_it():
    closed = plan_day(work(due_in=[5] * 10, since=[25] * 10), 3600, [False, *[True] * 6])
    assert closed.chosen.tolist() == []
    assert plan_day(work(due_in=[6] * 12, since=[24] * 12), 3600, [True] * 3 + [False] + [True] * 3).urgent == 120


def test_the_pace_is_learned_from_the_gaps_between_entries():
    same, other = np.full(500, 12.0), np.full(500, 40.0)
    breaks = np.full(50, 4000.0)
    pace = pace_of(np.concatenate([same, other, breaks]), np.repeat([False, True, False], [500, 500, 50]))
    assert pace.item == pytest.approx(13.2, abs=0.1)
    assert pace.bin == pytest.approx(26.2, abs=0.1)


@pytest.fixture
def shop(make_product, receive, warehouse, make_user):
    """A dear and a cheap item that sold since their opening."""
    dear, cheap = make_product("DEAR", unit_cost=100), make_product("CHEAP", unit_cost=1)
    for product in (dear, cheap):
        receive(product, 100, reason="opening", effective_at=at_noon(80))
        for day in range(30, 40):
            receive(product, -3, reason="shipment", effective_at=at_noon(day))
    return warehouse


def need(sku: str) -> CountNeed:
    return CountNeed.objects.get(level__product__sku=sku)


@pytest.mark.django_db
@pytest.mark.ledger
def test_the_plan_says_how_much_each_item_may_be_off_when_its_turn_is_and_why(shop):
    assert services.plan_counts(warehouse=shop) == 2
    dear, cheap = need("DEAR"), need("CHEAP")
    assert dear.cost > 50 * cheap.cost > 0
    assert dear.pieces == pytest.approx(cheap.pieces, rel=0.01)
    assert (dear.abc, cheap.abc, dear.rank, cheap.rank) == ("A", "C", 1, 2)
    assert (dear.due_on - dear.planned_on).days == 30 - 80
    assert why_of(dear) == "Never counted; known since 80 days. 10 lines handled since. Class A: 50 days overdue."
    assert (dear.is_for_cycle, cheap.is_for_cycle) == (True, False)


@pytest.mark.django_db
@pytest.mark.ledger
def test_what_was_counted_leaves_the_list_at_once_and_is_not_asked_for_the_next_day(shop, make_user):
    services.plan_counts(warehouse=shop)
    before, clerk = need("DEAR").pieces, make_user("clerk")
    count = services.open_planned_count(warehouse=shop, actor=clerk)
    assert sorted(count.lines.values_list("level__product__sku", flat=True)) == ["CHEAP", "DEAR"]
    with pytest.raises(NothingToCount, match="Nothing is left on today's list of riga"):
        services.open_planned_count(warehouse=shop, actor=clerk)
    services.record_entries(count=count, entries=[Sent(uuid4(), "DEAR", 68, timezone.now())], actor=clerk)
    services.post_count(count=count, actor=clerk)
    assert need("DEAR").rank is None and need("CHEAP").rank == 2
    services.set_on_hand(product=need("CHEAP").level.product, warehouse=shop, counted=70, actor=clerk)
    assert not CountNeed.objects.listed().exists()
    services.plan_counts(warehouse=shop)
    dear = need("DEAR")
    assert dear.pieces < before / 4
    assert why_of(dear) == "Last counted today. Differed at 1 of 1 count. Class A: due in 30 days."


@pytest.mark.django_db
def test_only_the_newest_counts_are_learned_from_each_with_its_time_since_the_one_before(shop, monkeypatch):
    for days_ago in (12, 5):
        count = services.open_count(warehouse=shop, actor=None)
        told = [Sent(uuid4(), sku, 70, at_noon(days_ago)) for sku in ("DEAR", "CHEAP")]
        services.record_entries(count=count, entries=told, actor=None)
        services.post_count(count=count, actor=None)
    seen = read_found(Groups()).exposure.amounts
    assert seen[:, 0].round(1).tolist() == pytest.approx([68, 7, 68, 7], abs=0.1)
    assert seen[:, SOURCES.index("sales")].tolist() == [10, 0, 10, 0]
    monkeypatch.setattr(count_history, "NEWEST_LINES", 2)
    assert read_found(Groups()).exposure.amounts[:, 0].tolist() == pytest.approx([7, 7], abs=0.1)


@pytest.mark.django_db
def test_what_apps_above_tell_is_kept_and_raises_the_doubt(shop):
    services.plan_counts(warehouse=shop)
    before = need("CHEAP").chance
    level = StockLevel.objects.get(product__sku="CHEAP")
    services.tell_needs(warehouse=shop, told={level.pk: KnownAbove("B", "stock_anomaly")})
    services.plan_counts(warehouse=shop)
    cheap = need("CHEAP")
    assert cheap.abc == "B" and cheap.chance > 2 * before
    assert "An open warning doubts its stock." in why_of(cheap)
    services.tell_needs(warehouse=shop, told={})
    services.plan_counts(warehouse=shop)
    assert (need("CHEAP").abc, need("CHEAP").told_doubt) == ("C", "")


@pytest.mark.django_db
def test_what_is_no_longer_bought_leaves_the_plan(shop, make_product):
    services.plan_counts(warehouse=shop)
    never = make_product("NEVER")
    (level,) = services.ensure_levels([(never.pk, shop.pk)]).values()
    services.tell_needs(warehouse=shop, told={level: KnownAbove("A")})
    product = need("DEAR").level.product
    product.is_active = False
    product.save()
    services.plan_counts(warehouse=shop)
    assert list(CountNeed.objects.values_list("level__product__sku", flat=True)) == ["CHEAP"]


@pytest.mark.django_db
def test_a_budget_that_is_too_small_is_said(shop):
    shop.count_minutes, shop.count_days_a = 0, 1
    shop.save()
    services.plan_counts(warehouse=shop)
    (sums,) = plan_sums([shop], need("DEAR").planned_on)
    assert (sums.items, sums.overdue, sums.is_short, sums.catch_up_days) == (0, 1, True, None)
    assert sums.steady_minutes == pytest.approx(45 / 60 * (1 + 1 / 365), rel=0.01)
    assert sums.cost == Decimal(0)


def times_better(told: bench.Measured) -> float:
    """How many times as much as the best of the others our list finds on the average, after 5 % of the items."""
    mean = {name: rows[:, 1].mean() for name, rows in told.found.items()}
    others = ("ABC, largest value first", "ABC cycle, waiting longest first", "at random")
    return mean["our list"] / max(mean[other] for other in others)


@pytest.mark.long
def test_our_list_finds_more_money_than_value_and_chance_at_full_size():
    told = bench.measured(5000, bench.DAYS, range(20))
    assert 0.005 < told.wrong.mean() < 0.02
    assert times_better(told) > 1.5


def test_our_list_finds_more_money_than_value_and_chance():
    """With more errors, so that few shops tell as much."""
    assert times_better(bench.measured(1000, 300, range(6), wrong=0.05)) > 1.2
