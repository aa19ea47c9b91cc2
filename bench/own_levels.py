#!/usr/bin/env python
"""A company's own reorder points and maxima against our reorder points and the z-formula, in one simulator.

Needs a table of demand by item and month, and one of items with delivery days, reorder point, maximum and price. Each
month is one period: at its end everything is reviewed, an order waits its delivery time in whole months, demand that
is not on the shelf is lost. All rules order up to a maximum that lies as far above the reorder point as the company's,
so only the reorder points differ. Ours and the z-formula's are made anew each month from the months before; the
company's are those of its table, which may have been set with later knowledge; so ours are also followed as they are
after the last month, held still over all months.

Each rule is followed at many targets; told is the stock value that it needs for the company's fill rate, and the fill
rate that it reaches with the company's stock value, both by straight lines between two targets. "by cost" means that
dear items get a lower target: one coin of stock should serve the same demand everywhere.

python bench/own_levels.py DEMAND ITEMS --columns item=…,month=…,pieces=… --item-columns item=…,lead_days=…,…
python bench/own_levels.py --small   (a little company made by chance)
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import special

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from forecasting import engine
from forecasting.engine import Panel, ProtectionInterval
from replenishment import simulate
from replenishment.backtest.replay import Levels, Outcome, World, follow

MONTH_DAYS = 365.25 / 12
HISTORY_MONTHS, WARM_MONTHS = 10, 4
#: Months between two trainings.
TRAINED_EVERY = 3
TARGETS = (0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.97, 0.985, 0.995)
#: By cost: chance of a miss at the median price. A dearer item may miss more often, in proportion, up to MOST_MISSED.
MISSED = (2.0, 1.0, 0.5, 0.25, 0.12, 0.06, 0.03, 0.015, 0.007, 0.003)
MOST_MISSED, LEAST_MISSED = 0.95, 0.005


@dataclass(frozen=True)
class Company:
    """``demand`` int [months, items]; the others [items]."""

    demand: np.ndarray
    lead_months: np.ndarray
    reorder_point: np.ndarray
    maximum: np.ndarray
    price: np.ndarray
    last_month: date

    @property
    def judged(self) -> slice:
        return slice(WARM_MONTHS, len(self.demand) - HISTORY_MONTHS + 1)


@dataclass(frozen=True)
class Told:
    """One rule at one target: fill rates by pieces and by value, and mean stock value."""

    name: str
    by_pieces: float
    by_value: float
    stock_value: float


def read(options: argparse.Namespace) -> Company:
    asked, items = (named(read_table(file), columns) for file, columns in (
        (options.demand, options.columns), (options.items, options.item_columns)))  # fmt: skip
    asked = asked[~asked["month"].astype(str).isin(options.leave_out)]
    table = asked.pivot_table(index="month", columns="item", values="pieces", aggfunc="sum", fill_value=0).sort_index()
    table = table.iloc[:, :: options.every_item].iloc[-(options.months + HISTORY_MONTHS + WARM_MONTHS) :]
    items = items.set_index("item").loc[table.columns]
    print(f"{len(items):,} items, {len(table)} months to {table.index[-1]}; left out: {options.leave_out or 'none'}")
    return Company(
        demand=np.maximum(np.rint(table.to_numpy()), 0).astype(np.int64),
        lead_months=np.rint(items["lead_days"].to_numpy() / MONTH_DAYS).astype(int),
        reorder_point=items["reorder_point"].to_numpy(np.int64), maximum=items["maximum"].to_numpy(np.int64),
        price=items["price"].to_numpy(float), last_month=pd.Period(str(table.index[-1]), "M").to_timestamp().date(),
    )  # fmt: skip


def read_table(file: Path) -> pd.DataFrame:
    return pd.read_parquet(file) if file.suffix == ".parquet" else pd.read_csv(file)


def named(table: pd.DataFrame, columns: str) -> pd.DataFrame:
    ours = dict(pair.split("=") for pair in columns.split(","))
    return table.rename(columns={theirs: name for name, theirs in ours.items()})


def small() -> Company:
    dice = np.random.default_rng(2)
    rate = dice.gamma(0.7, 4, 80)
    demand = dice.poisson(rate * dice.gamma(2, 0.5, (26, 80)))
    point = np.maximum(np.rint(3 * rate), 1).astype(np.int64)
    return Company(
        demand, dice.integers(0, 4, 80), point, point + np.maximum(np.rint(2 * rate), 1).astype(np.int64),
        dice.lognormal(3, 1.5, 80), date(1999, 2, 1),
    )  # fmt: skip


def month_before(last: date, months: int) -> date:
    return (pd.Period(last, "M") - months).to_timestamp().date()


def main() -> None:
    options = read_arguments()
    company = small() if options.small else read(options)
    started = time.process_time()
    base, place = own(company), world_of(company)
    theirs = judge("the company's own", company, follow(base, place))
    ours, z = levels_by_month(company)
    targets, last = np.array(TARGETS), np.broadcast_to(ours[:, -1:], ours.shape)
    low, high = targets[0], targets[-1]
    curves = {
        "our reorder points": [at_levels(company, base, place, ours, np.full(base.top.shape[1], t)) for t in targets],
        "our reorder points, by cost": [
            at_levels(company, base, place, ours, by_cost(company, m, low, high)) for m in MISSED
        ],
        "z-formula": [at_z(company, base, place, z, np.full(base.top.shape[1], t)) for t in targets],
        "z-formula, by cost": [at_z(company, base, place, z, by_cost(company, m, low, high)) for m in MISSED],
        "ours, knowing all months": [
            at_levels(company, base, place, last, np.full(base.top.shape[1], t)) for t in targets
        ],
        "ours, knowing all months, by cost": [
            at_levels(company, base, place, last, by_cost(company, m, low, high)) for m in MISSED
        ],
        "the company's, more or less": [
            judge("", company, follow(scaled(base, factor), place)) for factor in np.geomspace(0.2, 5, 13)
        ],
    }  # fmt: skip
    tell(theirs, curves)
    print(f"{time.process_time() - started:.0f} s of processor")


def own(company: Company) -> Levels:
    """The company's levels. Where the maximum is not above the reorder point, it refills one by one."""
    months, items = len(company.demand) - HISTORY_MONTHS + 1, len(company.price)
    top = np.maximum(company.maximum, 1)
    point = np.minimum(company.reorder_point, top - 1)
    one = np.ones((months, items), np.int64)
    return Levels(one * point, one * top, one, one > 0, one > 0, np.ones(items, int), np.ones(items, int))


