#!/usr/bin/env python
"""Import a shop's real sales, plan as of 28 days before their end, and replay those 28 days under two rules.

The plan knows nothing of the days it is judged on (--check-look-ahead proves it by a second shop that holds only the
rows up to the planning day). Beside our reorder points stands the rule of the usual spreadsheet: a fixed minimum of
14 days of the mean demand of the last 28 days. Both are reviewed each evening, order the same quantities, wait the
same lead time, and lose what is asked for while the shelf is empty.

python bench/shop_history.py SALES.csv --format online_retail [--check-look-ahead]
python bench/shop_history.py SALES.csv --database-url postgres://… (an empty database, which keeps the imported shop)
python bench/shop_history.py --small   (a little shop made by chance)
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import django
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

PEAK_UNIT = 2**20 if sys.platform == "darwin" else 2**10  # of ru_maxrss, for MiB
BISECTIONS = 30
MOST_DAYS = 400


@dataclass(frozen=True)
class Rule:
    """At a review, order lots while the position is at or below the minimum. Arrays [series], pieces."""

    minimum: np.ndarray
    lot: np.ndarray
    is_bought: np.ndarray


@dataclass(frozen=True)
class Shelf:
    """``on_hand`` [series]; ``coming`` [series, longest lead time + 1], the first column arrives next morning."""

    on_hand: np.ndarray
    coming: np.ndarray


@dataclass(frozen=True)
class Outcome:
    """Pieces lost and pieces on the shelf at the end of each day, [series, days], and the shelf after the last one."""

    lost: np.ndarray
    stock: np.ndarray
    shelf: Shelf


@dataclass(frozen=True)
class Case:
    """All that both rules share. Arrays [series] and [series, days]; ``value`` is of one piece."""

    mean: np.ndarray
    lead_days: np.ndarray
    value: np.ndarray
    warm_up: np.ndarray
    demand: np.ndarray
    ours: Rule

    def fixed(self, days: float) -> Rule:
        minimum = np.ceil(days * self.mean - 1e-9).astype(np.int64)
        return replace(self.ours, minimum=minimum, is_bought=minimum > 0)

    def full(self, rule: Rule) -> Shelf:
        """As high as the rule ever lets it be, and nothing on its way."""
        on_hand = np.where(rule.is_bought, rule.minimum + rule.lot, 0)
        return Shelf(on_hand, np.zeros((len(on_hand), self.lead_days.max(initial=0) + 1), np.int64))

    def stock_value(self, outcome: Outcome) -> float:
        """Mean over the days."""
        return float((outcome.stock * self.value[:, None]).sum(axis=0).mean())


def follow(rule: Rule, shelf: Shelf, demand: np.ndarray, lead_days: np.ndarray) -> Outcome:
    """Day by day: what is due arrives, demand is served or lost, the evening's review orders.

    An order waits its lead time from the morning after, as one that is accepted when the nightly job has run.
    """
    from replenishment.formulas import order_lots

    on_hand, coming, rows = shelf.on_hand.copy(), shelf.coming.copy(), np.arange(len(demand))
    lost, stock = np.zeros_like(demand), np.zeros_like(demand)
    for day in range(demand.shape[1]):
        on_hand += coming[:, 0]
        coming = np.roll(coming, -1, axis=1)
        coming[:, -1] = 0
        served = np.minimum(on_hand, demand[:, day])
        on_hand -= served
        lost[:, day], stock[:, day] = demand[:, day] - served, on_hand
        order = order_lots(on_hand + coming.sum(axis=1), rule.minimum, rule.lot)
        coming[rows, lead_days] += np.where(rule.is_bought, order, 0)
    return Outcome(lost, stock, Shelf(on_hand, coming))


def warmed_up(case: Case, rule: Rule) -> Shelf:
    """What the rule itself has on the shelf and on its way when the judged days begin."""
    return follow(rule, case.full(rule), case.warm_up, case.lead_days).shelf


def equal_stock(case: Case, outcome_of: Callable[[float], Outcome], wanted: float) -> float:
    """The days of a fixed minimum whose mean stock value is ``wanted``, by bisection: more days are more stock."""
    low, high = 0.0, float(MOST_DAYS)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        if case.stock_value(outcome_of(middle)) < wanted:
            low = middle
        else:
            high = middle
    return high


def compare(case: Case, days: float) -> None:
    """Print both openings: the fixed minimum's shelf for both rules, and each rule's own."""
    left = warmed_up(case, case.fixed(days))
    ours = follow(case.ours, left, case.demand, case.lead_days)
    print("\nSame opening: both begin with the shelf and the open orders that the fixed minimum left")
    tell(case, ours, lambda d: follow(case.fixed(d), left, case.demand, case.lead_days), days)
    ours = follow(case.ours, warmed_up(case, case.ours), case.demand, case.lead_days)
    print(f"\nOwn opening: each rule has been followed for the {case.warm_up.shape[1]} days before")

    def fixed(d: float) -> Outcome:
        return follow(case.fixed(d), warmed_up(case, case.fixed(d)), case.demand, case.lead_days)

    tell(case, ours, fixed, days)


def tell(case: Case, ours: Outcome, fixed_of: Callable[[float], Outcome], days: float) -> None:
    equal = equal_stock(case, fixed_of, case.stock_value(ours))
    fixed, same_stock = fixed_of(days), fixed_of(equal)
    print(f"{'':44}{'stock-outs':>11}{'items':>7}{'pieces lost':>13}{'served':>9}{'mean stock value':>18}")
    print(row("reorder points", case, ours))
    print(row(f"fixed minimum, {days:g} days", case, fixed))
    print(row(f"fixed minimum, {equal:.1f} days (equal stock value)", case, same_stock))
    print(contrast(f"Of {days:g} days' stock-outs", case, ours, fixed))
    print(contrast("At equal stock value", case, ours, same_stock))


def row(name: str, case: Case, of: Outcome) -> str:
    short, asked = of.lost > 0, case.demand.sum()
    served = 1 - of.lost.sum() / max(asked, 1)
    return (
        f"{name:44}{short.sum():11,}{short.any(axis=1).sum():7,}{of.lost.sum():13,}{served:9.2%}"
        f"{case.stock_value(of):18,.0f}"
    )


def contrast(name: str, case: Case, ours: Outcome, other: Outcome) -> str:
    was, now = other.lost > 0, ours.lost > 0
    prevented, added = int((was & ~now).sum()), int((now & ~was).sum())
    pieces = int(other.lost.sum() - ours.lost.sum())
    cost = case.stock_value(ours) - case.stock_value(other)
    return (
        f"{name}: {prevented:,} of {was.sum():,} prevented ({prevented / max(was.sum(), 1):.0%}), {added:,} that only "
        f"the reorder points have, net {prevented - added:+,}; {pieces:+,} pieces served; "
        f"mean stock value {cost:+,.0f} ({cost / max(case.stock_value(other), 1):+.1%})"
    )


def manage(folder: Path, url: str, *arguments: str) -> tuple[str, str]:
    """Run a command as a process of its own: what it printed, and what it took."""
    environment = os.environ | {"SHELFWISE_VAR": str(folder), "DATABASE_URL": url}
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as printed:
        process = subprocess.Popen([sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, stdout=printed)
        _pid, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        printed.seek(0)
        text = printed.read()
    if process.returncode:
        sys.exit(f"{text}\nmanage.py {' '.join(arguments)} ended with {process.returncode}.")
    cpu, peak = used.ru_utime + used.ru_stime, used.ru_maxrss / PEAK_UNIT
    return text, f"{time.monotonic() - started:.0f} s ({cpu:.0f} s of CPU), peak memory {peak:.0f} MiB"


def refuse_living_shop() -> None:
    """Sales go only into an empty database, or into one that this bench has filled before."""
    from django.db import connection

    from catalog.models import Product
    from orders.models import SalesOrder, Source
    from stock.models import StockMovement

    if SalesOrder._meta.db_table not in connection.introspection.table_names():
        return
    made_here = Product.objects.exclude(source="import")
    entered = SalesOrder.objects.exclude(source=Source.IMPORT)
    if StockMovement.objects.exists() or entered.exists() or made_here.exists():
        sys.exit("This database holds a living shop: give the bench an empty one.")


def load(folder: Path, url: str, options: argparse.Namespace) -> None:
    manage(folder, url, "prepare")
    arguments = ["import_sales", str(options.file), "--format", options.format]
    text, took = manage(folder, url, *arguments)
    print(text.strip())
    print(f"Import: {took}")


def plan(folder: Path, url: str, day: date) -> None:
    text, took = manage(folder, url, "run_nightly", "--date", day.isoformat())
    print(text.strip().splitlines()[-1])
    print(f"Planning as of {day}: {took}")


def planned(day: date, using: str = "default") -> dict[tuple[str, str], tuple]:
    """Reorder points of the day's run by SKU and warehouse: minimum, lot, whether it is bought, lead-time demand."""
    from replenishment.models import ReorderPoint

    rows = ReorderPoint.objects.using(using).filter(run__kind="nightly", run__business_date=day)
    told = rows.order_by("run__version").values_list(
        "product__sku", "warehouse__code", "reorder_point", "order_quantity", "is_stocked", "lead_time_demand",
        "lead_time_days",
    )  # fmt: skip
    return {(sku, code): tuple(values) for sku, code, *values in told}


