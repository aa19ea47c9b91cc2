"""The back-test's page and API: who sees what of a finished one, how far a running one is, who may start one."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from inventory_site.common.models import JobRun
from orders.models import DailyDemand, DemandSeries
from replenishment.models import Backtest, BacktestPart, BacktestResult
from replenishment.querysets_backtests import SUMS
from tests.replenishment.conftest import TODAY

pytestmark = pytest.mark.django_db

PAGE, START = "/admin/replenishment/backtest-figures/", "/admin/replenishment/backtest-start/"
RULES = {"done": 120.0, "advice": 40.0, "fixed": 90.0, "z": 30.0}


def planted(warehouse, *, state: str = "published") -> Backtest:
    """Rules of which each lost another margin; the rest is the same for all."""
    run = JobRun.objects.create(kind="backtest", business_date=TODAY, state=state)
    days = {"warmed_from": TODAY, "first_on": TODAY, "last_on": TODAY}
    weeks = {"days": [TODAY.isoformat()], str(warehouse.pk): {
        rule: {"stock": [500.0], "lost": [lost]} for rule, lost in RULES.items()
    }}  # fmt: skip
    curves = {str(warehouse.pk): {rule: [[400.0, 80.0], [600.0, 20.0]] for rule in ("advice", "fixed", "z")}}
    facts = {"weeks": weeks, "curves": curves, "fixed_days": 14.0, "has_ledger": True, "without_cost": 3}
    row = Backtest.objects.create(run=run, series=[1, 2], series_total=5, facts=facts, **days)
    sums = dict.fromkeys(SUMS, 10.0) | {"demand": 1000.0, "short": 50.0, "stock_value": 500.0}
    BacktestResult.objects.bulk_create(
        BacktestResult(
            backtest=row,
            rule=rule,
            case=case,
            basis=basis,
            warehouse=warehouse,
            **sums | {"lost_margin": lost * factor},
        )
        for rule, lost in RULES.items()
        for case, factor in (("low", 0.5), ("middle", 1.0), ("high", 2.0))
        for basis in ("own", "advice", "done")
    )
    return row


def test_the_page_tells_the_table_in_money_and_in_sentences(warehouse, make_user, client_of):
    client = client_of(make_user("owner"))
    assert "No back-test yet" in client.get(PAGE).content.decode()
    planted(warehouse)
    page = client.get(PAGE).content.decode()
    assert "our advice costs 50 EUR less than “fixed minimum”" in page
    assert "our advice costs 10 EUR more than “z-formula”" in page
    assert "our advice costs 80 EUR less than “what was done”" in page
    assert (
        "95.0 %" in page and "20 – 80" in page and "sample of 2 of 5 items" in page and "3 items have no cost" in page
    )
    assert "scatter" in page
    assert "9,999" not in client.get(PAGE, {"category": "9999"}).content.decode()
    assert client.get(PAGE, {"id": "9999"}).status_code == 404
    lines = b"".join(client.get(PAGE, {"export": "1"})).decode().splitlines()
    assert lines[1].startswith("advice,done,120.0,60.0,240.0,10.0,10.0,140.0,500.0")


def test_costs_are_hidden_from_the_floor_and_all_from_strangers(
    warehouse, make_user, make_warehouse, client_of, api_of
):
    row, clerk = planted(warehouse), make_user("clerk")
    page = client_of(clerk).get(PAGE).content.decode()
    assert "95.0 %" in page and "Lost margin<" not in page and "costs 50" not in page and "scatter" not in page
    header = b"".join(client_of(clerk).get(PAGE, {"export": "1"})).decode().splitlines()[0]
    assert "fill_rate" in header and "margin" not in header and "cost" not in header
    stranger = make_user("owner", make_warehouse("tallinn"))
    assert "No back-test yet" in client_of(stranger).get(PAGE).content.decode()
    assert api_of(stranger).get(f"/api/v1/backtests/{row.pk}/results/").status_code == 404
    told = api_of(clerk).get(f"/api/v1/backtests/{row.pk}/results/").json()["results"]
    assert {"fill_rate", "lost", "compared", "rule"} <= set(told[0]) and not {"total", "lost_margin"} & set(told[0])


def test_a_running_one_shows_how_far_it_is(warehouse, make_user, client_of):
    row, client = planted(warehouse, state="running"), client_of(make_user("owner"))
    part = client.get(PAGE, {"progress": "1"}, headers={"HX-Request": "true"})
    assert "<progress" in part.content.decode() and "HX-Refresh" not in part.headers
    JobRun.objects.filter(pk=row.run_id).update(state="published")
    assert client.get(PAGE, {"progress": "1"}).headers["HX-Refresh"] == "true"


def test_starting_one_needs_the_office_of_all_warehouses_and_a_history(
    warehouse, make_user, make_product, client_of, api_of
):
    for person in (make_user("clerk"), make_user("owner", warehouse)):
        assert client_of(person).post(START, {"once": "a"}).status_code == 403
        assert api_of(person).post("/api/v1/backtests/", {}, format="json").status_code == 403
    owner = make_user("owner")
    answer = api_of(owner).post("/api/v1/backtests/", {}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_replay")
    refused = client_of(owner).post(START, {"once": "b"}, follow=True).content.decode()
    assert "There is no demand yet" in refused and not Backtest.objects.exists()
    series = DemandSeries.objects.create(
        product=make_product(), warehouse=warehouse, first_on=TODAY.replace(year=2025), closed_on=TODAY
    )
    DailyDemand.objects.create(series=series, on_date=TODAY.replace(year=2025), demand=1)
    first = api_of(owner).post("/api/v1/backtests/", {"days": 60}, format="json")
    assert first.status_code == 201 and first.json()["items"] == first.json()["items_total"] == 1
    client_of(owner).post(START, {"once": "c"})
    assert Backtest.objects.count() == 1  # the one that runs
    assert not BacktestPart.objects.exists()


def test_the_first_page_of_the_morning_tells_what_it_would_have_earned(warehouse, make_user, client_of):
    owner, clerk = client_of(make_user("owner")), client_of(make_user("clerk"))
    assert "Let your past be replayed" in owner.get("/admin/").content.decode()
    row = planted(warehouse)
    told = "our advice costs 80 EUR less than “what was done”"
    assert told in owner.get("/admin/").content.decode()
    assert told not in clerk.get("/admin/").content.decode()
    JobRun.objects.filter(pk=row.run_id).update(state="running")
    assert "A back-test is at work" in owner.get("/admin/").content.decode()


def test_the_demo_asks_for_one_and_leaves_the_work_to_the_workers(warehouse, make_product):
    series = DemandSeries.objects.create(
        product=make_product(), warehouse=warehouse, first_on=TODAY.replace(year=2025), closed_on=TODAY
    )
    DailyDemand.objects.create(series=series, on_date=TODAY.replace(year=2025), demand=1)
    for _again in range(2):
        call_command("backtest", "--ask")
    assert Backtest.objects.get().run.state == "running"
