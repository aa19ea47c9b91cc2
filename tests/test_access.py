"""A clerk of another warehouse walks through every operation of the API and every address of the admin."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, reverse

from inventory_site.api import ROUTES, router
from inventory_site.common.models import JobRun
from inventory_site.common.roles import Role
from tests import making
from tests.admin_rows import DAY, ROWS, Shop
from tests.test_admins import SHARED
from tests.test_routes import FOR_ALL

pytestmark = pytest.mark.django_db

#: What a refusal may look like: bad body, not allowed, not there, no such method, a key or a form is missing.
REFUSED = {400, 403, 404, 405, 409, 415}
SECRET = "Hidden-Harbour"  # the name of the warehouse that the clerk may not enter
WRITTEN = ("stock", "orders", "replenishment", "alerts")  # the apps whose rows must stay as they are


@pytest.fixture
def warehouse(make_warehouse):
    return make_warehouse("hidden-harbour", name=SECRET, time_zone="Europe/Riga")


@pytest.fixture(params=[Role.CLERK, Role.OWNER])
def stranger(request, make_user, make_warehouse):
    """Somebody who may do everything of the role, in another warehouse."""
    return make_user(request.param, make_warehouse("tallinn"))


def api_operations() -> Iterator[tuple[str, str, str, bool]]:
    """(route, method, address with {key}, is about one row) of every operation that the router mounts."""
    for pattern in router.urls:
        actions = getattr(pattern.callback, "actions", None)
        if not actions or "format" in pattern.pattern.regex.groupindex:
            continue
        groups = list(pattern.pattern.regex.groupindex)
        for method in {*actions, "put", "patch", "delete"}:
            yield pattern.name.rsplit("-", 1)[0], method, pattern.name, bool(groups)


def address_of(name: str, viewset, row) -> str:
    key = getattr(viewset, "lookup_url_kwarg", None) or getattr(viewset, "lookup_field", "pk")
    return reverse(name, kwargs={key: getattr(row, key)} if row is not None else {})


def viewset_of(name: str):
    return max((route for route in ROUTES if name.startswith(route)), key=len)


def counted() -> dict[str, list]:
    """Every row of the written apps: a change anywhere shows."""
    return {
        model._meta.label: sorted(map(str, model._base_manager.values_list()))
        for app in WRITTEN
        for model in apps.get_app_config(app).get_models()
        if model._meta.label != "stock.WarehouseAccess"
    }


def test_no_operation_of_the_api_shows_or_changes_another_warehouse(api_of, stranger, populated):
    populated.add(1)
    client, before = api_of(stranger), counted()
    wrong = []
    for _route, method, name, is_detail in sorted(set(api_operations())):
        route = viewset_of(name)
        viewset = ROUTES[route]
        row = viewset.queryset.all().first() if is_detail else None
        assert row is not None or not is_detail, f"populated shows no row of {route}"
        answer = getattr(client, method)(
            address_of(name, viewset, row), data={}, format="json", HTTP_IDEMPOTENCY_KEY=uuid.uuid4().hex
        )
        text = b"".join(answer).decode()  # a file comes in pieces
        is_told = SECRET in text or "hidden-harbour" in text
        is_let_in = is_detail and route not in FOR_ALL and answer.status_code not in REFUSED
        if is_told or is_let_in or answer.status_code >= 500:
            wrong.append((method, name, answer.status_code, text[:200]))
    assert wrong == []
    assert counted() == before


def test_the_owner_of_the_warehouse_gets_each_of_these_answers(api_of, make_user, populated, warehouse):
    """The control: the addresses of the walk are right, only the stranger finds nothing there."""
    populated.add(1)
    client = api_of(make_user(Role.OWNER, warehouse))
    gets = {name for _route, method, name, is_detail in api_operations() if is_detail and method == "get"}
    assert len(gets) > 10
    for name in gets:
        viewset = ROUTES[viewset_of(name)]
        answer = client.get(address_of(name, viewset, viewset.queryset.all().first()))
        assert (name, answer.status_code) == (name, 200)


def addresses_about(name: str, row) -> Iterator[str]:
    """Every page of the admin about this row, its acts too."""
    registered = admin.site._registry[apps.get_model(name)]
    for pattern in registered.get_urls():
        keywords = getattr(pattern.pattern, "converters", {})
        if "object_id" not in keywords or pattern.name is None:
            continue
        for act in [a.name for a in registered.acts] if "act" in keywords else [None]:
            yield reverse(f"admin:{pattern.name}", kwargs={"object_id": row.pk} | ({"act": act} if act else {}))


@pytest.fixture(scope="module")
def shop(module_db) -> Shop:
    run = JobRun.objects.create(kind="nightly", business_date=DAY, state="published")
    harbour = making.make_warehouse("hidden-harbour-2", name=SECRET, time_zone="Europe/Riga")
    actor = making.user_maker()("manager", username="actor")
    return Shop(warehouse=harbour, supplier=making.supplier_maker()("narva"), run=run, actor=actor)


@pytest.fixture(scope="module")
def owner(shop) -> Client:
    return making.client_of(making.user_maker()(Role.OWNER, username="owner-of-all"))


@pytest.fixture(scope="module")
def strangers(shop) -> dict[Role, Client]:
    make_user, narva = making.user_maker(), making.make_warehouse("narva")
    people = [make_user(role, narva, username=f"{role}-of-narva") for role in (Role.CLERK, Role.MANAGER)]
    return {person.warehouse_access.get().role: making.client_of(person) for person in people}


@pytest.mark.parametrize("name", sorted(ROWS.keys() - SHARED))
def test_no_page_of_the_admin_shows_or_changes_a_row_of_another_warehouse(name, shop, owner, strangers, db):
    row = ROWS[name](shop, 0)
    shop.products.clear()  # the next test's database is without them
    addresses, before = list(addresses_about(name, row)), counted()
    assert any(owner.get(address).status_code == 200 for address in addresses), "the control: an address is right"
    wrong = []
    for role, client in strangers.items():
        for address in addresses:
            for answer in (client.get(address), client.post(address, {"once": uuid.uuid4().hex, "post": "yes"})):
                if answer.status_code not in REFUSED or SECRET in answer.content.decode():
                    wrong.append((role, answer.request["REQUEST_METHOD"], address, answer.status_code))
    assert wrong == []
    assert counted() == before


def lists_and_pages() -> Iterator[str]:
    """Every address without arguments, of the admin and the site."""
    for name in get_resolver().reverse_dict:
        if isinstance(name, str):
            try:
                yield reverse(name)
            except NoReverseMatch:
                continue
    for model in admin.site._registry:
        for page in ("changelist", "add"):
            yield reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}")
    yield from (reverse("admin:index"), "/warnings/")


def test_no_list_and_no_page_names_another_warehouse(client_of, make_user, make_warehouse, populated):
    populated.add(1)
    client = client_of(make_user(Role.CLERK, make_warehouse("tallinn")))
    answers = {address: client.get(address) for address in set(lists_and_pages()) if "logout" not in address}
    assert len(answers) > 40
    shown = [at for at, answer in answers.items() if not answer.streaming and SECRET in answer.content.decode()]
    assert shown == []
    assert [at for at, answer in answers.items() if answer.status_code >= 500] == []
