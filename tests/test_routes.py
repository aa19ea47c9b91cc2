"""Every route of the API, by the same suite."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from inventory_site.api import ROUTES

pytestmark = pytest.mark.django_db

LISTS = [f"/api/v1/{name}/" for name in sorted(ROUTES)] + ["/api/inventory/", "/api/inventory/warning/"]
FOR_ALL = {"products", "suppliers", "supplier-products", "promotions", "jobs"}  # one catalogue for all warehouses
ONE_EACH = {"jobs", "suppliers", "warehouses"}  # the populated shop has one, whatever is added
COSTS = {"unit_cost", "cost", "margin_at_risk", "money_at_risk"}


def name_of(address: str) -> str:
    return address.removeprefix("/api/").removeprefix("v1/").strip("/")


@pytest.mark.parametrize("address", [*LISTS, "/api/schema/", "/api/docs/", "/api/v1/"])
def test_nobody_reads_without_logging_in(address):
    assert APIClient().get(address).status_code == 401


@pytest.mark.api  # one test of each route on PostgreSQL too; the others ask nothing of the database's kind
@pytest.mark.parametrize("address", LISTS)
def test_a_list_answers_with_and_without_the_last_slash(address, api_of, make_user, populated):
    populated.add(1)
    client = api_of(make_user("owner"))
    with_slash, without = client.get(address), client.get(address.rstrip("/"))
    assert with_slash.status_code == without.status_code == 200
    assert with_slash.json()["count"] >= 1
    assert with_slash.json() == without.json() | {"next": None}


@pytest.mark.parametrize("address", LISTS)
def test_a_list_costs_the_same_queries_for_many_rows(address, api_of, make_user, populated):
    client = api_of(make_user("manager", populated.warehouse))
    populated.add(1)
    client.get(address)
    with CaptureQueriesContext(connection) as few:
        client.get(address)
    populated.add(8)
    with CaptureQueriesContext(connection) as many:
        assert client.get(address).json()["count"] >= (1 if name_of(address) in ONE_EACH else 9)
    assert len(many) == len(few)


@pytest.mark.parametrize("address", LISTS)
def test_an_ordering_that_is_not_declared_is_refused(address, api_of, make_user):
    answer = api_of(make_user("owner")).get(address, {"ordering": "password"})
    assert (answer.status_code, list(answer.json())) == (400, ["ordering"])


@pytest.mark.parametrize("address", [a for a in LISTS if name_of(a) not in FOR_ALL])
def test_another_warehouse_is_not_there(address, api_of, make_user, make_warehouse, populated):
    populated.add(1)
    stranger = api_of(make_user("owner", make_warehouse("tallinn")))
    mine = api_of(make_user("owner", populated.warehouse))
    theirs = {str(row) for row in stranger.get(address).json()["results"]}
    rows = mine.get(address).json()["results"]
    assert rows
    assert not theirs & {str(row) for row in rows}


@pytest.mark.parametrize("name", [n for n in sorted(ROUTES) if n not in FOR_ALL])
def test_a_row_of_another_warehouse_answers_404(name, api_of, make_user, make_warehouse, populated):
    populated.add(1)
    viewset = ROUTES[name]
    key = getattr(viewset, "lookup_field", "pk")
    value = getattr(viewset.queryset.all().first(), key)
    address = f"/api/v1/{name}/{value}/"
    assert api_of(make_user("viewer", populated.warehouse)).get(address).status_code == 200
    assert api_of(make_user("owner", make_warehouse("tallinn"))).get(address).status_code == 404


@pytest.mark.parametrize("address", LISTS)
def test_costs_are_hidden_from_the_floor(address, api_of, make_user, populated):
    populated.add(1)
    (row, *_rest) = api_of(make_user("clerk", populated.warehouse)).get(address).json()["results"]
    assert not COSTS & set(row)
    assert not COSTS & {name for line in row.get("lines", []) for name in line}


def test_a_person_without_a_role_may_read_nothing(api_of, make_user):
    client = api_of(make_user(None))
    assert {client.get(address).status_code for address in LISTS} == {403}


def test_a_wrong_token_is_refused_with_a_way_out():
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Bearer sw_nonsense")
    answer = client.get("/api/v1/products/")
    assert answer.status_code == 401
    assert "Make a new one" in answer.json()["detail"]


def test_the_schema_names_every_route(api_of, make_user):
    text = api_of(make_user("viewer")).get("/api/schema/").content.decode()
    assert [name for name in ROUTES if f"/api/v1/{name}" not in text] == []


def test_the_docs_load_nothing_from_elsewhere(client_of, make_user):
    page = client_of(make_user("viewer")).get("/api/docs/").content.decode()
    assert "swagger-ui" in page
    assert "https://" not in page
