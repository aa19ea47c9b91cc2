"""Policies in the admin and over the API: who may, what is refused, what is told."""

from __future__ import annotations

import pytest
from django.urls import reverse

from orders.models import DemandSeries
from replenishment.models import Policy, PolicyModeChange
from replenishment.reach import reaches
from stock.models import WarehouseAccess
from tests.replenishment.conftest import TODAY

pytestmark = pytest.mark.django_db

ADDRESS = "/api/v1/policies/"


def test_a_policy_is_made_changed_and_deleted_over_the_api(api_of, make_user, make_product):
    client, product = api_of(make_user("buyer")), make_product()
    body = {"product": product.sku, "target": "fill_rate", "fill_rate": 0.97, "maximum_stock": 60, "mode": "shadow"}
    made = client.post(ADDRESS, body, format="json", HTTP_IDEMPOTENCY_KEY="k")
    again = client.post(ADDRESS, body, format="json", HTTP_IDEMPOTENCY_KEY="k")
    assert (made.status_code, again.json()) == (201, made.json())
    row = f"{ADDRESS}{made.json()['id']}/"
    assert (made.json()["version"], made.json()["product"]) == (1, product.sku)
    assert PolicyModeChange.objects.get().to_mode == "shadow"
    changed = client.patch(row, {"mode": "suggest", "version": 1}, format="json")
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    stale = client.patch(row, {"mode": "automatic", "version": 1}, format="json")
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_version")
    assert PolicyModeChange.objects.count() == 2
    assert client.delete(row).status_code == 204
    assert not Policy.objects.exists() and PolicyModeChange.objects.count() == 2


@pytest.mark.parametrize(
    ("body", "field", "said"),
    [
        ({"minimum_stock": 50, "maximum_stock": 40}, "minimum_stock", "placed at 50"),
        ({"target": "fill_rate"}, "__all__", "Say which fill rate"),
        ({"abc": "D"}, "abc", "not a valid choice"),
        ({"warehouse": "nowhere"}, "warehouse", "no warehouse with the code"),
    ],
)
def test_the_api_says_what_is_wrong_with_a_policy(api_of, make_user, body, field, said):
    answer = api_of(make_user("buyer")).post(ADDRESS, body, format="json")
    assert answer.status_code == 400 and said in str(answer.json()[field])
    assert not Policy.objects.exists()


def test_a_buyer_of_one_warehouse_makes_policies_for_it_only(api_of, make_user, warehouse, make_warehouse):
    make_warehouse("lille")
    client = api_of(make_user("buyer", warehouse))
    assert client.post(ADDRESS, {"mode": "shadow"}, format="json").status_code == 403
    made = client.post(ADDRESS, {"mode": "shadow", "warehouse": warehouse.code}, format="json")
    assert made.status_code == 201
    row = f"{ADDRESS}{made.json()['id']}/"
    assert client.patch(row, {"warehouse": None}, format="json").status_code == 403
    assert api_of(make_user("clerk", warehouse)).patch(row, {"mode": "suggest"}, format="json").status_code == 403


def test_what_holds_in_all_warehouses_takes_a_role_in_each(make_user, warehouse, make_warehouse, client_of):
    change, here = "replenishment.change_policy", make_user("buyer", warehouse)
    assert reaches(here, change, None) and reaches(here, change, warehouse)  # it is the only one
    tallinn = make_warehouse("tallinn")
    assert [reaches(here, change, place) for place in (warehouse, tallinn, None)] == [True, False, False]
    WarehouseAccess.objects.create(user=here, warehouse=tallinn, role="clerk")
    here = type(here).objects.get(pk=here.pk)
    assert [reaches(here, change, place) for place in (warehouse, tallinn, None)] == [True, False, False]
    assert all(reaches(make_user("manager"), change, place) for place in (tallinn, None))
    form = {"abc": "A", "target": "cycle_service_level", "rule": "R,s,nQ", "cycle_service_level": "0.9"}
    for place, code in ((None, 403), (tallinn, 403), (warehouse, 302)):
        told = form | ({"warehouse": place.pk} if place else {})
        assert client_of(here).post("/admin/replenishment/policy/add/", told).status_code == code
    assert Policy.objects.get().warehouse == warehouse


def test_the_list_tells_how_many_items_each_policy_really_plans(client_of, make_user, run, plan, shelf, make_product):
    wide, own = Policy.objects.create(), Policy.objects.create(product=make_product(sku="TEA"), mode="automatic")
    run.state = "published"
    run.save()
    for n in range(3):
        plan(shelf(n + 1).product, policy=own if n == 0 else wide)
    page = client_of(make_user("owner")).get(reverse("admin:replenishment_policy_changelist"))
    assert {row.pk: row.items_planned for row in page.context["cl"].result_list} == {wide.pk: 2, own.pk: 1}


def test_the_form_tells_what_it_holds_for_now_without_narrower_policies(
    client_of, make_user, make_product, warehouse, run
):
    products = [make_product() for _n in range(3)]
    for product in products:
        DemandSeries.objects.create(product=product, warehouse=warehouse, first_on=TODAY, closed_on=TODAY)
    wide, own = Policy.objects.create(), Policy.objects.create(product=products[0])
    client = client_of(make_user("owner"))
    for policy, told in ((wide, "“everything” holds for 2 items;"), (own, "holds for 1 item;")):
        page = client.get(reverse("admin:replenishment_policy_change", args=[policy.pk]))
        assert told in page.content.decode()


def test_a_form_with_minimum_above_maximum_says_both_numbers(client_of, make_user, make_product):
    told = {"product": make_product().pk, "rule": "R,s,nQ", "cycle_service_level": "0.9", "minimum_stock": 50,
            "maximum_stock": 40, "mode_changes-TOTAL_FORMS": 0, "mode_changes-INITIAL_FORMS": 0,
            "measures-TOTAL_FORMS": 0, "measures-INITIAL_FORMS": 0}  # fmt: skip
    page = client_of(make_user("owner")).post(reverse("admin:replenishment_policy_add"), told)
    assert "An order is placed at 50, so the maximum must be above it, not 40." in page.content.decode()
    assert not Policy.objects.exists()
