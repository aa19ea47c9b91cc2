"""The judging part of a back-test: the past itself, what was done in it, and each rule's outcome in money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from catalog.models import Supplier
from forecasting.panels import Keys, panel_of
from inventory_site.common.models import ShopSettings
from replenishment.backtest import rules
from replenishment.backtest.replay import Levels, Outcome, World, drawn_days, follow
from replenishment.backtest.rules import Family
from replenishment.backtest.scoring import Money, Sums, at_stock_value, cheapest_days, sums_of
from replenishment.backtest.truth import demand_range
from replenishment.models import Backtest, BacktestResult
from replenishment.services.backtest_done import Done, done_in
from replenishment.services.backtest_levels import Evening, items_with, terms_on
from replenishment.services.planning import Item, interval_of

Rule, Case, Basis = BacktestResult.Rule, BacktestResult.Case, BacktestResult.Basis

#: Days before the replay that tell how busy an item was when its first shelf was empty.
READ_BEFORE = timedelta(days=84)

#: Points of the chart that shows what more or less stock would have cost.
CURVE_POINTS = 7


@dataclass(frozen=True)
class Past:
    """The days of a replay. ``asked`` has the demand [days, items] of each case; ``group`` the warehouse [items]."""

    keys: Keys
    items: list[Item]
    days: list[date]
    judged: slice
    world: World
    money: Money
    asked: dict[str, np.ndarray]
    warehouses: np.ndarray
    group: np.ndarray


def past_of(backtest: Backtest, evenings: dict[date, Evening]) -> Past:
    """Read what happened; needs one evening of levels at least."""
    number = (backtest.last_on - backtest.warmed_from).days + 1
    days = [backtest.warmed_from + timedelta(days=n) for n in range(number)]
    panel, keys = panel_of(backtest.series, since=backtest.warmed_from - READ_BEFORE, until=backtest.last_on)
    items = items_with(terms_on(backtest.last_on, backtest.series), keys)
    last = evenings[max(evenings)]
    asked = [found[:, -number:].T.copy() for found in demand_range(panel)]
    price = panel.known["price"][:, : panel.demand.shape[1]][:, -number:].T
    listed = np.array([float(item.product.price) for item in items])
    warehouses, group = np.unique(keys.warehouse, return_inverse=True)
    return Past(
        keys=keys, items=items, days=days,
        judged=slice((backtest.first_on - backtest.warmed_from).days, number),
        world=_world(days, sorted(evenings), keys, items, asked[0], last.review_days),
        money=_money(items, last.unit_cost, np.where(np.isnan(price), listed, price)),
        asked=dict(zip(Case.values, asked, strict=True)),
        warehouses=warehouses, group=group,
    )  # fmt: skip


def _world(
    days: Sequence[date],
    evenings: Sequence[date],
    keys: Keys,
    items: list[Item],
    demand: np.ndarray,
    review: np.ndarray,
) -> World:
    ordinal = np.array([day.toordinal() for day in days])
    span = np.searchsorted([day.toordinal() for day in evenings], ordinal, side="right") - 1
    interval = interval_of(items)
    reviews = np.array([item.review_days for item in items])
    lead = np.maximum(interval.lengths - reviews[:, None], 0)
    return World(
        demand=demand,
        lead_days=drawn_days(lead, interval.weights, keys.series, ordinal),
        is_review=ordinal[:, None] % np.maximum(review, 1) == 0,
        span=np.maximum(span, 0),
        waits=np.array([item.product.accepts_backorders for item in items], bool),
    )


def _money(items: list[Item], unit_cost: np.ndarray, price: np.ndarray) -> Money:
    shop = ShopSettings.objects.load()
    pairs = [(item.terms.supplier_id, item.warehouse_id) if item.terms else None for item in items]
    known = sorted({pair for pair in pairs if pair})
    place = {pair: at for at, pair in enumerate(known)}
    suppliers = Supplier.objects.in_bulk({pair[0] for pair in known})
    free = [suppliers[pair[0]].free_freight_from for pair in known]
    return Money(
        unit_cost=unit_cost, price=price, holding_rate=float(shop.holding_rate), line_cost=float(shop.order_cost),
        buyer=np.array([place.get(pair, -1) for pair in pairs], int),
        freight=np.array([float(suppliers[pair[0]].freight_cost) for pair in known]),
        free_from=np.array([np.inf if value is None else float(value) for value in free]),
    )  # fmt: skip


def families_of(evenings: dict[date, Evening], past: Past) -> dict[str, Family]:
    """The rules with their own numbers; the fixed minimum's days are the cheapest of the days that are not judged."""
    told = [evenings[day] for day in sorted(evenings)]
    stacked = {f.name: np.array([getattr(evening, f.name) for evening in told]) for f in fields(Evening)}
    base = Levels(
        *(stacked[name] for name in ("reorder_point", "top", "lot", "fills", "is_bought")),
        minimum=told[-1].minimum, pack=told[-1].pack,
    )  # fmt: skip
    fixed = rules.fixed_minimum(base, rules.set_once(stacked["a_day"], stacked["observed"]), 0.0)
    first = slice(0, past.judged.start)
    one_group = np.zeros_like(past.group)
    days = cheapest_days(fixed, past.world, past.money, first, rules.FIXED_DAYS, one_group)
    advice = rules.advice(base, stacked["points"].transpose(1, 0, 2))
    return {
        Rule.ADVICE.value: replace(advice, levels=lambda knob: base if np.isnan(knob).all() else advice.levels(knob)),
        Rule.FIXED.value: replace(fixed, own=days),
        Rule.Z_FORMULA.value: rules.z_formula(base, stacked["mean"], stacked["deviation"], told[-1].z),
    }


