"""The lines of a draft of a transfer are changed; its page says what its source does not have."""

from __future__ import annotations

import pytest
from django.urls import reverse

from inventory_site.common.errors import StaleVersion, WrongState
from stock import services
from stock.errors import InvalidQuantity, InvalidTransfer
from stock.services import TransferWish

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(make_product, receive, warehouse, make_warehouse):
    cup, mug = make_product("CUP"), make_product("MUG")
    receive(cup, 35)
    lines = [TransferWish(cup, 300), TransferWish(mug, 2)]
    return services.create_transfer(source=warehouse, destination=make_warehouse("narva"), lines=lines, actor=None)


def told(transfer) -> list[tuple[str, int]]:
    return list(transfer.lines.order_by("pk").values_list("product__sku", "quantity"))


def test_quantities_are_set_products_added_and_taken_off(draft, make_product):
    cup, mug = (line.product for line in draft.lines.order_by("pk"))
    hat = make_product("HAT")
    wishes = [TransferWish(cup, 10), TransferWish(cup, 5), TransferWish(mug, 0), TransferWish(hat, 1)]
    changed = services.change_transfer_draft(transfer=draft, lines=wishes, actor=None, version=0)
    assert (told(draft), changed.version) == ([("CUP", 15), ("HAT", 1)], 1)


def test_an_impossible_change_changes_nothing(draft):
    cup, mug = (line.product for line in draft.lines.order_by("pk"))
    for wishes, version, error in (
        ([TransferWish(cup, 0), TransferWish(mug, 0)], None, InvalidTransfer),
        ([TransferWish(cup, -1)], None, InvalidQuantity),
        ([TransferWish(cup, False)], None, InvalidQuantity),
        ([TransferWish(cup, 1)], 9, StaleVersion),
    ):
        with pytest.raises(error):
            services.change_transfer_draft(transfer=draft, lines=wishes, actor=None, version=version)
    assert told(draft) == [("CUP", 300), ("MUG", 2)]
    services.cancel_transfer(transfer=draft, actor=None)
    with pytest.raises(WrongState):
        services.change_transfer_draft(transfer=draft, lines=[TransferWish(cup, 1)], actor=None)


@pytest.mark.api
def test_over_the_api(draft, api_of, make_user, warehouse, make_warehouse):
    address, body = f"/api/v1/transfers/{draft.number}/lines/", {"lines": [{"product": "CUP", "quantity": 35}]}
    clerk, stranger = (api_of(make_user("clerk", place)) for place in (warehouse, make_warehouse("tallinn")))
    assert stranger.post(address, body, format="json").status_code == 404
    answer = clerk.post(address, body | {"version": 0}, format="json")
    assert answer.status_code == 200 and [row["quantity"] for row in answer.json()["lines"]] == [35, 2]
    assert clerk.post(address, body | {"version": 0}, format="json").status_code == 409


def test_the_page_says_what_is_missing_and_its_lines_can_be_changed(draft, client_of, make_user, warehouse):
    clerk, receiver = (client_of(make_user("clerk", place)) for place in (warehouse, draft.destination))
    page = reverse("admin:stock_transfer_change", args=[draft.pk])
    text = clerk.get(page).content.decode()
    assert "CUP: 300 asked, 35 available in Riga." in text and "MUG: 2 asked, 0 available in Riga." in text
    assert "35 available" not in receiver.get(page).content.decode(), "the source's stock is not theirs to know"
    cup, mug = draft.lines.order_by("pk")
    data = {f"line_{cup.pk}": "30", f"line_{mug.pk}": "2", "once": "k", "version": "0"}
    data |= {"lines-TOTAL_FORMS": 2, "lines-INITIAL_FORMS": 0}
    data |= {f"lines-{n}-{name}": 1 if name == "quantity" else mug.product_id
             for n in range(2) for name in ("product", "quantity")}  # fmt: skip
    clerk.post(reverse("admin:stock_transfer_do", args=[draft.pk, "lines"]), data)
    assert told(draft) == [("CUP", 30), ("MUG", 4)]


def test_writing_off_and_leaving_the_page_are_not_called_alike(draft, client_of, make_user, warehouse):
    cup = draft.lines.order_by("pk").first()
    services.ship_transfer(transfer=draft, actor=None, quantities={cup.pk: 5})
    page = client_of(make_user("owner")).get(reverse("admin:stock_transfer_change", args=[draft.pk]))
    text = page.content.decode()
    assert "Write off the rest" in text and "Close short" not in text
