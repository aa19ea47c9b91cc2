"""Buttons of the admin: done once, all or nothing, refused in words, never by somebody who may not."""

from __future__ import annotations

import pytest
from django.urls import reverse

from catalog.models import SupplierProduct
from inventory_site.common.models import ApiToken, Audit, JobRun, ShopSettings, User
from orders.models import Customer, PurchaseOrder, SalesChannel, SalesOrder
from replenishment.models import Policy
from stock.models import StockLevel, StockMovement
from tests.admin_rows import DAY, ROWS, Shop


@pytest.fixture
def shop(warehouse, make_supplier, make_user):
    run = JobRun.objects.create(kind="nightly", business_date=DAY, state="published")
    return Shop(warehouse=warehouse, supplier=make_supplier(), run=run, actor=make_user("manager"))


def act(client, row, name: str, key: str = "k1", **data):
    address = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_do", args=[row.pk, name])
    return client.post(address, {"once": key} | data, follow=True)


def in_list(client, rows, name: str, key: str = "k1"):
    address = reverse(f"admin:{rows[0]._meta.app_label}_{rows[0]._meta.model_name}_changelist")
    data = {"action": name, "index": "0", "once": key, "_selected_action": [row.pk for row in rows]}
    return client.post(address, data, follow=True)


def said(answer) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def test_a_purchase_is_confirmed_received_in_parts_and_cannot_be_confirmed_twice(shop, make_user, client_of):
    order = ROWS["orders.purchaseorder"](shop, 1)
    line = order.lines.get()
    client = client_of(make_user("buyer"))
    assert said(act(client, order, "confirm", expected_on="")) == ["1 purchase order confirmed."]
    assert said(act(client, order, "receive", key="k2", **{f"line_{line.pk}": "5"})) == ["5 pieces received."]
    assert StockLevel.objects.get().on_hand == 5
    order.refresh_from_db()
    assert order.state == "partly_received"
    page = client.get(reverse("admin:orders_purchaseorder_change", args=[order.pk])).content.decode()
    assert "Receive" in page and "do/confirm" not in page
    assert "cannot be confirmed" in said(act(client, order, "confirm", key="k3", expected_on=""))[0]


def test_a_double_click_receives_once(shop, make_user, client_of):
    order = ROWS["orders.purchaseorder"](shop, 1)
    PurchaseOrder.objects.update(state="confirmed")
    client, asked = client_of(make_user("clerk")), {f"line_{order.lines.get().pk}": "5"}
    answers = [said(act(client, order, "receive", **asked)) for _click in range(2)]
    assert answers[0] == answers[1] == ["5 pieces received."]
    assert StockLevel.objects.get().on_hand == 5 and StockMovement.objects.count() == 1


def test_a_list_action_is_all_or_nothing_and_says_which_one_it_failed_on(shop, make_user, client_of):
    orders = [ROWS["orders.purchaseorder"](shop, n) for n in (1, 2)]
    PurchaseOrder.objects.filter(pk=orders[1].pk).update(state="received")
    client = client_of(make_user("buyer"))
    assert said(in_list(client, orders, "confirm")) == ["Nothing was changed. P2 is received: it cannot be confirmed."]
    assert set(PurchaseOrder.objects.values_list("state", flat=True)) == {"draft", "received"}
    assert said(in_list(client, orders[:1], "confirm", key="k2")) == ["1 purchase order confirmed."]


@pytest.mark.parametrize(("role", "name", "status"), [("clerk", "confirm", 403), ("viewer", "receive", 403)])
def test_who_may_only_look_does_nothing(role, name, status, shop, make_user, client_of):
    order = ROWS["orders.purchaseorder"](shop, 1)
    state = "draft" if name == "confirm" else "confirmed"
    PurchaseOrder.objects.update(state=state)
    client = client_of(make_user(role))
    assert act(client, order, name).status_code == status
    assert (
        f"do/{name}" not in client.get(reverse("admin:orders_purchaseorder_change", args=[order.pk])).content.decode()
    )
    assert PurchaseOrder.objects.get().state == state


