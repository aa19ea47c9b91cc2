"""Forecasts, overrides and accuracies over the API, and the page of one forecast."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from forecasting.models import AccuracyByHorizon, ForecastValueAdded, Override
from inventory_site.common.models import Audit
from orders.models import DailyDemand, DemandSeries
from tests.forecasting.conftest import MONDAY, SUNDAY

pytestmark = pytest.mark.api
FORECASTS, OVERRIDES = "/api/v1/forecasts/", "/api/v1/forecast-overrides/"


@pytest.fixture
def buyer(api_of, make_user):
    return api_of(make_user("buyer"))


def test_forecasts_are_found_by_sku_and_warehouse_and_ordered(make_run, forecast, make_product, make_warehouse, buyer):
    run, lille = make_run(), make_warehouse("lille")
    for sku, a_day in (("A", 1.0), ("B", 3.0), ("C", 2.0)):
        forecast(run, make_product(sku), a_day=a_day)
        forecast(run, make_product(f"{sku}-2", barcode=f"4{a_day:g}"), a_day=a_day, place=lille)

    def skus(**asked) -> list[str]:
        return [row["product"] for row in buyer.get(FORECASTS, asked).json()["results"]]

    assert skus(sku="A,C-2") == ["A", "C-2"]
    assert skus(warehouse="lille", ordering="-lead_time_demand_mean") == ["B-2", "C-2", "A-2"]
    assert skus(search="42") == ["C-2"]
    assert skus(overridden="true") == []


def test_a_forecast_tells_what_drives_it_and_what_the_model_said_alone(make_run, forecast, make_product, buyer):
    own = {"baseline_mean": [2.0] * 28, "baseline_lead_time_demand_mean": 14.0}
    forecast(make_run(), make_product(), a_day=2.0, mean=[3.0] * 28, **own)
    (row,) = buyer.get(FORECASTS, {"overridden": "true"}).json()["results"]
    assert {name: value for name, value in row["drivers"].items() if value} == {"level": 56.0, "override": 28.0}
    assert (sum(row["mean"]), sum(row["baseline_mean"]), row["naive"]) == (84.0, 56.0, [2.0] * 7)


def test_the_csv_has_a_line_for_each_day(make_run, forecast, make_product, buyer, api_of, make_user, make_warehouse):
    run = make_run()
    forecast(run, make_product("=A"), a_day=2.0), forecast(run, make_product("B"))
    lines = b"".join(buyer.get(f"{FORECASTS}export/", {"sku": "=A"}).streaming_content).decode("utf-8-sig").split()
    assert lines[:2] == [
        "sku,warehouse,date,mean,q50,q80,q90,q95,q98,baseline_mean", "'=A,riga,2026-03-30,2.0,2.0,2.0,2.0,2.0,2.0,2.0",
    ]  # fmt: skip
    assert len(lines) == 29
    stranger = api_of(make_user("owner", make_warehouse("lille")))
    assert len(b"".join(stranger.get(f"{FORECASTS}export/").streaming_content).splitlines()) == 1
    assert api_of(make_user(None)).get(f"{FORECASTS}export/").status_code == 403


def body(sku: str, **fields) -> dict:
    days = {"first_on": "2026-03-30", "last_on": "2026-04-05"}
    return {"product": sku, "warehouse": "riga", "override": "+20 %", "reason": "fair"} | days | fields


def test_an_override_is_said_once_per_key_and_taken_back(shop, make_product, warehouse, buyer):
    make_product("CUP")
    for _ in range(2):
        answer = buyer.post(OVERRIDES, body("CUP"), format="json", HTTP_IDEMPOTENCY_KEY="k")
        assert (answer.status_code, answer.json()["override"], answer.json()["kind"]) == (201, "+20 %", "percent")
    said = Override.objects.get()
    for _ in range(2):
        answer = buyer.post(f"{OVERRIDES}{said.pk}/withdraw/", HTTP_IDEMPOTENCY_KEY="w")
        assert answer.status_code == 200 and answer.json()["withdrawn_at"]
    assert list(Audit.objects.order_by("pk").values_list("action", flat=True)) == [
        "override.create", "override.withdraw",
    ]  # fmt: skip
    assert buyer.get(OVERRIDES, {"standing": "true"}).json()["count"] == 0
    assert buyer.get(OVERRIDES, {"sku": "CUP"}).json()["count"] == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"override": "+20"}, "override"),
        ({"product": "NONE"}, "product"),
        ({"warehouse": "oslo"}, "warehouse"),
        ({"last_on": "2026-03-29"}, "last_on"),
        ({"reason": ""}, "reason"),
    ],
)
def test_bad_input_names_its_field_and_keeps_nothing(change, field, shop, make_product, warehouse, buyer):
    make_product("CUP")
    answer = buyer.post(OVERRIDES, body("CUP", **change), format="json")
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert not Override.objects.exists()


def test_who_may_not_is_refused_and_another_warehouse_is_not_there(
    shop, make_product, warehouse, make_warehouse, buyer, api_of, make_user
):
    make_product("CUP")
    assert api_of(make_user("clerk")).post(OVERRIDES, body("CUP"), format="json").status_code == 403
    said = buyer.post(OVERRIDES, body("CUP"), format="json").json()["id"]
    stranger = api_of(make_user("owner", make_warehouse("lille")))
    assert stranger.post(f"{OVERRIDES}{said}/withdraw/").status_code == 404
    assert stranger.post(OVERRIDES, body("CUP"), format="json").status_code == 400
    assert api_of(make_user("viewer")).post(f"{OVERRIDES}{said}/withdraw/").status_code == 403
    assert Override.objects.get().withdrawn_at is None


def test_value_added_tells_by_how_much_the_override_came_nearer(populated, buyer):
    populated.add(1)
    (row,) = buyer.get("/api/v1/forecast-value-added/").json()["results"]
    assert (row["model"], row["overridden"], row["actual"], row["pieces_nearer"]) == (2.0, 2.4, 3.0, 0.4)
    assert (row["said"], row["made_by"]) == ("+20 %", "who-overrides")
    ForecastValueAdded.objects.update(actual=None)
    (row,) = buyer.get("/api/v1/forecast-value-added/").json()["results"]
    assert row["pieces_nearer"] is None


def test_accuracy_is_summed_by_what_is_asked_for(populated, buyer):
    populated.add(2)
    AccuracyByHorizon.objects.filter(pk=AccuracyByHorizon.objects.first().pk).update(method="theta", demand=14.0)
    address = "/api/v1/forecast-accuracy/summary/"
    found = {row["method"]: row["figures"]["wape"] for row in buyer.get(address, {"by": "method"}).json()["results"]}
    assert found == {"naive": 1 / 7, "theta": 1 / 14}
    (row,) = buyer.get(address, {"by": "horizon", "method": "theta"}).json()["results"]
    assert (row["source"], row["horizon"], row["demand"]) == ("backtest", "lead_time", 14.0)
    assert buyer.get(address, {"by": "password"}).status_code == 400


# --- the page of one forecast ---


def page_of(row) -> str:
    return f"/admin/forecasting/forecast/{row.pk}/change/"


def test_the_page_says_why_and_how_right_it_was(make_run, forecast, make_product, warehouse, make_user, client_of):
    cup = make_product()
    past, run = make_run(SUNDAY - timedelta(days=7)), make_run()
    forecast(past, cup, a_day=2.0)
    row = forecast(run, cup, a_day=3.0)
    series = DemandSeries.objects.create(
        product=cup, warehouse=warehouse, first_on=SUNDAY - timedelta(days=20), closed_on=SUNDAY
    )
    DailyDemand.objects.create(series=series, on_date=SUNDAY, demand=9, stocked_out_rate=0.5)
    page = client_of(make_user("viewer")).get(page_of(row))
    (before,) = page.context["earlier"]
    assert (before.day, before.naive, before.model, before.final, before.actual, before.is_partial) == (
        SUNDAY - timedelta(days=6), 14.0, 14.0, 14.0, 9, True,
    )  # fmt: skip
    assert page.context["why"].sentence == "84 pieces in 28 days: level of the last four weeks 84."
    assert page.context["notes"][0].startswith("It reads 21 days from")
    assert "1 day was without stock for a part" in page.context["notes"][1]
    text = page.content.decode()
    assert "Override</a>" not in text and "a moving average" in text


def test_the_page_of_a_busy_item_costs_what_that_of_a_new_one_costs(
    make_run, forecast, make_product, warehouse, make_user, client_of
):
    user = make_user("buyer")
    client = client_of(user)
    new, busy = make_product(), make_product()
    run = make_run()
    rows = [forecast(run, product) for product in (new, busy)]
    for product in (new, busy):
        DemandSeries.objects.create(product=product, warehouse=warehouse, first_on=SUNDAY, closed_on=SUNDAY)
    for number in range(1, 9):
        forecast(make_run(SUNDAY - timedelta(days=7 * number)), busy)
        Override.objects.create(
            product=busy, warehouse=warehouse, first_on=MONDAY, last_on=MONDAY, kind="value", amount=1, reason="fair",
            made_by=user, made_at="2026-03-29T12:00Z",
        )  # fmt: skip
    forecast(make_run(SUNDAY - timedelta(days=70)), new)
    client.get(page_of(rows[0]))
    counts = []
    for row in rows:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(page_of(row)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_comma_list_finds_just_these_items(make_run, forecast, make_product, make_user, client_of):
    run = make_run()
    for number, sku in enumerate(("A", "AB", "B")):
        forecast(run, make_product(sku, name="Cup", barcode=f"400{number}"))
    client = client_of(make_user("owner"))

    def found(term: str) -> list[str]:
        rows = client.get("/admin/forecasting/forecast/", {"q": term}).context["cl"].result_list
        return sorted(row.product.sku for row in rows)

    assert (found("A, 4002"), found("A"), found("4001")) == (["A", "B"], ["A", "AB"], ["AB"])
