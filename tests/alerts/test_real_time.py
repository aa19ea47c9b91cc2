"""A movement opens and closes alerts within a sweep of the outbox, without a night."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.models import Alert
from inventory_site.common import outbox
from inventory_site.common.models import ShopSettings
from orders import services as orders
from tests.http.writes import order_of

pytestmark = [pytest.mark.django_db, pytest.mark.api]


@pytest.fixture
def client(api_of, make_user, warehouse, web):
    return api_of(make_user("owner"))


@pytest.fixture
def web(db):
    from orders.models import SalesChannel

    return SalesChannel.objects.create(code="web", name="Web")


def swept() -> list[tuple[str, str]]:
    outbox.deliver()
    return list(Alert.objects.order_by("pk").values_list("rule", "state"))


def test_a_shipment_over_the_api_opens_an_alert_and_a_count_closes_it(client, web):
    item = {"sku": "CUP", "product_name": "Cup", "current_stock": 10, "minimum_stock": 5, "order_quantity": 6}
    assert client.post("/api/inventory/", item, format="json").status_code == 201
    assert swept() == []
    placed = client.post("/api/v1/sales-orders/", order_of(("CUP", 6)), format="json").json()
    assert client.post(f"/api/v1/sales-orders/{placed['number']}/ship/").status_code == 200
    assert swept() == [("below_reorder_point", "open")]
    counted = {"sku": "CUP", "current_stock": 30}
    assert client.post("/api/inventory/", counted, format="json").status_code in (200, 201)
    assert swept() == [("below_reorder_point", "closed")]


def test_a_receipt_closes_the_alert_of_a_late_delivery(make_product, make_supplier, warehouse, owner):
    lines = [orders.NewPurchaseLine(make_product(), 5, 4)]
    order = orders.create_purchase_order(supplier=make_supplier(), warehouse=warehouse, lines=lines, actor=owner)
    late = ShopSettings.objects.load().today() - timedelta(days=3)
    orders.confirm_purchase_order(order=order, actor=owner, expected_on=late)
    assert ("late_delivery", "open") in swept()
    orders.receive_purchase_order(order=order, actor=owner)
    assert ("late_delivery", "closed") in swept()
