"""Anomalies from the database: found by the night, explained by people, heeded by the next forecast and plan."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from catalog.models import Promotion
from forecasting import engine
from forecasting.engine import GRID, LeadTimeDemand
from forecasting.errors import NotExplained
from forecasting.models import Anomaly
from forecasting.panels import Keys, panel_of
from forecasting.services import anomalies as service
from forecasting.services import explain_anomalies, explain_anomaly, widened, withdraw_explanations
from forecasting.services.explaining import WIDER
from inventory_site.common.models import Audit, JobRun, ShopSettings
from orders.models import DailyDemand, DemandSeries
from stock.models import StockMovement
from stock.services import Entry, post_movements
from tests.forecasting.conftest import SUNDAY

pytestmark = pytest.mark.django_db
BEFORE = SUNDAY - timedelta(days=28)


def day(ago: int) -> date:
    return SUNDAY - timedelta(days=ago)


@pytest.fixture
def sold(shop, warehouse):
    """Two pieces on each of the last 120 days, and ``instead`` on some (days ago -> pieces)."""

    def sold(product, instead: dict[int, int] | None = None, **fields) -> DemandSeries:
        series = DemandSeries.objects.create(
            product=product, warehouse=warehouse, first_on=day(119), closed_on=SUNDAY
        )  # fmt: skip
        pieces = dict.fromkeys(range(120), 2) | (instead or {})
        DailyDemand.objects.bulk_create(
            DailyDemand(series=series, on_date=day(ago), demand=asked, sales=asked, **fields)
            for ago, asked in pieces.items() if asked or fields
        )  # fmt: skip
        return series

    return sold


@pytest.fixture
def night(make_run, shop):
    """Find what is odd on the Sunday, or some days later."""

    def night(about: str = "demand", later: int = 0) -> list[Anomaly]:
        on = SUNDAY + timedelta(days=later)
        run = JobRun.objects.filter(business_date=on).first() or make_run(on)
        service.find_anomalies(run, {"about": about})()
        return list(Anomaly.objects.order_by("pk"))

    return night


@pytest.fixture
def expected(make_run, forecast):
    """A run of four weeks ago that forecast two pieces a day."""
    return lambda product: forecast(make_run(BEFORE), product, a_day=2.0)


def test_a_spike_against_the_forecast_is_found_once_updated_and_over_when_it_is_gone(
    sold, expected, night, make_product, warehouse
):
    product, calm = make_product(), make_product()
    sold(product, {3: 25})
    sold(calm)
    expected(product)
    (found,) = night()
    assert (found.product, found.warehouse, found.kind, found.state) == (product, warehouse, "spike", "open")
    assert (found.first_on, found.last_on, found.seen, found.expected) == (day(3), day(3), 25, 2)
    assert found.found_on == found.seen_on == SUNDAY and found.score > 4.5
    (again,) = night()
    assert again.pk == found.pk
    DailyDemand.objects.filter(demand=25).update(demand=2)
    (gone,) = night(later=1)
    assert gone.state == "over" and gone.seen_on == SUNDAY


def test_without_a_forecast_the_items_own_weekdays_are_what_is_expected(sold, night, make_product):
    sold(make_product(), dict.fromkeys(range(12), 0))
    (found,) = night()
    assert found.kind == "drop" and found.expected == 24


def test_days_without_stock_and_promotions_that_nobody_could_know_are_no_anomalies(sold, expected, night, make_product):
    empty, offered = make_product(), make_product()
    series = sold(empty, dict.fromkeys(range(12), 0))
    DailyDemand.objects.bulk_create(
        DailyDemand(series=series, on_date=day(ago), stocked_out_rate=1.0) for ago in range(12)
    )
    sold(offered, {3: 25})
    expected(offered)
    Promotion.objects.create(product=offered, starts_on=day(3), ends_on=day(3), announced_on=day(5))
    assert night() == []


def test_what_was_a_one_off_is_left_out_of_the_history_that_later_forecasts_read(
    sold, expected, night, make_product, make_user
):
    series = sold(product := make_product(), {3: 25})
    expected(product)
    (found,) = night()
    ShopSettings.objects.update(demo_until=SUNDAY + timedelta(days=1))
    told = explain_anomaly(anomaly=found, explanation="one_off", actor=make_user("buyer"), note=" a wedding ")
    assert (told.state, told.note, told.explained_on) == ("one_off", "a wedding", SUNDAY + timedelta(days=1))

    def read(until: date, **kwargs) -> float:
        panel, _keys = panel_of([series.pk], since=day(10), until=until, **kwargs)
        return panel.demand[0, 7]

    assert np.isnan(read(SUNDAY + timedelta(days=1)))
    assert read(SUNDAY) == 25  # what was made before he said so did not know of it
    assert read(SUNDAY + timedelta(days=1), explained=False) == 25
    assert [row.state for row in night(later=1)] == ["one_off"]
    assert Audit.objects.get(action="anomaly.explain").changes["state"] == "one_off"


def test_a_new_level_lifts_what_was_before_it_and_moves_the_next_forecast(
    sold, expected, night, make_product, make_user
):
    series = sold(product := make_product(), dict.fromkeys(range(8), 8))
    expected(product)
    (found,) = night()
    assert found.kind == "level_up" and found.first_on == day(7)
    interval = engine.ProtectionInterval.fixed(np.array([7]))

    def next_week(until: date) -> float:
        panel, _keys = panel_of([series.pk], since=day(119), until=until)
        return float(engine.forecast(panel, engine.train(panel, interval=interval), interval, horizon=7).mean.sum())

    plain = next_week(SUNDAY)
    explain_anomaly(anomaly=found, explanation="new_level", actor=make_user("buyer"))
    panel, _keys = panel_of([series.pk], since=day(119), until=SUNDAY)
    assert panel.demand[0].tolist() == [8.0] * 120
    assert next_week(SUNDAY) == pytest.approx(56, rel=0.02) and plain < 51
    assert [row.state for row in night()] == ["new_level"]  # the old forecast does not make it odd again


def test_an_open_anomaly_widens_the_plan_until_it_is_explained(
    sold, expected, night, make_product, make_user, make_run, warehouse
):
    sold(product := make_product(), {3: 25})
    expected(product)
    calm = make_product()
    (found,) = night()
    run = make_run(SUNDAY + timedelta(days=2))
    keys = Keys(np.array([1, 2]), np.array([product.pk, calm.pk]), np.array([warehouse.pk] * 2))
    grid = np.tile(np.arange(len(GRID), dtype=float), (2, 1))
    demand = LeadTimeDemand(mean=np.array([10.0, 10.0]), quantiles=grid, excess=np.array([0.4, 0.4]))
    steps = np.tile([1.0, 2, 3, 4, 6], (2, 7, 1))
    result = engine.Forecast(np.array(["naive"] * 2), np.ones((2, 7)), steps, demand, {})
    wide = widened(run=run, keys=keys, result=result)
    at95 = GRID.index(0.95)
    assert wide.lead_time_demand.quantiles[0, at95] == np.ceil(10 + WIDER * (grid[0, at95] - 10))
    assert wide.lead_time_demand.quantiles[0, 0] == 0 and (np.diff(wide.lead_time_demand.quantiles) >= 0).all()
    assert wide.lead_time_demand.excess.tolist() == [0.5, 0.4] and wide.lead_time_demand.mean.tolist() == [10, 10]
    assert wide.quantiles[0, 0].tolist() == [1, 3, 4, 5, 8]
    assert (wide.lead_time_demand.quantiles[1] == grid[1]).all() and (wide.quantiles[1] == steps[1]).all()
    explain_anomaly(anomaly=found, explanation="one_off", actor=make_user("buyer"))
    assert widened(run=run, keys=keys, result=result) is result


def test_an_explanation_is_taken_back_and_a_second_one_refused(sold, night, make_product, make_user):
    sold(make_product(), {3: 25})
    (found,) = night()
    buyer = make_user("buyer")
    explain_anomalies(anomalies=[found], explanation="one_off", actor=buyer)
    with pytest.raises(NotExplained, match="already"):
        explain_anomaly(anomaly=found, explanation="new_level", actor=buyer)
    withdraw_explanations(anomalies=[found], actor=buyer)
    found.refresh_from_db()
    assert (found.state, found.explained_by, found.explained_on) == ("open", None, None)


def test_who_may_not_change_forecasts_there_explains_nothing(sold, night, make_product, make_user, make_warehouse):
    sold(make_product(), {3: 25})
    (found,) = night()
    for person in (make_user("clerk"), make_user("buyer", make_warehouse("tallinn"))):
        with pytest.raises(PermissionDenied):
            explain_anomaly(anomaly=found, explanation="one_off", actor=person)
    assert Anomaly.objects.get().state == "open"


def move(product, warehouse, ago: int, quantity: int, reason: str) -> StockMovement:
    at = datetime.combine(day(ago), datetime.min.time(), tzinfo=ZoneInfo("UTC")) + timedelta(hours=12)
    return post_movements(entries=[Entry(product.pk, warehouse.pk, quantity, reason, effective_at=at)])[0]


def test_losses_that_come_again_are_shrinkage_which_has_no_new_level(shop, night, make_product, warehouse, make_user):
    product, calm = make_product(), make_product()
    for item in (product, calm):
        move(item, warehouse, 100, 500, "opening")
        move(item, warehouse, 50, -100, "shipment")
    for ago in (40, 25, 10):
        move(product, warehouse, ago, -9, "adjustment")
    move(calm, warehouse, 30, -1, "count")
    (found,) = night("stock")
    assert (found.product, found.about, found.kind, found.seen) == (product, "stock", "shrinkage", 27)
    assert found.first_on == day(40) and found.terms == {"losses": 3, "corrections": 3}
    with pytest.raises(NotExplained, match="Count it"):
        explain_anomaly(anomaly=found, explanation="new_level", actor=make_user("buyer"))
    explain_anomaly(anomaly=found, explanation="one_off", actor=make_user("buyer"))


def test_a_shelf_that_nothing_leaves_though_it_sold_daily_is_frozen(
    sold, night, make_product, warehouse, django_assert_num_queries
):
    product, empty = make_product(), make_product()
    for item, left in ((product, 7), (empty, 0)):
        sold(item, dict.fromkeys(range(15), 0))
        move(item, warehouse, 100, 20 + left, "opening")
        move(item, warehouse, 15, -20, "shipment")
    (found,) = night("stock")
    assert (found.product, found.kind, found.expected) == (product, "frozen", 30)
    assert found.terms == {"days": 15, "on_hand": 7} and found.first_on == day(14)


def test_buttons_and_api_explain_and_open_again(
    sold, night, make_product, make_user, client_of, api_of, warehouse, receive
):
    receive(product := make_product(), 5)
    sold(product, {3: 25})
    (found,) = night()
    buyer = make_user("buyer")
    client, page = client_of(buyer), product.get_absolute_url()
    text = client.get(page).content.decode()
    assert "25 pieces were asked for" in text and "1.25 times as wide" in text
    do = reverse("admin:forecasting_anomaly_do", args=[found.pk, "one_off"])
    client.post(do, {"once": "a", "note": "a wedding", "next": page})
    found.refresh_from_db()
    assert (found.state, found.note, found.explained_by) == ("one_off", "a wedding", buyer)
    assert "Undo" in client.get(page).content.decode()
    api = api_of(buyer)
    assert api.post(f"/api/v1/anomalies/{found.pk}/withdraw/").json()["state"] == "open"
    told = {"explanation": "new_level", "note": "on the radio"}
    assert api.post(f"/api/v1/anomalies/{found.pk}/explain/", told, format="json").json()["state"] == "new_level"
    again = api.post(f"/api/v1/anomalies/{found.pk}/explain/", told, format="json")
    assert (again.status_code, again.json()["code"]) == (409, "not_explained")
    assert api.get("/api/v1/anomalies/", {"state": "new_level"}).json()["count"] == 1