def test_a_role_counts_in_its_own_warehouse_only(shop, make_user, make_warehouse, client_of):
    order = ROWS["orders.purchaseorder"](shop, 1)
    person = make_user("buyer", make_warehouse("elsewhere"))
    person.warehouse_access.create(warehouse=shop.warehouse, role="viewer")
    client = client_of(person)
    assert act(client, order, "confirm").status_code == 403
    assert said(in_list(client, [order], "confirm")) == ["1 left out: your role there does not allow it."]
    assert PurchaseOrder.objects.get().state == "draft"


def test_what_is_hidden_or_unknown_is_not_found_and_a_key_is_a_must(shop, make_user, make_warehouse, client_of):
    order = ROWS["orders.purchaseorder"](shop, 1)
    stranger, buyer = client_of(make_user("buyer", make_warehouse("elsewhere"))), client_of(make_user("buyer"))
    assert act(stranger, order, "confirm").status_code == 404
    assert act(buyer, order, "explode").status_code == 404
    assert act(buyer, order, "cancel", key="").status_code == 400
    assert PurchaseOrder.objects.get().state == "draft"


def test_stock_is_adjusted_and_counted_through_the_ledger(shop, make_user, client_of, receive):
    receive(shop.product(1), 10)
    level, client = StockLevel.objects.get(), client_of(make_user("clerk"))
    told = said(act(client, level, "adjust", quantity="-3", reason="write_off", reference="broken"))
    assert told == ["ROW-1 =Product 1 · Riga: 7 on hand now."]
    assert "9 on hand now" in said(act(client, level, "count", key="k2", counted="9"))[0]
    assert list(StockMovement.objects.order_by("pk").values_list("quantity", "reason")) == [
        (10, "receipt"), (-3, "write_off"), (2, "count"),
    ]  # fmt: skip
    answer = act(client, level, "adjust", key="k3", quantity="-99", reason="adjustment", reference="x")
    assert "9 available" in said(answer)[0] and answer.context["form"].data["quantity"] == "-99"


def test_a_movement_is_reversed_once(shop, make_user, client_of, receive):
    movement, client = receive(shop.product(1), 10, reason="opening"), client_of(make_user("manager"))
    assert said(act(client, movement, "reverse")) == ["1 movement reversed."]
    assert "was reversed before" in said(act(client, movement, "reverse", key="k2"))[0]
    assert StockLevel.objects.get().on_hand == 0


def test_a_button_that_asks_leads_to_its_page_and_does_nothing(shop, make_user, client_of, receive):
    receive(shop.product(1), 20)
    order = ROWS["orders.salesorder"](shop, 1)
    customer = Customer.objects.create(external_id="C-1", name="Jane")
    client = client_of(make_user("manager"))
    for row, names in ((order, ("ship", "cancel", "hold", "split", "allocate")), (customer, ("forget",))):
        page = client.get(reverse(f"admin:orders_{row._meta.model_name}_change", args=[row.pk])).content.decode()
        for name in names:
            address = reverse(f"admin:orders_{row._meta.model_name}_do", args=[row.pk, name])
            assert f'href="{address}"' in page and f'action="{address}"' not in page
            asked = client.get(address)
            assert asked.status_code == 200 and not asked.context["form"].is_bound
    order.refresh_from_db()
    customer.refresh_from_db()
    assert (order.state, order.version, customer.name) == ("open", 0, "Jane")


def test_a_page_sent_again_with_other_entries_is_shown_anew(shop, make_user, client_of, receive):
    level = receive(shop.product(1), 10).level
    client = client_of(make_user("clerk"))
    act(client, level, "adjust", quantity="-1", reason="adjustment", reference="x")
    answer = act(client, level, "adjust", quantity="-2", reason="adjustment", reference="x")
    assert "was sent before, with other entries" in said(answer)[0]
    assert StockLevel.objects.get().on_hand == 9 and answer.context["once_key"] != "k1"


