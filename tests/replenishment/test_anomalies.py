"""An anomaly that nobody has explained makes the plan of its item more careful, and of no other."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from forecasting.models import Anomaly
from forecasting.services import explain_anomaly
from orders.models import DailyDemand, DemandSeries
from replenishment.models import ReorderPoint
from tests.replenishment.conftest import TODAY, nightly
from tests.replenishment.test_services_planning import work

pytestmark = pytest.mark.django_db
DAYS = 120


def test_an_open_anomaly_raises_the_safety_stock_until_it_is_explained(run, make_product, warehouse, make_user):
    products = [make_product(), make_product()]
    for seed, product in enumerate(products):
        first_on = TODAY - timedelta(days=DAYS - 1)
        series = DemandSeries.objects.create(product=product, warehouse=warehouse, first_on=first_on, closed_on=TODAY)
        DailyDemand.objects.bulk_create(
            DailyDemand(series=series, on_date=first_on + timedelta(days=n), demand=int(pieces))
            for n, pieces in enumerate(np.random.default_rng(seed).poisson(4, DAYS))
            if pieces
        )

    def planned(of) -> list[tuple[int, float]]:
        work(of)
        rows = ReorderPoint.objects.filter(run=of).order_by("product")
        return list(rows.values_list("safety_stock", "lead_time_demand"))

    plain = planned(run)
    last = {"first_on": TODAY, "last_on": TODAY, "found_on": TODAY, "seen_on": TODAY}
    odd = Anomaly.objects.create(
        product=products[0], warehouse=warehouse, kind="spike", score=6.0, expected=4, seen=4, **last
    )
    careful = planned(nightly(version=2))
    assert careful[0][0] > plain[0][0] and careful[0][1] == plain[0][1]
    assert careful[1] == plain[1]
    explain_anomaly(anomaly=odd, explanation="one_off", actor=make_user("buyer"))
    assert planned(nightly(version=3))[0][0] < careful[0][0]
