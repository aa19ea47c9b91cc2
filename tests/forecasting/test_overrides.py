"""What people say instead of the model: said, replaced, taken back; in the plan, in the grid and in a file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from forecasting import engine, services
from forecasting.engine import GRID, LeadTimeDemand, Panel, ProtectionInterval
from forecasting.errors import OverrideRefused
from forecasting.importers import read_overrides
from forecasting.models import Forecast, ForecastValueAdded, Override
from forecasting.overrides import Word, applied, spoken
from forecasting.panels import Keys
from forecasting.services.overrides import Cell, Wish, create_overrides, read_amount, save_cells, withdraw_overrides
from inventory_site.common.errors import StaleVersion
from inventory_site.common.models import Audit
from orders.models import DemandSeries
from tests.forecasting.conftest import MONDAY, SUNDAY

NEXT_SUNDAY = MONDAY + timedelta(days=6)


# --- arithmetic ---


def model(means, ltd=None) -> engine.Forecast:
    """The engine's answer: these means by day, quantiles of twice the mean, 7 days of lead-time demand."""
    mean = np.array(means, float)
    total = mean[:, :7].sum(axis=1) if ltd is None else np.array(ltd, float)
    return engine.Forecast(
        np.array(["naive"] * len(mean)), mean, np.repeat(2 * mean[:, :, None], 5, axis=2),
        LeadTimeDemand(total, np.repeat(2 * total[:, None], len(GRID), axis=1), np.full(len(mean), 0.5)), {},
    )  # fmt: skip


def with_words(result, *words, whole_pieces=True):
    interval = ProtectionInterval.fixed(np.full(len(result.mean), 7))
    return applied(result, words, interval, whole_pieces=whole_pieces)


def test_a_percentage_moves_mean_quantiles_and_lead_time_demand_alike():
    said = with_words(model([[4.0] * 28, [4.0] * 28]), Word(0, 0, 6, True, 50.0))
    assert said.mean[0].tolist() == [6.0] * 7 + [4.0] * 21
    assert said.quantiles[0, :8, 2].tolist() == [12.0] * 7 + [8.0]
    demand = said.lead_time_demand
    assert (demand.mean[0], demand.quantiles[0, 0], demand.excess[0]) == (42.0, 84.0, 0.75)
    assert (demand.mean[1], said.mean[1].sum()) == (28.0, 112.0)  # the other series is not touched


def test_pieces_are_spread_as_the_model_spreads_its_own():
    said = with_words(model([[1.0, 3.0] * 14]), Word(0, 0, 3, False, 80.0))
    assert said.mean[0, :5].tolist() == [10.0, 30.0, 10.0, 30.0, 1.0]


def test_a_period_that_has_begun_gets_its_share_of_the_pieces():
    assert spoken(np.ones((1, 28)), [Word(0, -3, 3, False, 70.0)], 28).mean[0, :5].tolist() == [10.0] * 4 + [1.0]


def test_the_newest_word_holds_on_each_day():
    words = [Word(0, 0, 13, False, 140.0), Word(0, 7, 8, True, -100.0)]
    said = spoken(np.ones((1, 28)), words, 14)
    assert said.mean[0].tolist() == [10.0] * 7 + [0.0, 0.0] + [10.0] * 5
    assert said.holder[0].tolist() == [0] * 7 + [1, 1] + [0] * 5


def test_pieces_for_an_item_that_nobody_expects_bring_quantiles_too():
    said = with_words(model([[0.0] * 28], ltd=[0.0]), Word(0, 0, 6, False, 70.0))
    assert said.mean[0, :8].tolist() == [10.0] * 7 + [0.0]
    levels = said.lead_time_demand.quantiles[0]
    assert said.lead_time_demand.mean[0] == 70
    assert 60 <= levels[GRID.index(0.1)] < 70 < levels[GRID.index(0.95)] < 90
    assert (np.diff(said.quantiles[0, 0]) > 0).all()


def test_a_word_beyond_the_horizon_reaches_a_long_lead_time():
    result = model([[1.0] * 28], ltd=[40.0])
    said = applied(result, [Word(0, 30, 39, True, 100.0)], ProtectionInterval.fixed(np.array([40])), whole_pieces=False)
    assert said.mean.tolist() == result.mean.tolist()
    assert said.lead_time_demand.mean[0] == pytest.approx(50.0)


# --- services ---


@pytest.fixture
def buyer(make_user):
    return make_user("buyer")


@pytest.fixture
def say(shop, warehouse, buyer):
    def say(product, text="+50 %", *, first_on=MONDAY, last_on=NEXT_SUNDAY, reason="fair", place=None, actor=None):
        wish = Wish(product, place or warehouse, first_on, last_on, *read_amount(text), reason)
        return create_overrides(wishes=[wish], actor=actor or buyer)[0]

    return say