def read_case(options: argparse.Namespace, day: date, last_on: date) -> Case:
    """Demand as the engine reads it: the past as it was known on ``day``, the rest as the whole file tells it."""
    from forecasting.panels import panel_of
    from orders.models import DemandSeries

    series = DemandSeries.objects.filter(first_on__lte=day).order_by("pk")
    ids = list(series.values_list("pk", flat=True))
    later = DemandSeries.objects.filter(first_on__gt=day).count()
    known, _keys = panel_of(ids, since=day - timedelta(days=options.recent_days - 1), until=day)
    real, _keys = panel_of(ids, since=day - timedelta(days=options.warm_up_days - 1), until=last_on)
    points = planned(day)
    table = np.array([points[pair] for pair in series.values_list("product__sku", "warehouse__code")], float)
    minimum, lot, is_bought = table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2] > 0
    demand = np.nan_to_num(real.demand).astype(np.int64)
    print(f"Series: {len(ids):,} planned, {is_bought.sum():,} of them for the shelf; {later:,} begin later: left out.")
    case = Case(
        mean=np.nan_to_num(np.nanmean(known.demand, axis=1)),
        lead_days=np.round(table[:, 4]).astype(int),
        value=np.nan_to_num(known.known["price"][:, options.recent_days - 1]),
        warm_up=demand[:, : options.warm_up_days],
        demand=demand[:, options.warm_up_days :],
        ours=Rule(minimum, np.maximum(lot, 1), is_bought),
    )
    spans = sorted(set(case.lead_days.tolist()))
    print(
        f"Replay of {day + timedelta(days=1)} to {last_on}: lead time {', '.join(map(str, spans))} days, review each "
        f"evening; {case.demand.sum():,} pieces asked for on {(case.demand > 0).sum():,} item-days."
    )
    return case