def world_of(company: Company) -> World:
    """From the last month of the history on; its own demand is over, so nothing is asked for in it."""
    demand = company.demand[HISTORY_MONTHS - 1 :].copy()
    demand[0] = 0
    shape = demand.shape
    lead = np.broadcast_to(company.lead_months, shape)
    return World(demand, lead, np.ones(shape, bool), np.arange(len(demand)), np.zeros(shape[1], bool))


def levels_by_month(company: Company) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Our points [targets, months, items], and mean and deviation of the z-formula's lead-time demand."""
    length = company.lead_months + 1
    interval = ProtectionInterval.fixed(length)
    gap = np.maximum(company.maximum - np.minimum(company.reorder_point, company.maximum - 1), 1)
    points, means, deviations, trained = [], [], [], None
    for at, known in enumerate(range(HISTORY_MONTHS, len(company.demand) + 1)):
        past = company.demand[:known].T.astype(float)
        panel = Panel(past, "M", month_before(company.last_month, len(company.demand) - known))
        trained = engine.train(panel, interval=interval) if at % TRAINED_EVERY == 0 else engine.refresh(trained, panel)
        result = engine.forecast(panel, replace(trained, scored=()), interval, horizon=int(length.max()))
        ordering = simulate.Ordering.of(interval, np.ones(len(length)), gap.astype(float))
        points.append([simulate.corrected_reorder_point(result, np.full(len(length), t), ordering) for t in TARGETS])
        means.append(past.mean(axis=1) * length)
        deviations.append(past.std(axis=1) * np.sqrt(length))
    return np.array(points).transpose(1, 0, 2), (np.array(means), np.array(deviations))