def new_order(client, kind: str, head: dict, lines: list[dict], key: str = "new"):
    data = {"once": key, "lines-TOTAL_FORMS": len(lines), "lines-INITIAL_FORMS": 0} | head
    data |= {f"lines-{n}-{name}": value for n, line in enumerate(lines) for name, value in line.items()}
    return client.post(reverse(f"admin:orders_{kind}_add"), data, follow=True)


def test_a_sale_is_entered_shipped_and_the_rest_cancelled(shop, make_user, client_of, receive):
    product = shop.product(1)
    receive(product, 10)
    channel, clerk = SalesChannel.objects.create(code="shop", name="Shop"), client_of(make_user("clerk"))
    head = {"warehouse": shop.warehouse.pk, "channel": channel.pk}
    refused = new_order(clerk, "salesorder", head, [{"product": product.pk, "quantity": 11}])
    assert "11 asked, 10 available" in refused.content.decode() and not SalesOrder.objects.exists()
    lines = [{"product": product.pk, "quantity": 6}, {"product": "", "quantity": ""}]
    assert "written" in said(new_order(clerk, "salesorder", head, lines, key="again"))[0]
    line = SalesOrder.objects.get().lines.get()
    assert (line.quantity, line.unit_price) == (6, 9)
    act(clerk, line.order, "ship", key="s", **{f"line_{line.pk}": "4"})
    act(clerk, line.order, "cancel", key="c", **{f"line_{line.pk}": "2"})
    line.refresh_from_db()
    assert (line.shipped, line.cancelled, line.order.state) == (4, 2, "closed")
    assert StockLevel.objects.get().on_hand == 6


def test_a_purchase_takes_cost_and_pack_from_the_suppliers_terms(shop, make_user, client_of):
    SupplierProduct.objects.create(supplier=shop.supplier, product=shop.product(1), unit_cost="3.25", pack_size=6)
    head = {"warehouse": shop.warehouse.pk, "supplier": shop.supplier.pk}
    lines = [{"product": shop.product(1).pk, "quantity": 12}]
    new_order(client_of(make_user("buyer")), "purchaseorder", head, lines)
    line = PurchaseOrder.objects.get().lines.get()
    assert (line.quantity, str(line.unit_cost), line.pack_size) == (12, "3.2500", 6)


def test_somebody_elses_warehouse_is_not_on_offer(shop, make_user, make_warehouse, client_of):
    buyer = client_of(make_user("buyer", make_warehouse("elsewhere")))
    head = {"warehouse": shop.warehouse.pk, "supplier": shop.supplier.pk}
    answer = new_order(buyer, "purchaseorder", head, [{"product": shop.product(1).pk, "quantity": 1}])
    assert "warehouse" in answer.context["head"].errors and not PurchaseOrder.objects.exists()


def test_lines_of_a_draft_can_be_changed_and_those_of_a_confirmed_order_cannot(shop, make_user, client_of):
    order = ROWS["orders.purchaseorder"](shop, 1)
    line, client = order.lines.get(), client_of(make_user("buyer"))
    page = reverse("admin:orders_purchaseorder_change", args=[order.pk])
    data = {
        "reference": "", "lines-TOTAL_FORMS": 1, "lines-INITIAL_FORMS": 1, "lines-0-id": line.pk,
        "lines-0-order": order.pk, "lines-0-product": line.product_id, "lines-0-quantity": 24,
        "lines-0-unit_cost": "4", "lines-0-pack_size": 1,
    }  # fmt: skip
    assert client.post(page, data).status_code == 302
    line.refresh_from_db()
    assert line.quantity == 24
    PurchaseOrder.objects.update(state="confirmed")
    client.post(page, data | {"lines-0-quantity": 99})
    line.refresh_from_db()
    assert line.quantity == 24
    assert Audit.objects.filter(action="purchaseorderline.change").count() == 1


