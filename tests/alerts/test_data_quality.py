"""What is missing or wrong in a shop's data is told once per kind, with the products by name."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from alerts import services
from alerts.models import Alert
from alerts.rules import RULES
from alerts.sentences import sentence
from catalog.models import SupplierProduct
from stock.models import ClosedDay
from tests.alerts.planters import TODAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def product(plant_position, make_supplier):
    """In stock, with a cost, a price and a supplier: nothing to say about it."""

    def make(sku: str, **fields):
        product = plant_position("ok").product
        for name, value in ({"sku": sku, "name": f"The {sku}", "price": Decimal(9), "unit_cost": 4} | fields).items():
            setattr(product, name, value)
        product.save()
        SupplierProduct.objects.create(supplier=make_supplier(), product=product, unit_cost=product.unit_cost)
        return product

    return make


def told() -> dict[str, dict]:
    return {finding.code: dict(finding.terms) for finding in RULES["data_quality"](today=TODAY).findings()}


def test_good_data_are_left_alone(product):
    product("CUP")
    product("JAR", barcode="4006381333931")
    assert told() == {}


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        ("without_cost", {"unit_cost": 0}),
        ("price_below_cost", {"price": Decimal("3.99")}),
        ("same_barcode", {"barcode": "123"}),
        ("same_name", {"name": "A CUP"}),
    ],
)
def test_each_kind_names_its_products(product, code, fields):
    product("CUP", name="a cup", barcode="123")
    product("JAR", **fields)
    skus = ["CUP", "JAR"] if code.startswith("same") else ["JAR"]
    found = told()
    assert found == {code: {"count": len(skus), "skus": ", ".join(skus)}}
    assert f": {len(skus)} ({', '.join(skus)}). " in sentence(code, found[code])


def test_products_that_nobody_sells_are_said(product):
    SupplierProduct.objects.filter(product=product("CUP")).delete()
    assert told() == {"without_supplier": {"count": 1, "skus": "CUP"}}


def test_of_many_products_the_first_five_are_named(product):
    for number in range(7):
        product(f"P{number}", unit_cost=0)
    assert told()["without_cost"] == {"count": 7, "skus": "P0, P1, P2, P3, P4 …"}


def test_a_closed_day_is_no_gap(planters, warehouse):
    planters["data_quality"].plant()
    assert told()["demand_gap"]["last_on"] == (TODAY - timedelta(days=5)).isoformat()
    ClosedDay.objects.create(warehouse=warehouse, on_date=TODAY - timedelta(days=5))
    assert told() == {}


def test_an_alert_about_the_shop_is_seen_by_everybody(product, make_user, make_warehouse):
    product("CUP", unit_cost=0)
    services.evaluate(rules=["data_quality"], today=TODAY)
    assert Alert.objects.visible_to(make_user("viewer", make_warehouse("tallinn"))).count() == 1