def by_cost(company: Company, missed: float, low: float, high: float) -> np.ndarray:
    """Targets [items]: the chance of a miss grows with the price."""
    usual = np.median(company.price[company.price > 0])
    return np.clip(1 - np.clip(missed * company.price / usual, LEAST_MISSED, MOST_MISSED), low, high)


def at_levels(company: Company, base: Levels, place: World, points: np.ndarray, target: np.ndarray) -> Told:
    """Each item at its own target, by a straight line between two that were computed."""
    right = np.clip(np.searchsorted(TARGETS, target), 1, len(TARGETS) - 1)
    grid = np.array(TARGETS)
    share = (target - grid[right - 1]) / (grid[right] - grid[right - 1])
    low, high = (np.take_along_axis(points, at[None, None], axis=0)[0] for at in (right - 1, right))
    point = np.ceil(np.round(low + share * (high - low), 6)).astype(np.int64)
    return judge("", company, follow(base.at(point, base.is_bought), place))


def at_z(company: Company, base: Levels, place: World, known: tuple, target: np.ndarray) -> Told:
    point = np.ceil(np.round(known[0] + special.ndtri(target) * known[1], 6))
    return judge("", company, follow(base.at(np.maximum(point, 0).astype(np.int64), base.is_bought), place))


def scaled(base: Levels, factor: float) -> Levels:
    return base.at(np.rint(base.reorder_point * factor).astype(np.int64), base.is_bought)


def judge(name: str, company: Company, outcome: Outcome) -> Told:
    asked = company.demand[HISTORY_MONTHS - 1 :][company.judged]
    short = outcome.short[company.judged]
    worth = asked * company.price
    return Told(
        name, 1 - short.sum() / asked.sum(), 1 - (short * company.price).sum() / worth.sum(),
        float((outcome.stock[company.judged] @ company.price).mean()),
    )  # fmt: skip


def tell(theirs: Told, curves: dict[str, list[Told]]) -> None:
    print(
        f"\nThe company's own levels: stock value {theirs.stock_value:,.0f}, fill rate {theirs.by_pieces:.2%} of "
        f"pieces, {theirs.by_value:.2%} of value"
    )
    for measure, label in (("by_pieces", "pieces"), ("by_value", "value")):
        wanted = getattr(theirs, measure)
        print(
            f"\nFill rate by {label}{'stock value at the same fill rate':>58}{'fill rate at the same stock value':>36}"
        )
        for name, curve in curves.items():
            ordered = sorted(curve, key=lambda told: told.stock_value)
            rates = np.maximum.accumulate([getattr(told, measure) for told in ordered])
            values = np.array([told.stock_value for told in ordered])
            needed = np.interp(wanted, rates, values, left=np.nan, right=np.nan)
            reached = np.interp(theirs.stock_value, values, rates, left=np.nan, right=np.nan)
            most = f"at most {rates[-1]:.1%}, with {values[-1]:,.0f}"
            told = most if np.isnan(needed) else f"{needed:,.0f} ({needed / theirs.stock_value - 1:+.1%})"
            print(f"{name:34}{told:>38}{'–' if np.isnan(reached) else f'{reached:.2%}':>36}")


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("demand", type=Path, nargs="?")
    parser.add_argument("items", type=Path, nargs="?")
    parser.add_argument("--columns", default="item=item,month=month,pieces=pieces")
    parser.add_argument(
        "--item-columns",
        default="item=item,lead_days=lead_days,reorder_point=reorder_point,maximum=maximum,price=price",
    )
    parser.add_argument("--leave-out", nargs="*", default=[], metavar="MONTH", help="months that are wrong")
    parser.add_argument("--months", type=int, default=24, help="months judged at most, the last ones")
    parser.add_argument("--every-item", type=int, default=1, help="3 takes each third item")
    parser.add_argument("--small", action="store_true")
    options = parser.parse_args()
    if not options.small and not (options.demand and options.items):
        parser.error("name a table of demand and one of items, or --small")
    return options


if __name__ == "__main__":
    main()
