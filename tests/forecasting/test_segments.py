"""Items are told apart by how they are asked for, once a month, and do not swing at a border; seasons are shared."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from django.db import transaction

from forecasting import segments
from forecasting.models import Accuracy, SeasonalShape, Segment
from forecasting.services import segmenting
from forecasting.services.segmenting import Worth
from inventory_site.common.models import JobRun
from orders.models import DailyDemand, DemandSeries

TODAY = date(2026, 3, 29)
WINTER = 1 + 0.8 * np.cos(2 * np.pi * (np.arange(13) + 0.5) / 13)
SUMMER = 2 - WINTER


def weeks(*sizes: float) -> np.ndarray:
    """52 weeks of daily demand that repeat these sizes, each sold on one day."""
    demand = np.zeros((52, 7))
    demand[:, 3] = np.resize(sizes, 52)
    return demand.reshape(1, -1)


@pytest.mark.parametrize(
    ("sizes", "pattern"),
    [((5,), "smooth"), ((1, 9), "erratic"), ((4, 0), "intermittent"), ((1, 0, 20, 0), "lumpy"), ((0,), "none")],
)
def test_the_four_patterns(sizes, pattern):
    assert segments.patterns(segments.rhythm(weeks(*sizes))).tolist() == [pattern]


def test_a_pattern_near_its_border_stays_and_a_clear_change_is_followed():
    found = segments.Rhythm(np.array([1.35, 1.35, 1.6]), np.array([0.3, 0.3, 0.3]), np.full(3, 30))
    before = np.array(["smooth", "intermittent", "smooth"])
    assert segments.patterns(found, before).tolist() == ["smooth", "intermittent", "intermittent"]
    assert segments.patterns(found).tolist() == ["intermittent"] * 3
    assert segments.patterns(found, np.array(["none", "", "none"])).tolist() == ["intermittent"] * 3


def test_classes_move_only_beyond_the_margin():
    measure = np.array([0.54, 0.56, 0.46, 0.44, 2.0, 0.7])
    before = np.array([0, 0, 1, 1, 0, -1])
    assert segments.classified(measure, [0.5, 1.0], before).tolist() == [0, 1, 1, 0, 2, 1]


def seasonal(shape: np.ndarray, items: int, pieces: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.poisson(np.repeat(shape, 28) * pieces / 364, (items, 364)).astype(float)


def test_usual_years_are_found_and_short_series_get_them():
    demand = np.concatenate([seasonal(WINTER, 60, 900, 0), seasonal(SUMMER, 40, 900, 1)])
    shapes = segments.seasonal_shapes(segments.periods_of(demand))
    assert shapes.shape == (2, 13) and shapes.mean(axis=1) == pytest.approx([1, 1])
    assert np.abs(shapes[0] - WINTER).max() < 0.12 and np.abs(shapes[1] - SUMMER).max() < 0.12
    short = np.concatenate([seasonal(WINTER, 5, 900, 2), seasonal(SUMMER, 5, 900, 3), np.zeros((2, 364))])
    short[:, :200] = np.nan
    periods = segments.periods_of(short)
    assert np.isnan(periods[:, :7]).all() and not np.isnan(periods[:, 8:]).any()
    chances = segments.shape_chances(periods, shapes, np.array([0] * 5 + [1] * 5 + [0, 1]))
    assert chances.argmax(axis=1).tolist() == [0] * 5 + [1] * 5 + [0, 1]  # the unsold ones go with their group
    assert chances.sum(axis=1) == pytest.approx(np.ones(12))


def test_too_few_years_show_no_season():
    assert segments.seasonal_shapes(segments.periods_of(seasonal(WINTER, 20, 900, 0))).shape == (0, 13)
    assert segments.seasonal_shapes(np.full((0, 13), np.nan)).shape == (0, 13)


@pytest.fixture
def sold(make_product, warehouse):
    def sold(demand: np.ndarray, **fields) -> DemandSeries:
        first_on = TODAY - timedelta(days=len(demand) - 1)
        series = DemandSeries.objects.create(
            product=make_product(**fields), warehouse=warehouse, first_on=first_on, closed_on=TODAY
        )
        DailyDemand.objects.bulk_create(
            DailyDemand(series=series, on_date=first_on + timedelta(days=n), demand=int(pieces))
            for n, pieces in enumerate(demand)
            if pieces
        )
        return series

    return sold


def night(day: date, worth: tuple[float, ...], wapes: tuple[float, ...] = ()) -> JobRun:
    """Judge all series; A begins at a worth of 100, B at one of 40."""
    run = JobRun.objects.create(kind="nightly", business_date=day, state="published")
    series = list(DemandSeries.objects.order_by("pk"))
    for row, wape in zip(series, wapes, strict=False):
        Accuracy.objects.create(run=run, product=row.product, warehouse=row.warehouse, method="naive", wape=wape)
    size = len(series)
    told = Worth(np.array(worth, float), np.full(size, 100.0), np.full(size, 40.0))
    write = segmenting.judge(run, [row.pk for row in series], lambda keys: told)
    with transaction.atomic():
        write()
    return run


def classes() -> list[str]:
    return [f"{row.abc}{row.xyz} {row.pattern}" for row in Segment.objects.order_by("product__sku")]


@pytest.mark.django_db
@pytest.mark.ledger
def test_items_keep_their_class_at_a_border_and_the_reason_is_kept(sold):
    for sku, sizes in (("A", (5,)), ("B", (1, 0, 20, 0)), ("C", (0,))):
        sold(weeks(*sizes)[0], sku=sku)
    night(TODAY, (120, 50, 0), (0.3, 1.4))
    assert classes() == ["AX smooth", "BZ lumpy", "C none"]
    night(TODAY + timedelta(days=30), (95, 39, 0), (0.52, 0.95))
    assert classes() == ["AX smooth", "BZ lumpy", "C none"]
    first, second, _third = Segment.objects.order_by("product__sku")
    assert (first.kept, second.kept) == ({"abc": "B", "xyz": "Y"}, {"abc": "C", "xyz": "Y"})
    assert (first.since_on, first.judged_on) == (TODAY, TODAY + timedelta(days=30))
    assert first.measures["of_a"] == 0.95 and first.measures["gap"] == 1.0
    night(TODAY + timedelta(days=60), (80, 30, 0), (0.6, 0.7))
    assert classes() == ["BY smooth", "CY lumpy", "C none"]
    assert {row.since_on for row in Segment.objects.exclude(abc="C", xyz="")} == {TODAY + timedelta(days=60)}


@pytest.mark.django_db
def test_all_are_judged_once_a_month_and_new_ones_on_their_first_night(sold):
    sold(weeks(5)[0])
    run = night(TODAY, (120,))
    assert segmenting.is_month_due(run)  # again for this very day
    later = JobRun.objects.create(kind="nightly", business_date=TODAY + timedelta(days=1))
    assert not segmenting.is_month_due(later) and segmenting.unjudged_series(later) == []
    new = sold(weeks(5)[0])
    assert segmenting.unjudged_series(later) == [new.pk]
    assert segmenting.is_month_due(JobRun(kind="nightly", business_date=TODAY + timedelta(days=4)))


@pytest.mark.django_db
@pytest.mark.ledger
def test_the_shops_usual_years_come_from_its_demand_and_tell_a_season(sold, monkeypatch):
    monkeypatch.setattr(segments, "MOST_SHAPES", 2)
    for number, row in enumerate(np.concatenate([seasonal(WINTER, 12, 500, 0), seasonal(SUMMER, 10, 500, 1)])):
        sold(row, sku=f"{number:02}")
    run = JobRun.objects.create(kind="nightly", business_date=TODAY, version=2)
    segmenting.learn_shapes(run)()
    assert [shape.ends_on for shape in SeasonalShape.objects.all()] == [TODAY, TODAY]
    assert np.abs(np.array(SeasonalShape.objects.first().index) - WINTER).max() < 0.25
    night(TODAY, (0,) * 22)
    told = list(Segment.objects.order_by("product__sku").values_list("shape", flat=True))
    assert told == [1] * 12 + [2] * 10
    Segment.objects.filter(shape=2).delete()
    busy = segmenting.Season().by_day(np.array([""]), TODAY + timedelta(days=1), 364)
    assert busy.mean() == pytest.approx(1, abs=0.02) and busy[0, :20].mean() > 1.5 and busy[0, 180] < 0.4
    SeasonalShape.objects.all().delete()
    assert (segmenting.Season().by_day(np.array(["tea"]), TODAY, 5) == 1).all()
