"""The reason is one sentence, and its numbers add up."""

from __future__ import annotations

import re

import numpy as np
import pytest

from forecasting.engine.panel import ProtectionInterval
from replenishment import explain
from replenishment.plan_rows import ItemTerms, Position, plan
from tests.replenishment.forecasts import sure_forecast

TERMS = {
    "order": 36, "pack_size": 12, "order_quantity": 36, "position": 14, "on_hand": 10, "unsellable": 0,
    "on_order": 6, "in_transit": 0, "allocated": 2, "backordered": 0, "level": 31, "policy": "R,s,nQ", "expected": 28,
    "safety_stock": 3, "undershoot": 0, "by_hand": False, "interval": 9.0, "unit": "day",
    "target": "cycle_service_level", "target_rate": 0.95,
}  # fmt: skip
LEVEL = "31 = 28 expected in 9 days + 3 safety stock for a cycle service level of 95 %"


def told(code: str, **changes) -> str:
    return explain.sentence(code, TERMS | changes)


def test_an_order_by_lots_tells_position_level_and_what_it_comes_to():
    assert told("order_lots") == (
        "Order 36 (3 packs of 12): the inventory position 14 = 10 on hand + 6 on order − 2 allocated is at or below "
        f"the reorder point {LEVEL}; the order lifts it to 50."
    )


def test_several_lots_are_told_as_a_product():
    assert told("order_lots", order=72).startswith("Order 72 = 2 × 36 (6 packs of 12): ")
    assert told("order_lots", order=72, pack_size=1).startswith("Order 72 = 2 × 36: ")


def test_nothing_to_order_has_its_sentence_too():
    assert told("enough", position=47, on_hand=43, order=0) == (
        "Nothing to order: the inventory position 47 = 43 on hand + 6 on order − 2 allocated is above the reorder "
        f"point {LEVEL}."
    )


def test_up_to_a_level():
    assert told("order_up_to", policy="R,S", order=17, pack_size=1) == (
        "Order 17: the inventory position 14 = 10 on hand + 6 on order − 2 allocated is 17 below the order-up-to level "
        f"{LEVEL}."
    )
    rounded = told("order_up_to", policy="R,S", order=24)
    assert rounded.startswith("Order 24 (2 packs of 12): ")
    assert rounded.endswith("and 17 is rounded up to packs and the minimum; the order lifts it to 38.")
    assert told("at_level", policy="R,S", position=31, on_hand=27).startswith("Nothing to order: ")


def test_undershoot_a_hand_and_a_level_below_the_mean_are_told():
    assert told("order_lots", level=40, safety_stock=12, undershoot=9).count(
        "40 = 28 expected in 9 days + 12 safety stock for a cycle service level of 95 % "
        "(9 of it because large sales trigger its orders)"
    )
    assert "the reorder point 31 (set by hand);" in told("order_lots", by_hand=True)
    assert "20 = 28 expected in 9 days − 8, which only rare large sales would need for a fill rate of 80 %" in told(
        "order_lots", level=20, safety_stock=-8, target="fill_rate", target_rate=0.8
    )


@pytest.mark.parametrize(
    ("length", "unit", "phrase"), [(1.0, "day", "1 day"), (1.4, "week", "1.4 weeks"), (3.0, "month", "3 months")]
)
def test_the_interval_is_told_in_its_unit(length, unit, phrase):
    assert f"expected in {phrase} +" in told("enough", interval=length, unit=unit)


def test_every_part_of_the_position_has_its_sign():
    parts = {"on_hand": 20, "unsellable": 1, "on_order": 2, "in_transit": 3, "allocated": 4, "backordered": 5}
    sentence = told("enough", position=15, **parts)
    assert "15 = 20 on hand − 1 unsellable + 2 on order + 3 in transit − 4 allocated − 5 back-ordered is" in sentence


def test_idle_unknown_and_unplanned_items_are_told_plainly():
    assert told("no_demand") == "Nothing to order: less than one piece a year is expected."
    assert told("no_history") == "Nothing is planned: no demand is known of this item."
    assert told("order_owed", order=12, position=-3, on_hand=0, on_order=0, allocated=0, backordered=3) == (
        "Order 12 (1 pack of 12): less than one piece a year is expected, but the inventory position −3 = 0 on hand "
        "− 3 back-ordered is below zero; the order lifts it to 9."
    )
    assert told("stock_unknown") == (
        f"The stock is not known: order 36 when the inventory position is at or below {LEVEL}."
    )
    assert told("stock_unknown", policy="R,S") == f"The stock is not known: at each review order up to {LEVEL}."


def test_an_unknown_code_is_a_mistake_of_the_program():
    with pytest.raises(KeyError):
        explain.sentence("because", TERMS)


SUM = re.compile(r"(−?\d+) = (\d+) (?:on hand|expected)((?: [+−] \d+(?: [a-z-]+)*)*)")


def test_in_every_sentence_of_a_plan_the_sums_are_right():
    rng, size = np.random.default_rng(11), 200
    forecast = sure_forecast(rng.gamma(1, 20, size).tolist(), [31] * size, 9)
    forecast.lead_time_demand.quantiles[:] = np.sort(rng.gamma(1, 20, (size, 28)), axis=1)
    names = ("on_hand", "unsellable", "on_order", "in_transit", "allocated", "backordered")
    position = Position.of(size, **{name: rng.integers(0, 60 if name == "on_hand" else 9, size) for name in names})
    policy = np.where(rng.random(size) < 0.5, "R,S", "R,s,nQ")
    terms = ItemTerms.of(
        "D", ProtectionInterval.fixed(np.full(size, 9)), position, policy=policy, pack_size=rng.integers(1, 9, size)
    )
    rows = plan(forecast, terms)
    assert {"order_lots", "enough", "order_up_to", "at_level"} <= set(rows.code)
    checked = 0
    for code, values in zip(rows.code, rows.explanation_terms(), strict=True):
        sentence = explain.sentence(code, values).replace(" in 9 days", "")
        for total, first, others in SUM.findall(sentence):
            parts = [int(f"{sign}{n}".replace("−", "-")) for sign, n in re.findall(r"([+−]) (\d+)", others)]
            assert int(total.replace("−", "-")) == int(first) + sum(parts)
            checked += 1
    assert checked == 2 * size  # a position and a level in each sentence