def check_look_ahead(options: argparse.Namespace, day: date) -> None:
    """Plan a second shop from the file's rows up to ``day`` only, and count the plans that differ."""
    from django.db import connections

    with tempfile.TemporaryDirectory(prefix="shelfwise-bench-") as scratch:
        folder = Path(scratch)
        past, url = folder / options.file.name, f"sqlite:///{folder / 'past.sqlite3'}"
        kept = keep_until(options, day, past)
        manage(folder, url, "prepare")
        manage(folder, url, "import_sales", str(past), "--format", options.format)
        manage(folder, url, "run_nightly", "--date", day.isoformat())
        connections.databases["past"] = connections.databases["default"] | {
            "ENGINE": "django.db.backends.sqlite3", "NAME": folder / "past.sqlite3", "OPTIONS": {},
        }  # fmt: skip
        whole, blind = planned(day), planned(day, using="past")
        connections["past"].close()
    same = sum(blind.get(pair) == values for pair, values in whole.items())
    print(
        f"Look-ahead: from the {kept:,} rows up to {day} alone, {same:,} of {len(whole):,} plans are the same "
        f"({len(whole.keys() ^ blind.keys()):,} are only in one of both)."
    )


def keep_until(options: argparse.Namespace, day: date, target: Path) -> int:
    """Copy the rows up to ``day``; how many. The format says where the date stands."""
    from orders.importers.sales_file import FORMATS

    kept = 0
    with options.file.open(newline="", encoding="utf-8") as source, target.open("w", newline="") as past:
        rows, writer = csv.reader(source), csv.writer(past)
        headers = next(rows)
        place = FORMATS[options.format](headers).places["at"]
        writer.writerow(headers)
        for told in rows:
            if datetime.fromisoformat(told[place]).date() <= day:
                writer.writerow(told)
                kept += 1
    return kept