@pytest.mark.parametrize(
    ("text", "kind", "amount"),
    [("120", "value", 120.0), (" 1,5 ", "value", 1.5), ("+20 %", "percent", 20.0), ("-5%", "percent", -5.0),
     ("10%", "percent", 10.0)],
)  # fmt: skip
def test_an_amount_is_read_as_people_write_it(text, kind, amount):
    assert read_amount(text) == (kind, amount)


@pytest.mark.parametrize("text", ["", "+10", "ten", "1e9", "5 % more", "--5%"])
def test_an_amount_that_could_mean_two_things_is_refused(text):
    with pytest.raises(OverrideRefused, match="neither a number of pieces"):
        read_amount(text)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"last_on": MONDAY - timedelta(days=1)}, "last day is before"),
        ({"first_on": SUNDAY - timedelta(days=9), "last_on": SUNDAY - timedelta(days=3)}, "are over"),
        ({"last_on": MONDAY + timedelta(days=400)}, "At most 366 days"),
        ({"text": "-101 %"}, "at least -100"),
        ({"reason": "  "}, "reason is missing"),
    ],
)
def test_what_cannot_be_is_refused_by_name_and_nothing_is_kept(change, why, say, make_product):
    with pytest.raises(OverrideRefused, match=f"CUP: .*{why}"):
        say(make_product("CUP"), **change)
    assert not Override.objects.exists() and not Audit.objects.exists()


def test_only_roles_of_the_office_say_something_and_only_where_they_are(say, make_product, make_user, make_warehouse):
    for actor in (make_user("clerk"), make_user("buyer", make_warehouse("lille"))):
        with pytest.raises(PermissionDenied):
            say(make_product(), actor=actor)
    assert not Override.objects.exists()


def test_the_same_days_said_again_replace_what_was_said(say, make_product, buyer):
    cup = make_product()
    first, other = say(cup, "120"), say(cup, "90", last_on=MONDAY)
    second = say(cup, "+10 %")
    first.refresh_from_db()
    assert (first.withdrawn_by, list(Override.objects.standing())) == (buyer, [second, other])
    assert (second.made_at, second.said) == (datetime(2026, 3, 29, 23, 59, tzinfo=UTC), "+10 %")
    withdraw_overrides(overrides=[second, second], actor=buyer)
    assert list(Override.objects.standing()) == [other]
    actions = list(Audit.objects.order_by("pk").values_list("action", flat=True))
    assert actions == [
        "override.create",
        "override.create",
        "override.withdraw",
        "override.create",
        "override.withdraw",
    ]


# --- in the plan ---


def issued(run, products, warehouse, a_day=4.0):
    count = len(products)
    keys = Keys(np.arange(count), np.array([p.pk for p in products]), np.full(count, warehouse.pk))
    panel = Panel(np.tile(np.arange(1.0, 57.0), (count, 1)), "D", run.business_date)
    scores = {name: np.full(count, np.nan) for name in ("wape", "bias", "pinball", "naive_pinball")}
    result = model([[a_day] * 28] * count)
    result = engine.Forecast(result.method, result.mean, result.quantiles, result.lead_time_demand, scores)
    found = services.issue(
        run=run, panel=panel, keys=keys, result=result, interval=ProtectionInterval.fixed(np.full(count, 7))
    )
    services.save_forecasts(run=run, keys=keys, issued=found)
    return found


def test_a_plan_is_kept_with_and_without_the_override(say, make_product, make_run, warehouse):
    cup, pot = make_product(), make_product()
    word = say(cup, "56")
    issued(make_run(), [cup, pot], warehouse)
    said, plain = Forecast.objects.order_by("product")
    assert (said.mean[:8], said.baseline_mean, said.baseline_lead_time_demand_mean) == (
        [8.0] * 7 + [4.0],
        [4.0] * 28,
        28.0,
    )
    assert (said.lead_time_demand_mean, said.lead_time_demand_q95) == (56.0, 112.0)
    assert (plain.baseline_mean, plain.mean[0], plain.interval_days) == (None, 4.0, 7.0)
    frozen = ForecastValueAdded.objects.get()
    assert (frozen.override, frozen.first_on, frozen.last_on) == (word, MONDAY, NEXT_SUNDAY)
    assert frozen.days[0] == [0, 50.0, 4.0, 8.0] and len(frozen.days) == 7
    assert (frozen.naive, frozen.model, frozen.overridden, frozen.actual) == (371.0, 28.0, 56.0, None)


