"""The catalogue over the API."""

from __future__ import annotations

import re
from datetime import date

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


TERMS, SUPPLIERS = "/api/v1/supplier-products/", "/api/v1/suppliers/"


def test_price_breaks_are_told_with_the_terms_and_replaced_as_a_whole(buyer, make_product, make_supplier):
    make_product("CUP"), make_supplier("ACME")
    steps = [{"min_quantity": 50, "unit_cost": "3.0000"}, {"min_quantity": 10, "unit_cost": "3.5000"}]
    body = {"supplier": "ACME", "product": "CUP", "unit_cost": "4.00", "price_breaks": steps}
    made = buyer.post(TERMS, body, format="json").json()
    assert [step["min_quantity"] for step in made["price_breaks"]] == [10, 50]
    address = f"{TERMS}{made['id']}/"
    assert len(buyer.patch(address, {"pack_size": 6}, format="json").json()["price_breaks"]) == 2
    assert buyer.patch(address, {"price_breaks": steps[:1]}, format="json").json()["price_breaks"] == steps[:1]
    twice = buyer.patch(address, {"price_breaks": [*steps, steps[0]]}, format="json")
    assert (twice.status_code, twice.json()) == (400, {"price_breaks": ["From 50 pieces stands here twice."]})
    half = buyer.patch(address, {"price_breaks": [{"unit_cost": "3.00"}]}, format="json")
    missing = {"0": {"min_quantity": ["This field is required."]}}
    assert (half.status_code, half.json()) == (400, {"price_breaks": missing})
    assert buyer.get(address).json()["price_breaks"] == steps[:1]


def test_price_breaks_are_hidden_with_the_costs(buyer, api_of, make_user, make_product, make_supplier):
    make_product("CUP"), make_supplier("ACME")
    buyer.post(TERMS, {"supplier": "ACME", "product": "CUP", "unit_cost": "4.00"}, format="json")
    (shown,) = api_of(make_user("clerk")).get(TERMS).json()["results"]
    assert not {"unit_cost", "price_breaks"} & set(shown)


@pytest.mark.parametrize("days", [[7], [-1], [0, 0], [True], ["0"], [1.0], 3, "03", {"0": 1}, None])
def test_weekdays_are_a_list_of_days_each_once(days, buyer, make_supplier):
    make_supplier("ACME")
    answer = buyer.patch(f"{SUPPLIERS}ACME/", {"order_weekdays": days}, format="json")
    assert (answer.status_code, list(answer.json())) == (400, ["order_weekdays"])
    good = buyer.patch(f"{SUPPLIERS}ACME/", {"order_weekdays": [3, 0]}, format="json")
    assert (good.status_code, good.json()["order_weekdays"]) == (200, [3, 0])


def test_weekdays_are_boxes_to_tick_in_the_admin(client_of, make_user, make_supplier):
    supplier, buyer = make_supplier("ACME", order_weekdays=[3]), client_of(make_user("buyer"))
    address = f"/admin/catalog/supplier/{supplier.pk}/change/"
    boxes = re.findall(r'<input[^>]*name="order_weekdays"[^>]*>', buyer.get(address).content.decode())
    assert [number for number, box in enumerate(boxes) if re.search(r"\schecked[\s>]", box)] == [3]
    told = {"code": "ACME", "name": "Acme", "lead_time_days": 7, "review_period_days": 1, "minimum_order_cost": 0,
            "freight_cost": 0, "closures-TOTAL_FORMS": 1, "closures-INITIAL_FORMS": 0,
            "closures-0-first_on": "2026-02-16", "closures-0-last_on": "2026-02-24"}  # fmt: skip
    buyer.post(address, told | {"order_weekdays": ["0", "4"]})
    supplier.refresh_from_db()
    assert supplier.order_weekdays == [0, 4]
    assert [closure.last_on for closure in supplier.closures.all()] == [date(2026, 2, 24)]


def test_days_without_orders_are_replaced_as_a_whole(buyer, make_supplier):
    supplier, address = make_supplier("ACME"), f"{SUPPLIERS}ACME/"
    new_year = {"first_on": "2026-02-16", "last_on": "2026-02-24", "reason": "New Year"}
    for told in ([new_year, {"first_on": "2026-10-01", "last_on": "2026-10-07"}], [new_year]):
        assert len(buyer.patch(address, {"closures": told}, format="json").json()["closures"]) == len(told)
    assert buyer.patch(address, {"name": "Acme & Sons"}, format="json").json()["closures"] == [new_year]
    answer = buyer.patch(address, {"closures": [new_year | {"last_on": "2026-02-15"}]}, format="json")
    assert (answer.status_code, supplier.closures.count()) == (400, 1)
    assert "cannot be before the first" in answer.content.decode()
    half = buyer.patch(address, {"closures": [{"first_on": "2026-02-16"}]}, format="json")
    assert (half.status_code, half.json()) == (400, {"closures": {"0": {"last_on": ["This field is required."]}}})


@pytest.mark.parametrize(("field", "wrong"), [("country", "Latvia"), ("freight_cost", -1), ("weekly_capacity", -1)])
def test_terms_of_a_supplier_that_make_no_sense_are_refused(field, wrong, buyer, make_supplier):
    make_supplier("ACME")
    answer = buyer.patch(f"{SUPPLIERS}ACME/", {field: wrong}, format="json")
    assert (answer.status_code, list(answer.json())) == (400, [field])


def test_clerks_see_no_freight_and_no_minimum(api_of, make_user, make_supplier):
    make_supplier("ACME", freight_cost=40)
    told = api_of(make_user("clerk")).get(f"{SUPPLIERS}ACME/").json()
    assert not {"freight_cost", "free_freight_from", "minimum_order_cost"} & told.keys()
    assert told["lead_time_days"] == 7