def judge(backtest: Backtest, evenings: dict[date, Evening]) -> tuple[list[BacktestResult], dict[str, Any]]:
    """Rows of results, and the facts of the charts."""
    past = past_of(backtest, evenings)
    families, done = families_of(evenings, past), done_in(past.keys, past.days, past.judged)
    rows: list[BacktestResult] = []
    for case in Case.values:
        world = past.world.asking(past.asked[case])
        own = {name: follow(family.levels(family.own), world) for name, family in families.items()}
        sums = {name: sums_of(outcome, world, past.money, past.judged) for name, outcome in own.items()}
        if done is not None:
            own[Rule.DONE.value] = _outcome(done, past.asked[case] - past.asked[Case.LOW.value])
            sums[Rule.DONE.value] = sums_of(own[Rule.DONE.value], world, past.money, past.judged)
        rows += _rows(backtest, past, sums, case, Basis.OWN.value)
        for rule, basis in ((Rule.ADVICE.value, Basis.ADVICE.value), (Rule.DONE.value, Basis.DONE.value)):
            if rule in sums:
                equal = _equal(families, world, past, sums[rule].stock_value, leave=rule)
                rows += _rows(backtest, past, {rule: sums[rule]} | equal, case, basis)
        if case == Case.MIDDLE.value:
            facts = {"weeks": _weeks(own, past), "curves": _curves(families, world, past)}
    facts["fixed_days"] = float(families[Rule.FIXED.value].own[0]) if len(past.items) else 0.0
    return rows, facts | {"has_ledger": done is not None, "without_cost": _without_cost(past)}


def _without_cost(past: Past) -> int:
    """Items that cost nothing: their margin is their whole price, and their stock is worth nothing."""
    return int((past.money.unit_cost <= 0).sum())


def _equal(families: dict[str, Family], world: World, past: Past, value: np.ndarray, *, leave: str) -> dict[str, Sums]:
    """The other rules, each moved until every warehouse holds the same stock value."""
    wanted = np.bincount(past.group, value, len(past.warehouses))
    found = {}
    for name, family in families.items():
        if name != leave:
            knob = at_stock_value(family, world, past.money, past.judged, wanted, past.group)
            found[name] = sums_of(follow(family.levels(knob), world), world, past.money, past.judged)
    return found


