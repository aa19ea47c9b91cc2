"""Sentences of suggestions: whatever the items, the numbers that they tell add up."""

from __future__ import annotations

import re
from decimal import Decimal

import numpy as np
import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from replenishment import reasons
from replenishment.models import Policy, Suggestion
from replenishment.spare import Economics, Spare, markdown, sent_back
from tests.replenishment.conftest import propose

ITEMS = st.fixed_dictionaries({
    "on_hand": st.integers(0, 60), "reorder_point": st.integers(0, 80), "quantity": st.integers(1, 40),
    "pack": st.integers(1, 13), "rule": st.sampled_from(list(Policy.Rule)), "safety": st.integers(-5, 30),
    "there": st.integers(0, 200),
})  # fmt: skip


@pytest.mark.django_db
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(items=st.lists(ITEMS, min_size=1, max_size=4))
def test_positions_levels_and_orders_add_up_for_any_items(items, run, plan, shelf, receive, make_warehouse):
    with transaction.atomic():
        tallinn = make_warehouse("tallinn")
        for item in items:
            level = shelf(item["on_hand"])
            receive(level.product, item["there"] or 1, tallinn)
            lot = -(-item["quantity"] // item["pack"]) * item["pack"]
            fields = {"rule": item["rule"], "reorder_point": item["reorder_point"], "order_quantity": lot,
                      "order_up_to_level": item["reorder_point"] + lot, "safety_stock": item["safety"],
                      "pack_size": item["pack"]}  # fmt: skip
            plan(level.product, **fields)
            plan(level.product, place=tallinn, **fields)
        propose(run)
        for row in Suggestion.objects.all():
            assert_adds_up(row)
        transaction.set_rollback(True)


def assert_adds_up(row: Suggestion) -> None:
    terms, told = row.reason_terms, reasons.reason(row.reason_code, row.reason_terms, currency="EUR")
    if row.kind == Suggestion.Kind.PURCHASE:
        parts = ("on_hand", "on_order", "in_transit", "drafted", "arriving")
        less = ("unsellable", "allocated", "backordered", "leaving")
        assert terms["position"] == sum(terms[p] for p in parts) - sum(terms[p] for p in less)
        assert terms["level"] == terms["expected"] + terms["safety_stock"]
        assert terms["after"] == terms["position"] + terms["order"] and terms["order"] % terms["pack_size"] == 0
        assert row.quantity == terms["order"] and row.cost == Decimal(terms["cost"])
        assert_sums_of_text_hold(told)
    elif row.kind == Suggestion.Kind.TRANSFER:
        assert terms["free"] == terms["kept"] + terms["spare"] >= row.quantity
        assert row.quantity <= min(terms["spare"], terms["missing"])
        assert terms["level"] == terms["position"] + terms["missing"]
        assert Decimal(terms["saved"]) == Decimal(terms["bought"]) - Decimal(terms["freight"])
    elif row.kind == Suggestion.Kind.MARKDOWN:
        assert terms["free"] == terms["needed"] + terms["surplus"]
        assert Decimal(terms["gain"]) == Decimal(terms["revenue"]) + Decimal(terms["holding"])


def assert_sums_of_text_hold(told: str) -> None:
    """“25 = 10 on hand + 15 to be moved here” as it is printed."""
    left, right = re.search(r"(−?\d+) = ([^,:;]+?)(?:,|\.|:|$)", told).groups()
    parts = re.findall(r"([+−]?) ?(\d+) [a-z]", right)
    assert int(left.replace("−", "-")) == sum(int(n) * (-1 if sign == "−" else 1) for sign, n in parts)


ROWS = st.fixed_dictionaries({
    "surplus": st.integers(1, 5000), "needed": st.integers(0, 2000), "rate": st.floats(0, 40),
    "price": st.floats(0, 200), "cost": st.floats(0, 150),
})  # fmt: skip


@given(row=ROWS, share=st.floats(0, 1), elasticity=st.floats(0, 5))
def test_a_markdown_sells_no_more_than_there_is_and_keeping_all_gains_nothing(row, share, elasticity):
    one = {name: np.array([float(value)]) for name, value in row.items()}
    pieces, year = one["surplus"] + one["needed"], np.full(1, 365.0)
    spare = Spare(pieces, one["surplus"], one["rate"], one["price"], one["cost"], year)
    best = markdown(spare, Economics(share, 0.25, elasticity, 28))
    assert best.usual[0] <= best.sold[0] + 1e-9 and best.sold[0] <= spare.pieces[0] + 1e-9
    later, kept = sent_back(spare, Economics(share, 0.25, elasticity, 28), np.zeros(1))
    assert (later[0], kept[0]) == (0, 0)
    if elasticity == 0:
        assert best.gain[0] <= 1e-6
