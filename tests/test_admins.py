"""One suite over the admin registry: every list, form and page opens, costs the same queries, and knows its roles."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve, reverse

from inventory_site.common.admin import ShelfAdmin
from inventory_site.common.models import JobRun, User
from inventory_site.common.roles import Role
from tests import making
from tests.admin_rows import DAY, ROWS, Shop

OURS = ("common", "catalog", "stock", "orders", "forecasting", "replenishment", "alerts")
ADMINS = {model._meta.label_lower: registered for model, registered in admin.site._registry.items()}
NAMES = sorted(ADMINS)


def url(name: str, page: str, *args) -> str:
    return reverse(f"admin:{name.replace('.', '_')}_{page}", args=args)


@pytest.fixture(scope="module")
def shop(module_db) -> Shop:
    run = JobRun.objects.create(kind="nightly", business_date=DAY, state="published")
    supplier, actor = making.supplier_maker()(), making.user_maker()("manager", username="actor")
    return Shop(warehouse=making.make_riga(), supplier=supplier, run=run, actor=actor)


@pytest.fixture(scope="module")
def people(shop) -> dict[str | None, User]:
    """One of each role in all warehouses, and somebody without any."""
    make_user = making.user_maker()
    return {role: make_user(role) for role in [*(role.value for role in Role), None]}


@pytest.fixture(scope="module")
def clients(people) -> dict[str | None, Client]:
    return {role: making.client_of(person) for role, person in people.items()}


@pytest.fixture(scope="module")
def client_elsewhere(shop) -> Client:
    """A manager of another warehouse."""
    return making.client_of(making.user_maker()("manager", making.make_warehouse("elsewhere"), username="stranger"))


@pytest.fixture
def row(name, shop, db):
    """The n-th row of the admin's model: ``row(0)``. Nothing that a test makes around it is left for the next."""
    yield lambda n: ROWS[name](shop, n)
    shop.products.clear()


def test_every_admin_of_ours_has_rows_to_show():
    missing = [name for name in NAMES if name.split(".")[0] in OURS and name not in ROWS]
    assert missing == [], "add a maker to tests/admin_rows.py"


def test_every_admin_stands_on_the_shared_base():
    strangers = [name for name, registered in ADMINS.items() if not isinstance(registered, ShelfAdmin)]
    assert strangers == []


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_list_and_the_add_page_open_for_the_owner_who_may(name, people, clients, rf, db):
    request, owner = rf.get("/"), clients["owner"]
    request.user = people["owner"]
    assert owner.get(url(name, "changelist")).status_code == 200
    expected = 200 if ADMINS[name].has_add_permission(request) else 403
    assert owner.get(url(name, "add")).status_code == expected


@pytest.mark.parametrize("name", sorted(ROWS))
def test_a_list_costs_the_same_for_one_row_as_for_six(name, row, clients):
    row(0)
    clients["owner"].get(url(name, "changelist"))  # fills what is cached for good: content types, the session
    few = _queries(clients["owner"], url(name, "changelist"))
    for number in range(1, 6):
        row(number)
    many = _queries(clients["owner"], url(name, "changelist"))
    assert len(many) == len(few), "\n".join(query["sql"][:200] for query in many)


#: Everybody sees their own rows, and those of others only with this permission.
OF_OTHERS = dict.fromkeys(["alerts.subscription", "alerts.delivery"], "alerts.manage_subscription")


@pytest.mark.parametrize("name", sorted(ROWS))
def test_a_role_opens_exactly_what_it_is_granted_and_the_owner_everything(name, row, people, clients, rf):
    app, model = name.split(".")
    pages = (url(name, "changelist"), url(name, "change", row(0).pk))
    expected, opened = {}, {}
    for role, person in people.items():
        expected[role] = (200, 200) if person.has_perm(f"{app}.view_{model}") else (403, 403)
        if name in OF_OTHERS and expected[role] == (200, 200) and not person.has_perm(OF_OTHERS[name]):
            expected[role] = (200, 404)
        opened[role] = tuple(_opens(person, page, rf) for page in pages)
    assert opened.pop(None) in [(403, 403), (403, 404)]
    assert expected.pop(None) == (403, 403)
    assert opened == expected
    assert tuple(clients["owner"].get(page).status_code for page in pages) == (200, 200)


def _opens(person: User, page: str, rf) -> int:
    """The status of the page for this person. It is not drawn: that takes long, and the owner's is drawn as it is."""
    request = rf.get(page)
    request.user, request.session, request.resolver_match = person, {}, resolve(page)
    view, args, terms = request.resolver_match
    try:
        return view(request, *args, **terms).status_code
    except PermissionDenied:
        return 403
    except Http404:
        return 404


def _queries(client, address: str) -> list[dict]:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return captured.captured_queries


#: One for all warehouses.
SHARED = {
    "catalog.category", "catalog.product", "catalog.promotion", "catalog.supplier", "catalog.supplierproduct",
    "common.apitoken", "common.audit", "common.jobrun", "common.shopsettings", "common.user",
    "forecasting.modelversion", "forecasting.signalkind", "orders.customer",
    "orders.saleschannel", "replenishment.leadtime", "alerts.rulesetting", "alerts.channel",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(ROWS.keys() - SHARED))
def test_rows_of_another_warehouse_are_neither_listed_nor_found(name, row, client_elsewhere):
    hidden = row(0)
    listed = client_elsewhere.get(url(name, "changelist"))
    if listed.status_code == 200:
        assert hidden.pk not in [shown.pk for shown in listed.context["cl"].result_list]
        assert client_elsewhere.get(url(name, "change", hidden.pk)).status_code == 404
    else:
        assert listed.status_code == 403


@pytest.mark.parametrize("name", sorted(name for name in ROWS if ADMINS[name].cost_fields))
def test_costs_are_for_the_office_only_in_list_row_and_filter(name, row, clients):
    shown, costs = row(0), set(ADMINS[name].cost_fields)
    assert costs.isdisjoint(_shown(clients["clerk"], name, shown))
    assert costs & _shown(clients["buyer"], name, shown)
    for cost in costs & {column.name for column in shown._meta.fields}:
        assert clients["clerk"].get(url(name, "changelist"), {f"{cost}__gt": "0"}).status_code == 400


def _shown(client, name: str, row) -> set[str]:
    """The names of the columns of the list and of the fields of the row's page."""
    columns = client.get(url(name, "changelist")).context["cl"].list_display
    page = client.get(url(name, "change", row.pk)).context["adminform"]
    return set(columns) | {part for _t, options in page.fieldsets for part in _flat(options["fields"])}


def _flat(names) -> list[str]:
    return [part for name in names for part in (name if isinstance(name, list | tuple) else [name])]


@pytest.mark.parametrize("name", sorted(name for name in ROWS if hasattr(ADMINS[name], "export_action")))
def test_an_export_holds_the_list_without_costs_or_formulas(name, row, clients):
    row(0)
    for role, sees in (("clerk", False), ("buyer", True)):
        client = clients[role]
        assert client.get(url(name, "export")).status_code == 200
        for number, sheet in enumerate(ADMINS[name].resource_classes):
            answer = client.post(url(name, "export"), {"format": "1", "resource": str(number)})
            assert answer.status_code == 200 and answer["Content-Type"] == "text/csv"
            header, *lines = answer.content.decode().splitlines()
            costs = set(sheet.cost_fields) & set(header.split(","))
            assert lines and bool(costs) == (sees and bool(sheet.cost_fields))
            assert not any(cell.startswith(("=", "@", "+")) for line in lines for cell in line.split(","))