def _outcome(done: Done, hidden: np.ndarray) -> Outcome:
    """What was done, with the demand that its empty shelves hid."""
    return replace(done.outcome, short=done.outcome.short + np.where(done.was_out, hidden, 0))


def _rows(backtest: Backtest, past: Past, sums: dict[str, Sums], case: str, basis: str) -> list[BacktestResult]:
    """One row a rule, warehouse and category."""
    category = np.array([item.product.category_id or 0 for item in past.items], np.int64)
    pairs, group = np.unique(np.stack([past.keys.warehouse, category], axis=1), axis=0, return_inverse=True)
    group = group.reshape(-1)
    number = np.bincount(group, minlength=len(pairs))
    rows = []
    for rule, own in sums.items():
        table = own.by(group, len(pairs))
        rows += [
            BacktestResult(
                backtest=backtest, rule=rule, case=case, basis=basis, warehouse_id=int(warehouse),
                category_id=int(category) or None, items=int(number[at]),
                **{name: round(float(values[at]), 4) for name, values in table.items()},
            )
            for at, (warehouse, category) in enumerate(pairs.tolist())
        ]  # fmt: skip
    return rows


def _weeks(outcomes: dict[str, Outcome], past: Past) -> dict[str, Any]:
    """Stock value and lost margin by week and warehouse, for the charts."""
    days = past.days[past.judged]
    starts = np.arange(0, len(days), 7)
    margin = np.maximum(past.money.price - past.money.unit_cost, 0)[past.judged]
    told: dict[str, Any] = {"days": [days[at].isoformat() for at in starts]}
    for at, warehouse in enumerate(past.warehouses.tolist()):
        mine = past.group == at
        told[str(warehouse)] = {
            rule: {
                "stock": _weekly_mean(outcome.stock[past.judged][:, mine] @ past.money.unit_cost[mine], starts),
                "lost": _weekly_sum((_lost(outcome, past)[:, mine] * margin[:, mine]).sum(axis=1), starts),
            }
            for rule, outcome in outcomes.items()
        }
    return told


def _lost(outcome: Outcome, past: Past) -> np.ndarray:
    return np.where(past.world.waits, 0, outcome.short[past.judged])


def _weekly_sum(values: np.ndarray, starts: np.ndarray) -> list[float]:
    return [round(float(value), 2) for value in np.add.reduceat(values, starts)]


def _weekly_mean(values: np.ndarray, starts: np.ndarray) -> list[float]:
    length = np.diff(np.append(starts, len(values)))
    return [round(float(value), 2) for value in np.add.reduceat(values, starts) / length]


def _curves(families: dict[str, Family], world: World, past: Past) -> dict[str, Any]:
    """What a rule loses at other stock values: [mean stock value, lost margin] of each warehouse, around its own."""
    told: dict[str, Any] = {str(pk): {} for pk in past.warehouses.tolist()}
    for name, family in families.items():
        knobs = _around(name, family)
        for knob in knobs:
            sums = sums_of(follow(family.levels(knob), world), world, past.money, past.judged)
            table = sums.by(past.group, len(past.warehouses))
            for at, pk in enumerate(past.warehouses.tolist()):
                point = [round(float(table["stock_value"][at]), 2), round(float(table["lost_margin"][at]), 2)]
                told[str(pk)].setdefault(name, []).append(point)
    return told


def _around(name: str, family: Family) -> list[np.ndarray]:
    """Numbers of a rule from a lean to a rich shelf."""
    if name == Rule.ADVICE.value:
        return [np.full(family.own.shape, at) for at in np.linspace(1.5, family.high - 1, CURVE_POINTS)]
    if name == Rule.Z_FORMULA.value:
        return [np.full(family.own.shape, z) for z in np.linspace(0.0, 4.0, CURVE_POINTS)]
    return [family.own * factor for factor in np.geomspace(0.4, 3.0, CURVE_POINTS)]
