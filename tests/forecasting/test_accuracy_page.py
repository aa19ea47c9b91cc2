"""The page of accuracy: figures from sums, groups, filters, roles and its CSV."""

from __future__ import annotations

import json
from datetime import timedelta

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Category
from forecasting.accuracy import errors, figures, grouped, quantile_terms
from forecasting.models import AccuracyByHorizon, ForecastValueAdded, TrainedModel
from tests.forecasting.conftest import SUNDAY

PAGE = "/admin/forecasting/accuracy-figures/"


def test_figures_of_three_series_by_hand():
    actual, model = np.array([10.0, 0, 5]), np.array([8.0, 1, 5])
    terms = errors(actual, model, np.array([10.0, 1, 5]), np.array([4.0, 0, 5]), np.array([4.0, np.nan, 2]))
    ((_key, sums),) = grouped([("all",)] * 3, terms)
    found = figures(sums)
    assert (found["wape"], found["bias"], found["mae"], found["mse"]) == (3 / 15, -1 / 15, 1.0, 5 / 3)
    assert found["rmse"] == pytest.approx((5 / 3) ** 0.5)
    assert found["mase"] == (2 / 4 + 0 / 2) / 2
    assert found["r2"] == pytest.approx(1 - 5 / (125 - 15**2 / 3))
    assert found["value_added"] == pytest.approx(6 / 15 - 3 / 15)
    assert found["override_value_added"] == pytest.approx(3 / 15 - 1 / 15)
    assert figures({})["wape"] is None and figures({"n": 3})["r2"] is None


def test_quantiles_are_hit_at_or_below_and_days_that_were_not_seen_do_not_count():
    quantiles = np.array([[[1.0, 2, 3, 4, 5]] * 3])
    found = quantile_terms(np.array([[3.0, 9, 0]]), quantiles, np.array([[True, True, False]]))
    assert [found[f"below_{level}"][0] for level in (50, 80, 90, 95, 98)] == [0, 0, 1, 1, 1]
    assert found["quantile_n"][0] == 2
    loss = np.mean([0.5 * 2, 0.8 * 1, 0, 0.05 * 1, 0.02 * 2]) + np.mean([0.5 * 8, 0.8 * 7, 0.9 * 6, 0.95 * 5, 0.98 * 4])
    assert found["pinball"][0] == pytest.approx(loss)


@pytest.fixture
def owner(make_user, client_of):
    return client_of(make_user("owner"))


@pytest.fixture
def errors_of(warehouse):
    def errors_of(run, *, absolute_error=2.0, demand=10.0, place=None, **fields) -> AccuracyByHorizon:
        values = {
            "source": "issued", "horizon": "1-7", "method": "naive", "n": 4, "squared_demand": 40.0, "error": 1.0,
            "squared_error": 4.0, "naive_absolute_error": 5.0, "final_absolute_error": absolute_error, "quantile_n": 28,
            "pinball": 3.0, "below_50": 14, "below_80": 21, "below_90": 25, "below_95": 27, "below_98": 28,
        } | fields  # fmt: skip
        return AccuracyByHorizon.objects.create(
            run=run, warehouse=place or warehouse, absolute_error=absolute_error, demand=demand, **values
        )

    return errors_of


def table(client, by: str) -> dict[str, list[str]]:
    lines = client.get(PAGE, {"by": by}).context["table"]["lines"]
    return {line["name"]: line["figures"] for line in lines}


def test_an_empty_shop_says_when_there_will_be_something(owner, shop):
    page = owner.get(PAGE)
    assert page.status_code == 200 and "Nothing to compare yet" in page.content.decode()


def test_groups_are_sums_and_not_means_of_means(owner, make_run, errors_of):
    run = make_run()
    tea = Category.objects.create(name="Tea")
    errors_of(run, method="naive", category=tea)
    errors_of(run, method="theta", absolute_error=0.0, demand=30.0, category=tea)
    errors_of(run, horizon="8-14", absolute_error=8.0, category=tea)
    page = owner.get(PAGE)
    assert {name: row[0] for name, row in table(owner, "method").items()} == {
        "the last day, repeated": "20.0 %", "the Theta method": "0.0 %",
    }  # fmt: skip
    assert table(owner, "category")["Tea"][0] == "5.0 %"
    by_horizon = {name: row[0] for name, row in table(owner, "horizon").items()}
    assert by_horizon == {"days 1–7": "5.0 %", "days 8–14": "80.0 %"}
    assert page.context["tiles"][0]["value"] == "5.0 %"
    assert page.context["tiles"][-1]["value"] == "89.3 %"


