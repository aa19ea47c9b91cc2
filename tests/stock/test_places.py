"""Which bins an item lies in, over the API."""

from __future__ import annotations

import pytest

from inventory_site.common.models import Audit
from stock.models import Bin, PlaceChange, StockLevel
from stock.services.places import spot_of

pytestmark = [pytest.mark.django_db, pytest.mark.api]


@pytest.fixture
def clerk(api_of, make_user, warehouse, make_warehouse, make_product, receive):
    receive(make_product("CUP", barcode="4006381333931"), 10)
    for code in ("A-1", "A-2"):
        Bin.objects.create(warehouse=warehouse, code=code)
    Bin.objects.create(warehouse=make_warehouse("tallinn"), code="T-1")
    return api_of(make_user("clerk", warehouse))


def move(client, verb: str = "put", **body):
    return client.post(f"/api/v1/bins/{verb}/", {"warehouse": "riga", "product": "CUP"} | body, format="json")


def bins() -> list[str]:
    level = StockLevel.objects.get(product__sku="CUP", warehouse__code="riga")
    return sorted(place.code for place in level.bins.all())


def test_an_item_is_put_into_a_bin_too_instead_and_taken_out(clerk):
    assert move(clerk, bin="a-1", product="4006381333931").json() == {
        "product": "CUP", "name": StockLevel.objects.get().product.name, "bins": ["A-1"],
    }  # fmt: skip
    move(clerk, bin="A-2")
    assert bins() == ["A-1", "A-2"]
    move(clerk, bin="A-2", instead_of="A-1")
    assert bins() == ["A-2"]
    items = clerk.get(f"/api/v1/bins/{Bin.objects.get(code='A-2').pk}/items/").json()
    assert [(item["product"], item["on_hand"]) for item in items] == [("CUP", 10)]
    assert move(clerk, bin="A-1", at="2026-03-29T18:00").status_code == 400  # which zone?
    move(clerk, "take", bin="A-2", at="2026-03-29T18:00Z")
    assert PlaceChange.objects.earliest("at").at.isoformat() == "2026-03-29T18:00:00+00:00"
    assert bins() == []
    assert list(Audit.objects.order_by("pk").values_list("action", flat=True)) == [
        "stock.put_in_bin", "stock.put_in_bin", "stock.put_in_bin", "stock.take_from_bin",
    ]  # fmt: skip


def test_a_bin_that_is_not_here_is_named_and_nothing_moves(clerk):
    answer = move(clerk, bin="T-1")
    assert (answer.status_code, answer.json()) == (400, {"bin": ["There is no bin “T-1” in riga."]})
    assert move(clerk, bin="A-1", product="nobody").status_code == 400
    empty = move(clerk, "take", bin="A-1")
    assert (empty.status_code, empty.json()["detail"]) == (409, "CUP does not lie in A-1.")
    assert bins() == []


def test_it_takes_a_role_in_that_warehouse(clerk, api_of, make_user):
    assert move(api_of(make_user("viewer")), bin="A-1").status_code == 403
    assert move(clerk, warehouse="tallinn", bin="T-1").status_code == 400


@pytest.mark.parametrize(
    ("code", "spot"),
    [
        ("A-03-2", (1, 3)), ("a3", (1, 3)), ("12-07", (12, 7)), ("AB 1", (28, 1)), ("Z.100", (26, 100)),
        ("Window", None), ("A", None), ("7", None), ("", None), ("A-1234", None),
    ],
)  # fmt: skip
def test_a_code_tells_its_aisle_and_bay_or_nothing(code, spot):
    assert spot_of(code) == spot


def test_bins_get_their_places_from_their_codes_with_one_act(clerk, client_of, make_user, warehouse):
    odd = Bin.objects.create(warehouse=warehouse, code="Window")
    chosen = list(Bin.objects.filter(warehouse=warehouse).values_list("pk", flat=True))
    body = {"action": "place", "index": "0", "_selected_action": chosen, "once": "k"}
    answer = client_of(make_user("manager")).post("/admin/stock/bin/", body, follow=True)
    page = answer.content.decode()
    assert "2 bins have their places in the hall. These codes tell no aisle and bay: Window." in page
    places = Bin.objects.filter(warehouse=warehouse).order_by("code")
    assert [(one.code, one.aisle, one.position_metres) for one in places] == [
        ("A-1", 1, 1), ("A-2", 1, 2), (odd.code, None, None),
    ]  # fmt: skip
