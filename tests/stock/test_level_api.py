"""Levels over the API as they were, and their totals."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from stock import services

pytestmark = [pytest.mark.django_db, pytest.mark.api]
LEVELS = "/api/v1/stock-levels/"


@pytest.fixture
def owner(api_of, make_user):
    return api_of(make_user("owner"))


@pytest.fixture
def cup(make_product, receive, make_warehouse):
    """Ten cups in Riga since 22:30 UTC of 1 March (2 March there), and in Honolulu (still 1 March)."""
    product, at = make_product("CUP"), datetime(2026, 3, 1, 22, 30, tzinfo=UTC)
    honolulu = make_warehouse("honolulu", time_zone="Pacific/Honolulu")
    receive(product, 10, effective_at=at)
    receive(product, 10, honolulu, effective_at=at)
    return product


def then(client, as_of: str) -> dict[str, int]:
    rows = client.get(LEVELS, {"as_of": as_of}).json()["results"]
    return {row["warehouse"]: row["on_hand"] for row in rows}


def test_a_date_ends_in_each_warehouses_own_zone(owner, cup):
    assert then(owner, "2026-02-28") == {"riga": 0, "honolulu": 0}
    assert then(owner, "2026-03-01") == {"riga": 0, "honolulu": 10}
    assert then(owner, "2026-03-02") == {"riga": 10, "honolulu": 10}


def test_a_moment_is_the_same_everywhere(owner, cup):
    assert then(owner, "2026-03-01T22:29:59Z") == {"riga": 0, "honolulu": 0}
    assert then(owner, "2026-03-02T00:30:00+02:00") == {"riga": 10, "honolulu": 10}


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-02-30", "2026-03-01T10:00:00", "2999-01-01", "2999-01-01T00:00Z"]
)
def test_what_is_no_past_moment_is_refused(text, owner, cup):
    answer = owner.get(LEVELS, {"as_of": text})
    assert (answer.status_code, list(answer.json())) == (400, ["as_of"])


def test_totals_count_what_is_between_warehouses_in_one_statement_of_the_rows(
    owner, cup, make_user, api_of, warehouse, make_product, receive
):
    receive(make_product("MUG"), 7)
    transfer = services.create_transfer(
        source=warehouse, destination=cup.levels.get(warehouse__code="honolulu").warehouse, actor=None,
        lines=[services.TransferWish(cup, 4)],
    )  # fmt: skip
    services.ship_transfer(transfer=transfer, actor=None)
    with CaptureQueriesContext(connection) as queries:
        answer = owner.get(f"{LEVELS}totals/").json()
    assert len([q for q in queries.captured_queries if "on_hand" in q["sql"]]) == 1
    assert answer["results"][0] == {
        "sku": "CUP", "on_hand": 16, "allocated": 0, "unsellable": 0, "in_transit": 4, "total": 20,
    }  # fmt: skip
    assert (answer["count"], answer["totals"]["total"]) == (2, 27)
    assert owner.get(f"{LEVELS}totals/", {"sku": ["MUG"]}).json()["totals"]["total"] == 7
    clerk = api_of(make_user("clerk", transfer.destination))
    (row,) = clerk.get(f"{LEVELS}totals/").json()["results"]
    assert (row["on_hand"], row["in_transit"]) == (10, 4)


def test_totals_are_ordered_by_sku_only(owner, cup, make_product, receive):
    receive(make_product("ZEN"), 1)
    told = owner.get(f"{LEVELS}totals/?ordering=-sku").json()["results"]
    assert [row["sku"] for row in told] == sorted((row["sku"] for row in told), reverse=True)
    answer = owner.get(f"{LEVELS}totals/?ordering=on_hand")
    assert (answer.status_code, answer.json()) == (400, {"ordering": ["Unknown field “on_hand”."]})