def test_what_was_said_after_the_day_or_taken_back_before_changes_nothing(
    say, make_product, make_run, warehouse, buyer
):
    late, gone = make_product(), make_product()
    Override.objects.filter(pk=say(late).pk).update(made_at=datetime(2026, 3, 30, 8, tzinfo=UTC))
    withdraw_overrides(overrides=[say(gone)], actor=buyer)
    found = issued(make_run(), [late, gone], warehouse)
    assert not found.overridden.any() and found.result.mean.max() == 4.0
    assert not ForecastValueAdded.objects.exists()


def test_an_override_is_measured_by_the_last_plan_before_it_began(say, make_product, make_run, warehouse, shop):
    cup = make_product()
    say(cup, first_on=MONDAY + timedelta(days=1))
    for days, a_day in ((0, 4.0), (1, 5.0), (2, 9.0)):
        issued(make_run(SUNDAY + timedelta(days=days)), [cup], warehouse, a_day)
    frozen = ForecastValueAdded.objects.get()
    assert (frozen.run.business_date, frozen.days[0][2:]) == (MONDAY, [5.0, 7.5])


# --- the grid ---


def cell(product, text, seen=None, week=0):
    monday = MONDAY + timedelta(days=7 * week)
    return Cell(product, monday, monday + timedelta(days=6), text, seen)


def test_the_grid_saves_changed_cells_and_takes_emptied_ones_back(shop, make_product, warehouse, buyer):
    cup = make_product()
    save = {"warehouse": warehouse, "reason": "fair", "actor": buyer}
    assert save_cells(cells=[cell(cup, "120"), cell(cup, "+10 %", week=1)], **save) == (2, 0)
    first, second = Override.objects.order_by("pk")
    assert save_cells(cells=[cell(cup, "", first.pk), cell(cup, "90", second.pk, 1)], **save) == (1, 1)
    assert [row.said for row in Override.objects.standing()] == ["90"]


def test_a_cell_that_somebody_changed_meanwhile_refuses_the_whole_page(shop, make_product, warehouse, buyer):
    cup, pot = make_product("CUP"), make_product()
    save = {"warehouse": warehouse, "reason": "fair", "actor": buyer}
    save_cells(cells=[cell(cup, "120")], **save)
    with pytest.raises(StaleVersion, match="CUP, 2026-03-30: somebody changed it"):
        save_cells(cells=[cell(pot, "5"), cell(cup, "130")], **save)
    with pytest.raises(OverrideRefused, match="CUP, 2026-04-06: “ten”"):
        save_cells(cells=[cell(pot, "5"), cell(cup, "ten", week=1)], **save)
    assert [row.said for row in Override.objects.all()] == ["120"]


GRID_PAGE = "/admin/forecasting/override/grid/"


def test_the_page_shows_weeks_and_saves_what_was_typed(make_run, forecast, make_product, warehouse, buyer, client_of):
    cup = make_product("CUP")
    forecast(make_run(), cup, a_day=2.0)
    client = client_of(buyer)
    page = client.get(GRID_PAGE)
    (row,) = page.context["rows"]
    assert [week.baseline for week in row.weeks] == [14.0] * 8
    name = f"cell:{cup.pk}:2026-03-30:0"
    assert f'name="{name}"' in page.content.decode()
    other = f"cell:{cup.pk}:2026-04-06:0"
    told = {"once": page.context["once_key"], "reason": "fair", name: "28", other: ""}
    for _ in range(2):  # a double click says it once
        assert client.post(GRID_PAGE, told).status_code == 302
    said = Override.objects.get()
    assert (said.said, said.first_on, said.last_on, said.reason) == ("28", MONDAY, NEXT_SUNDAY, "fair")
    week = client.get(GRID_PAGE).context["rows"][0].weeks[0]
    assert (week.text, week.baseline, week.total) == ("28", 14.0, 28.0)


def test_what_was_refused_stays_in_its_cell(make_run, forecast, make_product, buyer, client_of):
    cup = make_product("CUP")
    forecast(make_run(), cup)
    told = {"once": "k", "reason": "", f"cell:{cup.pk}:2026-03-30:0": "28"}
    page = client_of(buyer).post(GRID_PAGE, told)
    assert "Nothing was saved. CUP: Say why" in page.content.decode()
    week = page.context["rows"][0].weeks[0]
    assert (week.shown, week.text) == ("28", "") and not Override.objects.exists()


def test_a_clerk_looks_at_the_grid_and_changes_nothing(make_run, forecast, make_product, make_user, client_of):
    cup = make_product()
    forecast(make_run(), cup)
    client = client_of(make_user("clerk"))
    page = client.get(GRID_PAGE)
    assert page.status_code == 200 and "cell:" not in page.content.decode()
    told = {"once": "k", "reason": "fair", f"cell:{cup.pk}:2026-03-30:0": "28"}
    assert client.post(GRID_PAGE, told).status_code == 403
    assert not Override.objects.exists()


