"""A run with a forecast of one piece a day, and somebody who may say otherwise."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from forecasting.engine import GRID
from forecasting.models import Forecast
from inventory_site.common.models import JobRun, ShopSettings

SUNDAY = date(2026, 3, 29)
MONDAY = SUNDAY + timedelta(days=1)


@pytest.fixture
def shop(db):
    """The calendar stands still on a Sunday."""
    return ShopSettings.objects.update_or_create(pk=1, defaults={"demo_until": SUNDAY})[0]


@pytest.fixture
def make_run(shop):
    def make_run(day: date = SUNDAY) -> JobRun:
        return JobRun.objects.create(
            kind="nightly", business_date=day, state="published", published_at=timezone.now()
        )  # fmt: skip

    return make_run


@pytest.fixture
def forecast(warehouse):
    """Keep a forecast of ``a_day`` pieces on each of the 28 days after the run's."""

    def forecast(run: JobRun, product, *, a_day: float = 1.0, place=None, **fields) -> Forecast:
        values = {
            "method": "moving_average", "first_on": run.business_date + timedelta(days=1), "mean": [a_day] * 28,
            "quantiles": [[a_day] * 5] * 28, "naive": [2.0] * 7, "interval_days": 7.0, "drivers": {"level": a_day},
            "lead_time_demand_mean": 7 * a_day, "lead_time_demand_grid": [7 * a_day] * len(GRID),
        } | {f"lead_time_demand_q{n}": 7 * a_day for n in (50, 80, 90, 95, 98, 99)}  # fmt: skip
        return Forecast.objects.create(run=run, product=product, warehouse=place or warehouse, **values | fields)

    return forecast
