"""Transfers and set-asides in the admin."""

from __future__ import annotations

import pytest
from django.urls import reverse

from inventory_site.common.models import ShopSettings
from stock.models import StockLevel, Transfer

pytestmark = pytest.mark.django_db


def do(client, row, name: str, key: str = "k", **data) -> str:
    address = reverse(f"admin:stock_{row._meta.model_name}_do", args=[row.pk, name])
    answer = client.post(address, {"once": key} | data, follow=True)
    return " ".join(map(str, answer.context["messages"]))


def buttons(client, transfer: Transfer) -> set[str]:
    answer = client.get(reverse("admin:stock_transfer_change", args=[transfer.pk]))
    return {act.name for act in answer.context["acts"]}


@pytest.fixture
def sides(warehouse, make_warehouse):
    return warehouse, make_warehouse("tallinn")


@pytest.fixture
def draft(client_of, make_user, make_product, receive, sides):
    """A transfer of four cups, entered on its page."""
    product = make_product("CUP")
    receive(product, 10)
    data = {
        "once": "new", "lines-TOTAL_FORMS": 1, "lines-INITIAL_FORMS": 0, "source": sides[0].pk,
        "destination": sides[1].pk, "lines-0-product": product.pk, "lines-0-quantity": 4,
    }  # fmt: skip
    buyer = client_of(make_user("buyer"))
    for _click in range(2):
        buyer.post(reverse("admin:stock_transfer_add"), data)
    return Transfer.objects.get()


def test_each_side_gets_its_own_buttons(draft, client_of, make_user, sides):
    here, there = (client_of(make_user("clerk", side)) for side in sides)
    assert (buttons(here, draft), buttons(there, draft)) == ({"lines", "ship", "cancel"}, {"lines", "cancel"})
    line = draft.lines.get()
    assert do(here, draft, "ship", version="0", **{f"line_{line.pk}": "3"}).endswith("is on its way to Tallinn.")
    assert (buttons(here, draft), buttons(there, draft)) == ({"cancel"}, {"receive", "close", "cancel"})
    assert "was changed meanwhile" in do(there, draft, "receive", version="0", **{f"line_{line.pk}": "3"})
    assert do(there, draft, "receive", key="k2", version="1", **{f"line_{line.pk}": "2"}) == "2 pieces received."
    assert do(there, draft, "close", key="k3").endswith("written off.")
    assert dict(StockLevel.objects.values_list("warehouse__code", "on_hand")) == {"riga": 7, "tallinn": 2}


def test_both_sides_see_the_lines(draft, client_of, make_user, make_warehouse, sides):
    address = reverse("admin:stock_transfer_change", args=[draft.pk])
    for side in sides:
        (lines,) = client_of(make_user("clerk", side)).get(address).context["inline_admin_formsets"]
        assert [form.instance.quantity for form in lines.formset.forms] == [4]
    assert client_of(make_user("clerk", make_warehouse("oslo"))).get(address).status_code == 404


def test_a_surplus_is_for_managers_and_says_whose_stock_it_takes(draft, client_of, make_user, sides):
    ShopSettings.objects.create(pk=1, over_receipt_rate="0.5")
    clerk, manager = (client_of(make_user(role, sides[1])) for role in ("clerk", "manager"))
    do(client_of(make_user("clerk", sides[0])), draft, "ship", **{f"line_{draft.lines.get().pk}": "4"})
    surplus = {f"line_{draft.lines.get().pk}": "6", "may_exceed": "on"}
    assert do(clerk, draft, "receive", key="k2", **surplus) == ""
    assert StockLevel.objects.get(warehouse=sides[1]).on_hand == 0
    said = do(manager, draft, "receive", key="k2", **surplus)
    assert said == "6 pieces received. 2 more than were sent: they were taken off the stock of Riga."
    assert dict(StockLevel.objects.values_list("warehouse__code", "on_hand")) == {"riga": 4, "tallinn": 6}


def test_the_other_side_may_not_ship(draft, client_of, make_user, sides):
    address = reverse("admin:stock_transfer_do", args=[draft.pk, "ship"])
    there = client_of(make_user("clerk", sides[1]))
    assert there.post(address, {"once": "k", f"line_{draft.lines.get().pk}": "3"}).status_code == 403
    assert Transfer.objects.get(pk=draft.pk).state == "draft"


def test_pieces_are_set_aside_put_back_and_written_off_on_their_level(draft, client_of, make_user):
    level, clerk = StockLevel.objects.get(warehouse__code="riga"), client_of(make_user("clerk"))
    assert "3 set aside, 7 available" in do(clerk, level, "set-aside", quantity="3", reason="damaged", note="wet")
    assert "2 set aside, 8 available" in do(clerk, level, "put-back", key="k2", quantity="1", note="")
    assert "0 set aside, 8 available" in do(clerk, level, "write-off-aside", key="k3", quantity="2", note="")
    level.refresh_from_db()
    assert level.on_hand == 8


def test_a_stale_page_sets_nothing_aside(draft, client_of, make_user):
    level, clerk = StockLevel.objects.get(warehouse__code="riga"), client_of(make_user("clerk"))
    wish = {"quantity": "3", "reason": "damaged", "note": ""}
    assert "3 set aside" in do(clerk, level, "set-aside", version=level.version, **wish)
    assert "was changed meanwhile" in do(clerk, level, "set-aside", key="k2", version=level.version, **wish)
    assert StockLevel.objects.get(pk=level.pk).unsellable == 3
