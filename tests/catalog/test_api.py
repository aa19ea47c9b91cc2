"""The catalogue over the API."""

from __future__ import annotations

import pytest

from catalog.models import Product
from inventory_site.common.models import Audit

pytestmark = [pytest.mark.django_db, pytest.mark.api]
PRODUCTS = "/api/v1/products/"


@pytest.fixture
def buyer(api_of, make_user):
    return api_of(make_user("buyer"))


def test_a_product_is_made_once_per_key_and_changed(buyer):
    body = {"sku": "CUP", "name": "Cup", "price": "9.90", "unit_cost": "4.10"}
    for _ in range(2):
        answer = buyer.post(PRODUCTS, body, format="json", HTTP_IDEMPOTENCY_KEY="k")
        assert (answer.status_code, answer.json()["unit_cost"]) == (201, "4.1000")
    changed = buyer.patch(f"{PRODUCTS}CUP/", {"name": "Big cup"}, format="json")
    assert (changed.json()["name"], Product.objects.get().sku) == ("Big cup", "CUP")
    assert list(Audit.objects.order_by("pk").values_list("action", flat=True)) == ["product.create", "product.change"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"sku": "cup"}, "sku"),
        ({"sku": ""}, "sku"),
        ({"price": "-1"}, "price"),
        ({"category": "none such"}, "category"),
    ],
)
def test_bad_input_names_its_field(change, field, buyer, make_product):
    make_product("CUP")
    answer = buyer.post(PRODUCTS, {"sku": "NEW", "name": "New"} | change, format="json")
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert Product.objects.count() == 1


def test_a_promotion_cannot_end_before_it_starts(buyer, make_product):
    make_product("CUP")
    body = {"product": "CUP", "starts_on": "2026-04-02", "ends_on": "2026-04-01", "announced_on": "2026-03-01"}
    answer = buyer.post("/api/v1/promotions/", body, format="json")
    assert (answer.status_code, list(answer.json())) == (400, ["ends_on"])


def test_a_product_has_one_preferred_supplier(buyer, make_product, make_supplier):
    make_product("CUP")
    body = {"product": "CUP", "unit_cost": "4", "is_preferred": True}
    first, second = (body | {"supplier": make_supplier(code).code} for code in ("A", "B"))
    assert buyer.post("/api/v1/supplier-products/", first, format="json").status_code == 201
    assert buyer.post("/api/v1/supplier-products/", second, format="json").status_code == 400


def test_a_clerk_sees_no_costs_and_changes_nothing(api_of, make_user, make_product):
    make_product("CUP")
    clerk = api_of(make_user("clerk"))
    assert "unit_cost" not in clerk.get(f"{PRODUCTS}CUP/").json()
    assert clerk.patch(f"{PRODUCTS}CUP/", {"name": "x"}, format="json").status_code == 403
    assert clerk.delete(f"{PRODUCTS}CUP/").status_code == 405