def test_the_back_test_is_shown_where_nothing_was_issued_yet_and_when_asked_for(owner, make_run, errors_of):
    run = make_run()
    errors_of(run, source="backtest", horizon="lead_time", absolute_error=3.0)
    assert owner.get(PAGE).context["tiles"][0]["value"] == "30.0 %"
    errors_of(run)
    assert owner.get(PAGE).context["tiles"][0]["value"] == "20.0 %"
    assert owner.get(PAGE, {"source": "backtest"}).context["tiles"][0]["value"] == "30.0 %"


def test_filters_narrow_and_old_runs_are_left_out(owner, make_run, errors_of, make_warehouse):
    run, old = make_run(), make_run(SUNDAY - timedelta(days=200))
    errors_of(run)
    errors_of(run, place=make_warehouse("lille"), absolute_error=4.0)
    errors_of(old, absolute_error=9.0)

    def shown(**asked) -> str:
        return owner.get(PAGE, asked).context["tiles"][0]["value"]

    assert [shown(), shown(warehouse="lille"), shown(days="all"), shown(method="theta")] == [
        "30.0 %",
        "40.0 %",
        "50.0 %",
        "–",
    ]
    assert shown(category="x", days="?", source="?", horizon="?") == "30.0 %"


def test_over_time_the_model_stands_beside_the_naive_forecast(owner, make_run, errors_of):
    for days, error in ((14, 4.0), (7, 3.0), (0, 2.0)):
        errors_of(make_run(SUNDAY - timedelta(days=days)), absolute_error=error)
    chart = json.loads(owner.get(PAGE).context["over_time_chart"])
    assert chart["labels"] == ["March 15", "March 22", "March 29"]
    assert [line["data"] for line in chart["datasets"]] == [[40.0, 30.0, 20.0], [50.0, 50.0, 50.0]]


def test_coverage_is_told_for_each_origin_of_the_training(owner, make_run, errors_of):
    run = make_run()
    errors_of(run)
    told = {"origins": [1], "levels": [0.8, 0.98], "share": [[0.75, None]], "n": [40]}
    TrainedModel.objects.create(run=run, data=b"", coverage=told)
    (row,) = owner.get(PAGE).context["origins"]["rows"]
    assert (row["day"], row["n"], row["share"]) == (SUNDAY, 40, ["75.0 %", "–"])


def test_a_role_sees_its_warehouses_only(make_run, errors_of, make_user, make_warehouse, client_of):
    errors_of(make_run())
    assert client_of(make_user("clerk", make_warehouse("lille"))).get(PAGE).context["observations"] == 0
    assert client_of(make_user(None)).get(PAGE).status_code == 403


def test_the_csv_has_every_figure_of_every_group(owner, make_run, errors_of):
    run = make_run()
    errors_of(run)
    errors_of(run, method="theta", demand=0.0)
    lines = b"".join(owner.get(PAGE, {"export": "method"}).streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0].startswith("method,observations,demand,wape,bias,mae,mse,rmse,mase,r2,pinball")
    assert lines[1].startswith('"the last day, repeated",4,10.0,0.2,0.1,0.5,1.0,1.0,,')
    assert lines[2].startswith("the Theta method,4,0.0,,,")


def test_more_rows_cost_no_more_queries(owner, make_run, errors_of):
    run = make_run()
    errors_of(run)
    owner.get(PAGE)
    with CaptureQueriesContext(connection) as few:
        owner.get(PAGE)
    for number in range(12):
        errors_of(make_run(SUNDAY - timedelta(days=number + 1)), method=f"method{number}")
    with CaptureQueriesContext(connection) as many:
        owner.get(PAGE)
    assert len(many) == len(few)


def test_overrides_are_told_by_person(owner, populated):
    populated.add(2)
    found = owner.get(PAGE).context["value_added"]
    assert (found["n"], found["better"], round(found["pieces"], 3)) == (2, 2, 0.8)
    assert [(row["name"], row["n"]) for row in found["people"]] == [("who-overrides", 2)]
    ForecastValueAdded.objects.update(overridden=1.0)
    assert owner.get(PAGE).context["value_added"]["better"] == 0
