"""Every route of the API, by the same suite."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from inventory_site.api import ROUTES
from tests import making
from tests.populated import Populated

pytestmark = pytest.mark.django_db

LISTS = [f"/api/v1/{name}/" for name in sorted(ROUTES)] + ["/api/inventory/", "/api/inventory/warning/"]
#: One catalogue for all warehouses, of which a look-up tells what lies in the caller's; scorecards are of suppliers,
#: with the orders that one may see.
FOR_ALL = {"products", "lookup", "suppliers", "supplier-products", "supplier-scorecards", "promotions", "jobs"}
ONE_EACH = {"jobs", "suppliers", "supplier-scorecards", "warehouses"}  # the populated shop has one, whatever is added
COSTS = {"unit_cost", "cost", "margin_at_risk", "money_at_risk"}


@pytest.fixture(scope="module")
def shop(module_db) -> Populated:
    """One item with a row of everything, for all tests of this module."""
    warehouse = making.make_riga()
    shop = Populated(making.product_maker(), making.supplier_maker(), warehouse, making.receiver(warehouse))
    return shop.add(1)


@pytest.fixture(scope="module")
def clients(shop) -> dict[str, APIClient]:
    """People of all warehouses by their role, a manager of the shop's own, and the owner of another: a stranger."""
    make_user, tallinn = making.user_maker(), making.make_warehouse("tallinn")
    people = {role: make_user(role) for role in ("owner", "viewer")}
    people |= {"manager": make_user("manager", shop.warehouse), "clerk": make_user("clerk", shop.warehouse)}
    people |= {"stranger": make_user("owner", tallinn), "nobody": make_user(None)}
    return {who: making.api_of(person) for who, person in people.items()}


def name_of(address: str) -> str:
    return address.removeprefix("/api/").removeprefix("v1/").strip("/")


@pytest.mark.parametrize("address", [*LISTS, "/api/schema/", "/api/docs/", "/api/v1/"])
def test_nobody_reads_without_logging_in(address):
    assert APIClient().get(address).status_code == 401


@pytest.mark.api  # one test of each route on PostgreSQL too; the others ask nothing of the database's kind
@pytest.mark.parametrize("address", LISTS)
def test_a_list_answers_with_and_without_the_last_slash(address, clients):
    with_slash, without = clients["owner"].get(address), clients["owner"].get(address.rstrip("/"))
    assert with_slash.status_code == without.status_code == 200
    assert with_slash.json()["count"] >= 1
    assert with_slash.json() == without.json() | {"next": None}


def test_a_list_costs_the_same_queries_for_many_rows(clients, shop):
    client, few, many = clients["manager"], {}, {}
    for address in LISTS:
        client.get(address)  # fills what is cached for good
        few[address] = queries(client, address, rows=1)
    shop.add(8)
    for address in LISTS:
        many[address] = queries(client, address, rows=1 if name_of(address) in ONE_EACH else 9)
    assert many == few


def queries(client: APIClient, address: str, *, rows: int) -> int:
    """How many the list costs, which has at least so many rows."""
    with CaptureQueriesContext(connection) as captured:
        count = client.get(address).json()["count"]
    assert count >= rows, address
    return len(captured)


@pytest.mark.parametrize("address", LISTS)
def test_an_ordering_that_is_not_declared_is_refused(address, clients):
    answer = clients["owner"].get(address, {"ordering": "password"})
    assert (answer.status_code, list(answer.json())) == (400, ["ordering"])


@pytest.mark.parametrize("address", [a for a in LISTS if name_of(a) not in FOR_ALL])
def test_another_warehouse_is_not_there(address, clients):
    theirs = {str(row) for row in clients["stranger"].get(address).json()["results"]}
    rows = clients["manager"].get(address).json()["results"]
    assert rows
    assert not theirs & {str(row) for row in rows}


@pytest.mark.parametrize("name", [n for n in sorted(ROUTES) if n not in FOR_ALL])
def test_a_row_of_another_warehouse_answers_404(name, clients):
    viewset = ROUTES[name]
    key = getattr(viewset, "lookup_field", "pk")
    address = f"/api/v1/{name}/{getattr(viewset.queryset.all().first(), key)}/"
    assert clients["viewer"].get(address).status_code == 200
    assert clients["stranger"].get(address).status_code == 404


@pytest.mark.parametrize("address", LISTS)
def test_costs_are_hidden_from_the_floor(address, clients):
    (row, *_rest) = clients["clerk"].get(address).json()["results"]
    assert not COSTS & set(row)
    assert not COSTS & {name for line in row.get("lines", []) for name in line}


def test_a_person_without_a_role_may_read_nothing(clients):
    assert {clients["nobody"].get(address).status_code for address in LISTS} == {403}


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