def test_the_grid_costs_the_same_for_many_rows(
    make_run, forecast, make_product, say, make_user, client_of, django_assert_num_queries
):
    client = client_of(make_user("owner"))
    run = make_run()
    products = [make_product() for _ in range(12)]
    forecast(run, products[0])
    say(products[0])
    client.get(GRID_PAGE)
    with django_assert_num_queries(12) as few:
        client.get(GRID_PAGE)
    for product in products[1:]:
        forecast(run, product)
        say(product)
    with django_assert_num_queries(len(few)):
        assert len(client.get(GRID_PAGE).context["rows"]) == 12


def test_another_warehouse_is_not_there(make_run, forecast, make_product, make_warehouse, make_user, client_of):
    forecast(make_run(), make_product())
    stranger = client_of(make_user("owner", make_warehouse("lille")))
    assert stranger.get(GRID_PAGE, {"warehouse": "riga"}).status_code == 404
    assert stranger.get(GRID_PAGE).context["rows"] == []


# --- the file ---


def test_the_file_of_the_grid_is_filled_in_and_brought_back(
    make_run, forecast, make_product, buyer, client_of, warehouse
):
    run, cup = make_run(), make_product("=CUP")
    forecast(run, cup)
    forecast(run, make_product("POT"))
    client = client_of(buyer)
    answer = client.get("/admin/forecasting/override/grid/csv/", {"q": "=CUP"})
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0] == "sku,name,warehouse,first_on,last_on,forecast,override,reason"
    assert len(lines) == 9 and lines[1].startswith("'=CUP,Product 1,riga,2026-03-30,2026-04-05,7.0,")
    filled = "\n".join([lines[0], lines[1].removesuffix(",") + "'+50 %,fair", *lines[2:]])
    page = reverse("admin:forecasting_override_import")
    preview = client.post(page, {"file": _upload(filled)})
    assert (len(preview.context["found"].wishes), preview.context["found"].empty) == (1, 7)
    assert not Override.objects.exists()
    told = {"once": preview.context["once_key"], "text": preview.context["text"]}
    assert client.post(page, told).status_code == 302
    said = Override.objects.get()
    assert (said.product, said.said, said.first_on, said.reason) == (cup, "+50 %", MONDAY, "fair")


def _upload(text: str):
    from django.core.files.uploadedfile import SimpleUploadedFile

    return SimpleUploadedFile("o.csv", text.encode())


def test_everything_that_is_wrong_with_a_file_is_said_at_once(shop, make_product, warehouse, buyer):
    make_product("CUP")
    text = """sku;warehouse;first_on;last_on;override;reason
CUP;riga;2026-03-30;2026-04-05;120;fair
NONE;oslo;30.3.2026;2026-04-05;ten;fair
CUP;riga;2026-03-30;2026-04-05;90;again
CUP;riga;2026-04-06;2026-04-12;;
CUP;riga;2026-04-06;2026-04-12;+5 %;
CUP;riga;2026-01-06;2026-01-12;5;fair
"""
    found = read_overrides(text, user=buyer)
    assert [(f.line, f.column) for f in found.faults] == [
        (3, "sku"), (3, "warehouse"), (3, "first_on"), (3, "override"), (4, "first_on"), (6, "reason"), (7, "last_on"),
    ]  # fmt: skip
    assert (len(found.wishes), found.empty) == (1, 1)


def test_a_file_without_its_columns_says_which(shop, buyer):
    assert (
        read_overrides("sku,override\nCUP,5\n", user=buyer).faults[0].column == "warehouse, first_on, last_on, reason"
    )


# --- the admin ---


def test_the_form_says_one_and_the_list_takes_it_back(shop, make_product, warehouse, buyer, client_of):
    cup = make_product()
    client = client_of(buyer)
    told = {"product": cup.pk, "warehouse": warehouse.pk, "first_on": "2026-03-30", "last_on": "2026-04-05",
            "override": "+10", "reason": "fair"}  # fmt: skip
    refused = client.post("/admin/forecasting/override/add/", told)
    assert refused.status_code == 200 and not Override.objects.exists()
    assert client.post("/admin/forecasting/override/add/", told | {"override": "+10 %"}).status_code == 302
    said = Override.objects.get()
    assert (said.said, said.made_by) == ("+10 %", buyer)
    client.post(f"/admin/forecasting/override/{said.pk}/do/withdraw/", {"once": "k"})
    said.refresh_from_db()
    assert said.withdrawn_by == buyer


def test_a_series_without_history_is_overridden_too(say, make_product, make_run, warehouse):
    cup = make_product()
    DemandSeries.objects.create(product=cup, warehouse=warehouse, first_on=SUNDAY)
    say(cup, "70")
    found = issued(make_run(), [cup], warehouse, a_day=0.0)
    assert found.result.mean[0, :8].tolist() == [10.0] * 7 + [0.0]
