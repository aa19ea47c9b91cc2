"""plan_csv end to end: two files in, two files out, no database, all or nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date, timedelta
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from django.core.management import CommandError, call_command

from replenishment import plan_demand, plan_items
from replenishment.plan_file import write_all
from tests.source import ROOT

AS_OF = date(2024, 5, 15)
PLAN_COLUMNS = [
    "sku", "warehouse", "method", "lead_time_demand_mean", "lead_time_demand_q50", "lead_time_demand_q80",
    "lead_time_demand_q90", "lead_time_demand_q95", "lead_time_demand_q98", "lead_time_demand_q99", "safety_stock",
    "reorder_point", "order_up_to_level", "order_quantity", "suggested_order", "explanation",
]  # fmt: skip
ITEMS = """\
sku,lead_time_days,lead_time_std_days,review_period_days,unit_cost,order_cost,holding_rate,min_order_quantity,\
pack_size,cycle_service_level,fill_rate,policy,category,on_hand,on_order,in_transit,allocated,backordered
LEVEL,7,,7,,,,1,1,0.95,,"R,S",toys,5,0,,2,
LOTS,7,2,1,2,5,0.25,1,12,0.9,,"R,s,nQ",toys,0,6,1,0,0
FILL,7,,1,,,,100,1,,0.98,,games,500,,,,
NEW,7,,,,,,,6,,,,,3,,,,
"""


def demand_text(items: tuple[str, ...] = ("LEVEL", "LOTS", "FILL", "REST"), days: int = 120) -> str:
    rng = np.random.default_rng(3)
    rows = ["sku,date,quantity"]
    for k, sku in enumerate(items):
        for day in range(days):
            sold = rng.poisson(2 + 2 * k)
            if sold or day == 0:
                rows.append(f"{sku},{AS_OF - timedelta(days - 1 - day)},{sold}")
    return "\n".join(rows) + "\n"


class Run:
    """One call of the command in a folder of its own."""

    def __init__(self, folder):
        self.folder, self.plan, self.forecast = folder, folder / "plan.csv", folder / "forecast.csv"
        self.said = ""

    def __call__(self, demand: str | bytes = "", items: str | None = None, *options: str, freq: str = "D"):
        path = self.folder / "demand.csv"
        path.write_bytes(demand if isinstance(demand, bytes) else demand.encode())
        args = [str(path), "--freq", freq, "--as-of", str(AS_OF), "--plan", str(self.plan), *options]
        if items is not None:
            (self.folder / "items.csv").write_text(items)
            args += ["--items", str(self.folder / "items.csv")]
        said = StringIO()
        try:
            call_command("plan_csv", *args, stderr=said)
        finally:
            self.said = said.getvalue()
        return pd.read_csv(self.plan, dtype={"sku": str, "warehouse": str}).set_index("sku")


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path)


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    run = Run(tmp_path_factory.mktemp("plan"))
    run(demand_text(), ITEMS, "--forecast", str(run.forecast), "--horizon", "10")
    return run


@pytest.fixture
def plan(planned):
    return pd.read_csv(planned.plan).set_index("sku")


def test_the_plan_has_the_documented_columns_and_a_row_an_item(planned):
    frame = pd.read_csv(planned.plan)
    assert list(frame.columns) == PLAN_COLUMNS
    assert frame.sku.tolist() == ["FILL", "LEVEL", "LOTS", "REST", "NEW"]


def test_quantiles_rise_from_zero_on(plan):
    quantiles = plan[[f"lead_time_demand_q{q}" for q in (50, 80, 90, 95, 98, 99)]].to_numpy()
    assert (quantiles >= 0).all() and (np.diff(quantiles, axis=1) >= 0).all() and quantiles[:4].all()


def test_up_to_a_level_that_level_is_the_quantile_of_lead_time_demand(plan):
    row = plan.loc["LEVEL"]
    assert row.order_up_to_level == np.ceil(row.lead_time_demand_q95)
    assert row.suggested_order == row.order_up_to_level - 3
    assert row.safety_stock == row.order_up_to_level - round(row.lead_time_demand_mean)


def test_lots_are_economic_in_whole_packs_and_net_what_is_coming(plan):
    row = plan.loc["LOTS"]
    annual = row.lead_time_demand_mean / 8 * 365.25
    assert row.order_quantity == np.ceil(np.sqrt(2 * 5 * annual / 0.5) / 12) * 12
    assert row.order_up_to_level == row.reorder_point + row.order_quantity
    assert row.suggested_order % row.order_quantity == 0
    assert row.reorder_point < 7 + row.suggested_order <= row.order_up_to_level
    assert "7 = 0 on hand + 6 on order + 1 in transit" in row.explanation


def test_a_fill_rate_is_a_target_and_enough_stock_is_no_order(plan):
    row = plan.loc["FILL"]
    assert row.suggested_order == 0 and row.order_quantity >= 100
    assert "for a fill rate of 98 %" in row.explanation and row.explanation.startswith("Nothing to order: ")


def test_items_without_terms_or_without_demand_have_their_row(planned, plan):
    assert np.isnan(plan.loc["REST"].suggested_order)
    assert plan.loc["REST"].explanation.startswith("The stock is not known: ")
    row = plan.loc["NEW"]
    assert (row.method, row.reorder_point, row.suggested_order, row.lead_time_demand_q99) == ("none", 0, 0, 0)
    assert row.explanation == "Nothing is planned: no demand is known of this item."
    assert "1 item has no demand: its row in the plan is zero." in planned.said


def test_what_was_taken_because_nothing_is_given_is_said(planned):
    assert (
        "Not given, so taken: lead time 14 days (1 of 5), review period 0 (2 of 5), cycle service level 0.95 (2 of 5), "
        "order quantity of 30 days of demand (4 of 5)." in planned.said
    )


def test_the_forecast_has_a_row_a_bucket_ahead(planned):
    frame = pd.read_csv(planned.forecast)
    assert list(frame.columns) == ["sku", "warehouse", "date", "mean", "q50", "q80", "q90", "q95", "q98"]
    assert frame.groupby("sku").size().to_dict() == dict.fromkeys(["FILL", "LEVEL", "LOTS", "REST"], 10)
    assert frame.date[:10].tolist() == [str(AS_OF + timedelta(k)) for k in range(1, 11)]
    assert (frame["mean"] > 0).all() and (frame.q98 >= frame.q50).all()


@pytest.mark.parametrize(("freq", "first", "unit"), [("W", "2024-05-16", "4 weeks"), ("M", "2024-05-01", "3 months")])
def test_weeks_and_months_are_planned_too(run, freq, first, unit):
    text = demand_text(("A",), days=400)
    plan = run(text, None, "--forecast", str(run.forecast), freq=freq)
    assert f"lead time {unit} (1 of 1)" in run.said and f"expected in {unit}" in plan.explanation["A"]
    assert pd.read_csv(run.forecast).date[0] == first


def test_the_same_files_give_the_same_plan(planned, run):
    run(demand_text(), ITEMS)
    assert run.plan.read_bytes() == planned.plan.read_bytes()


def test_the_order_of_the_rows_and_the_dialect_of_the_file_change_nothing(planned, run):
    head, *rows = demand_text().splitlines()
    text = "\ufeff" + "\r\n".join([head, *reversed(rows)]).replace(",", ";") + "\r\n"
    run(text, ITEMS)
    assert run.plan.read_bytes() == planned.plan.read_bytes()


BAD_DEMAND = "sku,date,quantity\nA,2024-05-14,1\nA,yesterday,x\nA,2024-05-15,-1\n"
BAD_ITEMS = 'sku,lead_time_days,policy,pack_size\nA,soon,"R,S",0\nA,3,min-max,1\n'


def test_all_bad_rows_are_named_at_once_and_nothing_is_written(run):
    run.plan.write_text("yesterday's plan")
    with pytest.raises(CommandError, match="7 bad fields: nothing is written"):
        run(BAD_DEMAND, BAD_ITEMS)
    assert run.plan.read_text() == "yesterday's plan"
    named = [line for line in run.said.splitlines() if ", line " in line]
    assert named == [
        "demand.csv, line 3, column date, value “yesterday”: is not a date (write it as YYYY-MM-DD)",
        "demand.csv, line 3, column quantity, value “x”: is not a number (write it as 1234.5)",
        "demand.csv, line 4, column quantity, value “-1”: must lie between 0 and 1e+12",
        "items.csv, line 2, column lead_time_days, value “soon”: is not a number (write it as 1234.5)",
        "items.csv, line 2, column pack_size, value “0”: must lie between 1 and 1e+12",
        "items.csv, line 3, column policy, value “min-max”: must be R,s,nQ or R,S",
        "items.csv, line 3, column sku, value “A”: is already on line 2",
    ]


def test_bad_rows_can_be_left_out(run):
    plan = run(BAD_DEMAND, BAD_ITEMS, "--skip-bad-rows")
    assert plan.index.tolist() == ["A"]
    assert "demand.csv, line 4" in run.said and "7 bad fields: the rows above are left out." in run.said
    assert "lead time 14 days (1 of 1)" in run.said


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("A,3,3,,,,", "lead_time_periods, value “3”: is given beside lead_time_days; give one of them"),
        ("A,,,,0.9,0.9,", "fill_rate, value “0.9”: is given beside cycle_service_level; give one of them"),
        ("A,,,,95,,", "cycle_service_level, value “95”: must lie between 0 and 1"),
        ("A,,,,1,,", "cycle_service_level, value “1”: must be above 0 and below 1"),
        ("A,,,25,,,", "holding_rate, value “25”: must lie between 0 and 1"),
        ("A,731,,,,,", "lead_time_days, value “731”: must lie between 0 and 730"),
        ("A,,,,,,1.5", "on_hand, value “1.5”: is not a whole number"),
        (",5,,,,,", "column sku, value “”: is empty"),
    ],
)
def test_terms_that_cannot_be_are_refused(run, row, reason):
    head = "sku,lead_time_days,lead_time_periods,holding_rate,cycle_service_level,fill_rate,on_hand"
    with pytest.raises(CommandError):
        run(demand_text(("A",), 3), f"{head}\n{row}\nB,,,,,,7\n")
    assert reason in run.said and not run.plan.exists()


def test_terms_of_a_sku_hold_in_every_warehouse_without_terms_of_its_own(run):
    demand = "sku,warehouse,date,quantity\n" + "".join(f"A,{w},2024-05-{d:02},3\n" for w in "xyz" for d in range(1, 16))
    items = 'sku,warehouse,lead_time_days,policy\nA,,5,"R,S"\nA,y,9,"R,S"\n'
    plan = run(demand, items).set_index("warehouse")
    assert ["in 5 days" in t for t in plan.explanation] == [True, False, True]
    assert "in 9 days" in plan.explanation["y"]


def test_one_stock_cannot_be_that_of_two_warehouses(run):
    demand = "sku,warehouse,date,quantity\nA,x,2024-05-15,3\nA,y,2024-05-15,3\n"
    with pytest.raises(CommandError):
        run(demand, "sku,on_hand\nA,5\n")
    assert "value “A”: has stock but no warehouse, and its demand is in 2 warehouses" in run.said


def test_warehouses_in_items_alone_are_refused(run):
    with pytest.raises(CommandError, match="names warehouses, but the demand has no column warehouse"):
        run("sku,date,quantity\nA,2024-05-15,3\n", "sku,warehouse\nA,x\n")


def test_a_file_that_is_no_table_is_refused_with_a_sentence(run):
    with pytest.raises(CommandError, match="is empty: its first line must name the columns"):
        run("")
    assert not run.plan.exists()


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--plan", "demand.csv", "is read: write to another file"),
        ("--plan", "nowhere/plan.csv", "does not exist: make the folder first"),
        ("--plan", ".", "is a folder: name a file in it"),
        ("--forecast", "plan.csv", "name the same file"),
        ("--as-of", "15.5.2024", "is not a date"),
        ("--horizon", "0", "is not a number of buckets from 1 to 730"),
        ("--freq", "Q", "invalid choice"),
    ],
)
def test_options_that_cannot_be_are_refused_before_the_work(run, option, value, sentence):
    value = str(run.folder / value) if option in ("--plan", "--forecast") else value
    with pytest.raises(CommandError, match=sentence):
        run("sku,date,quantity\nA,2024-05-15,3\n", None, option, value)
    assert run.said == "" and not run.plan.exists()


def test_the_guide_names_every_column_and_every_option(planned):
    guide = (ROOT / "docs" / "plan_csv.md").read_text()
    columns = {*plan_demand.REQUIRED, *plan_demand.OPTIONAL, *plan_items.COLUMNS, *PLAN_COLUMNS}
    options = ["--items", "--freq", "--as-of", "--plan", "--forecast", "--horizon", "--skip-bad-rows"]
    assert [name for name in [*sorted(columns), *options] if f"`{name}" not in guide] == []


def test_files_are_written_whole_or_not_at_all(tmp_path):
    plan, forecast = tmp_path / "plan.csv", tmp_path / "gone" / "forecast.csv"
    plan.write_text("old")
    with pytest.raises(FileNotFoundError):
        write_all({plan: pd.DataFrame({"sku": ["A"]}), forecast: pd.DataFrame()})
    assert plan.read_text() == "old" and [file.name for file in tmp_path.iterdir()] == ["plan.csv"]
    write_all({plan: pd.DataFrame({"sku": ["A"]})})
    assert plan.read_text() == "sku\nA\n" and [file.name for file in tmp_path.iterdir()] == ["plan.csv"]


def test_it_needs_no_database_and_leaves_stdout_to_others(planned, tmp_path):
    for name in ("demand.csv", "items.csv"):
        (tmp_path / name).write_bytes((planned.folder / name).read_bytes())
    done = subprocess.run(
        [
            sys.executable, str(ROOT / "manage.py"), "plan_csv", "demand.csv", "--items", "items.csv", "--freq", "D",
            "--as-of", str(AS_OF), "--plan", "plan.csv",
        ],
        cwd=tmp_path,
        env=os.environ | {"DATABASE_URL": "postgres://nobody:wrong@127.0.0.1:1/none"},
        capture_output=True,
        text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == "" and "Planned 5 items" in done.stderr
    assert (tmp_path / "plan.csv").read_bytes() == planned.plan.read_bytes()
