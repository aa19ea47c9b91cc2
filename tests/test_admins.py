"""One suite over the admin registry: every list, form and page opens, costs the same queries, and knows its roles."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from inventory_site.common.admin import ShelfAdmin
from inventory_site.common.models import JobRun
from inventory_site.common.roles import Role
from tests.admin_rows import DAY, ROWS, Shop

OURS = ("common", "catalog", "stock", "orders", "forecasting", "replenishment", "alerts")
ADMINS = {model._meta.label_lower: registered for model, registered in admin.site._registry.items()}
NAMES = sorted(ADMINS)


def url(name: str, page: str, *args) -> str:
    return reverse(f"admin:{name.replace('.', '_')}_{page}", args=args)


@pytest.fixture
def owner(make_user):
    return make_user("owner")


@pytest.fixture
def shop(warehouse, make_supplier, make_user):
    run = JobRun.objects.create(kind="nightly", business_date=DAY, state="published")
    return Shop(warehouse=warehouse, supplier=make_supplier(), run=run, actor=make_user("manager"))


def test_every_admin_of_ours_has_rows_to_show():
    missing = [name for name in NAMES if name.split(".")[0] in OURS and name not in ROWS]
    assert missing == [], "add a maker to tests/admin_rows.py"


def test_every_admin_stands_on_the_shared_base():
    strangers = [name for name, registered in ADMINS.items() if not isinstance(registered, ShelfAdmin)]
    assert strangers == []


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_list_opens_for_the_owner(name, owner, client_of):
    assert client_of(owner).get(url(name, "changelist")).status_code == 200


@pytest.mark.parametrize("name", NAMES)
def test_the_add_page_opens_for_whoever_may_add(name, owner, client_of, rf):
    request = rf.get("/")
    request.user = owner
    expected = 200 if ADMINS[name].has_add_permission(request) else 403
    assert client_of(owner).get(url(name, "add")).status_code == expected


@pytest.mark.parametrize("name", sorted(ROWS))
def test_a_list_costs_the_same_for_one_row_as_for_twenty(name, owner, client_of, shop):
    client = client_of(owner)
    make = ROWS[name]
    make(shop, 0)
    client.get(url(name, "changelist"))  # fills what is cached for good: content types, the session
    few = _queries(client, url(name, "changelist"))
    for number in range(1, 20):
        make(shop, number)
    many = _queries(client, url(name, "changelist"))
    assert len(many) == len(few), "\n".join(query["sql"][:200] for query in many)


@pytest.mark.parametrize("name", sorted(ROWS))
def test_a_row_opens_for_the_owner(name, owner, client_of, shop):
    row = ROWS[name](shop, 0)
    assert client_of(owner).get(url(name, "change", row.pk)).status_code == 200


@pytest.mark.parametrize("name", sorted(ROWS))
@pytest.mark.parametrize("role", [role.value for role in Role])
def test_a_role_opens_exactly_what_it_is_granted(name, role, make_user, client_of, shop):
    row = ROWS[name](shop, 0)
    user = make_user(role)
    app, model = name.split(".")
    client = client_of(user)
    expected = 200 if user.has_perm(f"{app}.view_{model}") else 403
    assert client.get(url(name, "changelist")).status_code == expected
    assert client.get(url(name, "change", row.pk)).status_code == expected


@pytest.mark.parametrize("name", sorted(ROWS))
def test_nobody_without_a_role_sees_anything(name, make_user, client_of, shop):
    row = ROWS[name](shop, 0)
    client = client_of(make_user(None))
    assert client.get(url(name, "changelist")).status_code == 403
    assert client.get(url(name, "change", row.pk)).status_code in (403, 404)


def _queries(client, address: str) -> list[dict]:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return captured.captured_queries


#: One for all warehouses.
SHARED = {
    "catalog.category", "catalog.product", "catalog.promotion", "catalog.supplier", "catalog.supplierproduct",
    "common.apitoken", "common.audit", "common.jobrun", "common.shopsettings", "common.user", "orders.customer",
    "orders.saleschannel", "replenishment.leadtime", "alerts.rulesetting",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(ROWS.keys() - SHARED))
def test_rows_of_another_warehouse_are_neither_listed_nor_found(name, make_user, make_warehouse, client_of, shop):
    row = ROWS[name](shop, 0)
    elsewhere = make_warehouse("elsewhere")
    client = client_of(make_user("manager", elsewhere))
    listed = client.get(url(name, "changelist"))
    if listed.status_code == 200:
        assert row.pk not in [shown.pk for shown in listed.context["cl"].result_list]
        assert client.get(url(name, "change", row.pk)).status_code == 404
    else:
        assert listed.status_code == 403


@pytest.mark.parametrize("name", sorted(name for name in ROWS if ADMINS[name].cost_fields))
def test_costs_are_for_the_office_only_in_list_row_and_filter(name, make_user, client_of, shop):
    row = ROWS[name](shop, 0)
    costs = set(ADMINS[name].cost_fields)
    clerk, buyer = client_of(make_user("clerk")), client_of(make_user("buyer"))
    assert costs.isdisjoint(_shown(clerk, name, row))
    assert costs & _shown(buyer, name, row)
    for cost in costs & {column.name for column in row._meta.fields}:
        assert clerk.get(url(name, "changelist"), {f"{cost}__gt": "0"}).status_code == 400


def _shown(client, name: str, row) -> set[str]:
    """The names of the columns of the list and of the fields of the row's page."""
    columns = client.get(url(name, "changelist")).context["cl"].list_display
    page = client.get(url(name, "change", row.pk)).context["adminform"]
    return set(columns) | {part for _t, options in page.fieldsets for part in _flat(options["fields"])}


def _flat(names) -> list[str]:
    return [part for name in names for part in (name if isinstance(name, list | tuple) else [name])]


@pytest.mark.parametrize("name", sorted(name for name in ROWS if hasattr(ADMINS[name], "export_action")))
def test_an_export_holds_the_list_without_costs_or_formulas(name, make_user, client_of, shop):
    ROWS[name](shop, 0)
    for role, sees in (("clerk", False), ("buyer", True)):
        client = client_of(make_user(role))
        assert client.get(url(name, "export")).status_code == 200
        answer = client.post(url(name, "export"), {"format": "1", "resource": ""})
        assert answer.status_code == 200 and answer["Content-Type"] == "text/csv"
        header, *lines = answer.content.decode().splitlines()
        costs = set(ADMINS[name].resource_classes[0].cost_fields) & set(header.split(","))
        assert lines and bool(costs) == (sees and bool(ADMINS[name].resource_classes[0].cost_fields))
        assert not any(cell.startswith(("=", "@", "+")) for line in lines for cell in line.split(","))