def test_a_change_is_audited_with_old_and_new_value(make_product, make_user, client_of):
    product, person = make_product(price="9.90"), make_user("buyer")
    page = reverse("admin:catalog_product_change", args=[product.pk])
    form = client_of(person).get(page).context["adminform"].form
    data = {name: value if (value := form.initial.get(name)) is not None else "" for name in form.fields}
    data |= {"price": "12.00", "is_active": "on"}
    data |= {f"{prefix}-{count}_FORMS": 0 for prefix in ("terms", "promotions") for count in ("TOTAL", "INITIAL")}
    data.pop("accepts_backorders")
    assert client_of(person).post(page, data).status_code == 302
    row = Audit.objects.get(action="product.change")
    assert (row.actor, row.changes) == (person, {"price": ["9.90", "12.00"]})


def test_a_token_is_shown_once_and_works(make_user, client_of):
    owner = make_user("owner")
    answer = client_of(owner).post(
        reverse("admin:common_apitoken_add"), {"user": owner.pk, "name": "shop"}, follow=True
    )
    text = said(answer)[0].split("<code>")[1].split("</code>")[0]
    assert ApiToken.objects.get(digest=ApiToken.objects.digest(text)).user == owner
    page = reverse("admin:common_apitoken_change", args=[ApiToken.objects.get().pk])
    assert text not in client_of(owner).get(page).content.decode()


def test_a_person_made_here_may_log_in_and_no_password_is_in_the_trail(make_user, client_of):
    data = {
        "username": "new", "password1": "a-long-secret", "password2": "a-long-secret", "usable_password": "true",
        "warehouse_access-TOTAL_FORMS": 0, "warehouse_access-INITIAL_FORMS": 0,
    }  # fmt: skip
    client_of(make_user("owner")).post(reverse("admin:common_user_add"), data)
    assert User.objects.get(username="new").is_staff
    assert "secret" not in str(Audit.objects.get(action="user.add").changes)


def test_run_now_asks_for_one_run_and_managers_of_one_warehouse_may_not(shop, make_user, client_of):
    ShopSettings.objects.create(pk=1, demo_until=DAY)
    JobRun.objects.all().delete()
    address = reverse("admin:common_jobrun_run_now")
    local = client_of(make_user("manager", shop.warehouse))
    assert local.post(address, {"once": "k"}).status_code == 403
    owner = client_of(make_user("owner"))
    for _click in range(2):
        assert "nightly 2026-03-02 is under way" in said(owner.post(address, {"once": "k"}, follow=True))[0]
    assert JobRun.objects.get().state == "running"


def test_the_admin_may_evaluate_scripts_and_nothing_else_may(make_user, client_of):
    client = client_of(make_user("owner"))
    assert "'unsafe-eval'" in client.get("/admin/")["Content-Security-Policy"]
    assert "unsafe-eval" not in client.get("/warnings/")["Content-Security-Policy"]


def test_a_customer_can_be_picked_by_name_but_not_from_an_autocomplete_of_others(shop, make_user, client_of):
    Customer.objects.create(name="Ada")
    asked = {"app_label": "orders", "model_name": "salesorder", "field_name": "customer", "term": "Ada"}
    found = client_of(make_user("clerk")).get(reverse("admin:autocomplete"), asked)
    assert [row["text"] for row in found.json()["results"]] == ["Ada"]
    assert client_of(make_user("viewer")).get(reverse("admin:autocomplete"), asked).status_code == 403


def test_a_buyer_of_one_warehouse_sets_no_policy_for_all_of_them(shop, make_user, make_warehouse, client_of):
    make_warehouse("elsewhere")
    person, address = make_user("buyer", shop.warehouse), reverse("admin:replenishment_policy_add")
    told = {"product": shop.product(1).pk, "rule": "R,s,nQ", "cycle_service_level": "0.9", "minimum_stock": 5}
    assert client_of(person).post(address, told).status_code == 403
    assert not Policy.objects.exists()
    assert client_of(person).post(address, told | {"warehouse": shop.warehouse.pk}).status_code == 302
    assert Policy.objects.get().minimum_stock == 5