def make_small(file: Path) -> None:
    """Half a year of 60 items, from a piece a month to dozens a day."""
    dice = np.random.default_rng(1)
    first_on = date(2025, 1, 1)
    with file.open("w", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(["sku", "date", "quantity", "price", "order"])
        for item in range(60):
            active = dice.uniform(0.05, 1, 180) < dice.uniform(0.1, 1)
            for day in np.flatnonzero(active).tolist():
                pieces = 1 + dice.poisson(item % 20)
                writer.writerow([f"ITEM-{item}", first_on + timedelta(days=day), pieces, "9.50", f"{item}-{day}"])


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--format", default="generic")
    parser.add_argument("--database-url", default="", help="without it an SQLite file")
    parser.add_argument("--var", type=Path, help="keep the shop in this folder; the same again goes on from there")
    parser.add_argument("--days", type=int, default=28, help="how many days to replay")
    parser.add_argument("--fixed-days", type=float, default=14)
    parser.add_argument("--recent-days", type=int, default=28, help="whose mean demand the fixed minimum is made of")
    parser.add_argument("--warm-up-days", type=int, default=60)
    parser.add_argument("--check-look-ahead", action="store_true")
    parser.add_argument("--small", action="store_true")
    options = parser.parse_args()
    if not options.file and not options.small:
        parser.error("name a file of sales, or --small")
    return options


def main() -> None:
    options = read_arguments()
    with tempfile.TemporaryDirectory(prefix="shelfwise-bench-") as scratch:
        folder = (options.var or Path(scratch)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        url = options.database_url or f"sqlite:///{folder / 'shelfwise.sqlite3'}"
        if options.small:
            options.file, options.check_look_ahead = folder / "small.csv", True
            make_small(options.file)
        os.environ |= {"SHELFWISE_VAR": str(folder), "DATABASE_URL": url}
        os.environ["DJANGO_SETTINGS_MODULE"] = "inventory_site.settings"
        django.setup()
        refuse_living_shop()
        run(folder, url, options)


def run(folder: Path, url: str, options: argparse.Namespace) -> None:
    from django.db import connection

    from orders.models import DailyDemand

    load(folder, url, options)
    last_on = DailyDemand.objects.order_by("on_date").values_list("on_date", flat=True).last()
    day = last_on - timedelta(days=options.days)
    plan(folder, url, day)
    if options.check_look_ahead:
        check_look_ahead(options, day)
    compare(read_case(options, day, last_on), options.fixed_days)
    connection.close()


if __name__ == "__main__":
    main()
