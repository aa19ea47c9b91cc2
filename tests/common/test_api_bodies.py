"""Bodies and addresses that a database would choke on get a 400 with a sentence and change nothing."""

from __future__ import annotations

import json

import pytest

from inventory_site.common.models import Audit
from orders.models import SalesChannel, SalesOrder
from stock.models import StockMovement

pytestmark = [pytest.mark.django_db, pytest.mark.api]
MOVEMENTS, SALES, PRODUCTS = "/api/v1/stock-movements/", "/api/v1/sales-orders/", "/api/v1/products/"


@pytest.fixture
def owner(api_of, make_user):
    client = api_of(make_user("owner"))
    client.raise_request_exception = False
    return client


@pytest.fixture
def cup(make_product, warehouse):
    return make_product("CUP")


def send(client, address, text: str, method: str = "post"):
    return getattr(client, method)(address, text, content_type="application/json")


def adjustment(**fields) -> str:
    return json.dumps({"product": "CUP", "warehouse": "riga", "quantity": 1, "reason": "opening"} | fields)


@pytest.mark.parametrize("name", ["product", "warehouse", "reference", "unknown"])
@pytest.mark.parametrize("text", ["CUP\0", "\ud800", "CUP\udfff"])
def test_a_text_with_nul_or_half_a_character_is_refused(text, name, owner, cup):
    answer = send(owner, MOVEMENTS, adjustment(**{name: text}))
    assert (answer.status_code, StockMovement.objects.count()) == (400, 0)
    assert "cannot be kept" in answer.json()["detail"]


@pytest.mark.parametrize("name", ["channel", "customer", "external_id", "ship_to"])
def test_a_sales_order_with_nul_is_refused(name, owner, cup):
    SalesChannel.objects.create(code="web", name="Web")
    lines = [{"product": "CUP", "warehouse": "riga", "quantity": 1}]
    answer = send(owner, SALES, json.dumps({"channel": "web", "lines": lines} | {name: "web\0"}))
    assert (answer.status_code, SalesOrder.objects.count()) == (400, 0)


@pytest.mark.parametrize("body", ['{"a":' * 20_000 + "1" + "}" * 20_000, "[" * 500 + "]" * 500])
def test_a_body_nested_without_end_is_refused(body, owner, cup):
    answer = send(owner, MOVEMENTS, body)
    assert (answer.status_code, answer.json()) == (400, {"detail": "The body is nested deeper than 32 levels."})


def test_characters_beyond_the_first_plane_are_kept(owner, cup):
    assert send(owner, MOVEMENTS, adjustment(reference="箱 📦")).json()["reference"] == "箱 📦"


def test_a_very_long_sku_is_not_there(owner, cup):
    answer = send(owner, MOVEMENTS, adjustment(product="x" * 100_000))
    assert (answer.status_code, list(answer.json())) == (400, ["product"])
    assert len(answer.content) < 300


@pytest.mark.parametrize("name", ["zz\\u0000", "\\ud800"])
def test_a_change_with_nul_in_a_name_is_refused(name, owner, cup):
    assert send(owner, f"{PRODUCTS}CUP/", f'{{"{name}": "1"}}', "patch").status_code == 400


def test_what_a_row_has_no_field_for_is_not_audited(owner, cup):
    assert send(owner, f"{PRODUCTS}CUP/", '{"name": "Mug", "zz": "1"}', "patch").status_code == 200
    assert Audit.objects.get(action="product.change").changes == {"name": "Mug"}


@pytest.mark.parametrize(
    "address",
    [f"{PRODUCTS}CUP%00/", f"{SALES}%00/", "/api/v1/stock-levels/totals/?sku=CUP%00", f"{SALES}?external_id=%00"],
)
def test_nul_in_an_address_is_refused(address, owner, cup):
    answer = owner.get(address)
    assert answer.status_code == 400 and "cannot be kept" in answer.json()["detail"]


def test_nul_in_an_address_of_the_admin_is_refused(client_of, make_user):
    client = client_of(make_user("owner"))
    assert client.get("/admin/orders/salesorder/?state__exact=%00").status_code == 400


def test_a_body_of_three_megabytes_is_refused_in_json(owner, cup):
    answer = send(owner, MOVEMENTS, adjustment(reference="x" * 3_000_000))
    assert answer.status_code == 413 and "larger than 2621440 bytes" in answer.json()["detail"]
    assert StockMovement.objects.count() == 0


@pytest.mark.parametrize(
    "query",
    ["as_of=0001-01-01T00:00:00%2B14:00", "as_of=0001-01-01", "as_of=9999-12-31"],
)
def test_a_date_out_of_range_is_refused(query, owner, cup):
    answer = owner.get(f"/api/v1/stock-levels/?{query}")
    assert (answer.status_code, list(answer.json())) == (400, ["as_of"])


def test_a_date_out_of_range_in_a_filter_is_refused_or_finds_nothing(owner, cup):
    answer = owner.get(f"{SALES}?placed_at__lte=0001-01-01T00:00:00%2B14:00")
    assert answer.status_code == 400 or answer.json()["count"] == 0
