"""What a supplier is sent and what it promises: files read back, dates with their history, reminders."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from io import BytesIO, StringIO
from zipfile import ZipFile

import pytest
from pypdf import PdfReader

from catalog.models import SupplierProduct
from inventory_site.common.models import Audit
from inventory_site.common.pdf import marked
from orders import services
from orders.errors import InvalidLines, WrongState
from orders.models import PromisedDate, PurchaseOrder
from orders.purchase_document import document_of

pytestmark = [pytest.mark.django_db, pytest.mark.api]
API = "/api/v1/purchase-orders/"
DAYS = date(2031, 5, 1), date(2031, 5, 8)


@pytest.fixture
def order(make_supplier, make_product, warehouse):
    """Confirmed: two lines of a supplier with a Chinese name, one of them half cancelled afterwards."""
    supplier = make_supplier(
        "ACME", name="华东文具 Acme", address="1 Harbour Road\nRīga", email="sales@acme.example", freight_cost=25,
        free_freight_from=500,
    )  # fmt: skip
    cup, pen = make_product("CUP", name="Cup & saucer <blue>"), make_product("PEN", name="=钢笔 ķīlis")
    SupplierProduct.objects.create(supplier=supplier, product=cup, supplier_sku="A-17", unit_cost=4, pack_size=6)
    lines = [services.NewPurchaseLine(cup, 24, Decimal("4.125"), 6), services.NewPurchaseLine(pen, 10, Decimal("1"), 4)]
    made = services.create_purchase_order(supplier=supplier, warehouse=warehouse, lines=lines, actor=None)
    return services.confirm_purchase_order(order=made, actor=None, despite_terms=True)


def text_of(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages)


def test_the_pdf_says_what_the_supplier_needs(order, make_user, api_of):
    answer = api_of(make_user("buyer")).get(f"{API}{order.number}/pdf/")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    text = text_of(answer.content)
    for told in (order.number, "Acme", "华东文具", "1 Harbour Road", "sales@acme.example", "A-17", "CUP", "24 piece",
                 "4 × 6", "4.125", "99.00", "钢笔", "broken", "Goods: 109.00 EUR", "Freight: 25.00 EUR",
                 "Total: 134.00 EUR", "2 lines, 34 pieces"):  # fmt: skip
        assert told in text, told


def test_an_order_of_which_all_is_cancelled_asks_for_no_freight(order):
    services.cancel_purchase_order(order=order, actor=None)
    left = document_of(order)
    assert (left.rows, left.goods, left.freight) == ((), 0, 0)


def test_letters_that_no_font_has_lose_their_accent_and_marks_are_no_markup():
    assert marked("Cup & <b>") == "Cup &amp; &lt;b&gt;"
    assert marked("ķieģelis") == "kiegelis"
    assert marked("华 tea") == '<font name="STSong-Light">华</font> tea'


def test_a_pdf_of_many_lines_has_its_head_on_each_page(make_supplier, make_product, warehouse, client_of, make_user):
    lines = [services.NewPurchaseLine(make_product(), 5, Decimal(1)) for _ in range(80)]
    order = services.create_purchase_order(supplier=make_supplier(), warehouse=warehouse, lines=lines, actor=None)
    address = f"/admin/orders/purchaseorder/{order.pk}/pdf/"
    pages = PdfReader(BytesIO(client_of(make_user("buyer")).get(address).content)).pages
    assert len(pages) > 1
    assert all("Our number" in page.extract_text() for page in pages)
    assert "Draft of a purchase order" in pages[0].extract_text()


def test_the_csv_holds_packs_and_costs_and_no_formula(order, make_user, api_of):
    answer = api_of(make_user("buyer")).get(f"{API}{order.number}/csv/")
    rows = list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0] == {
        "order": order.number, "supplier_sku": "A-17", "sku": "CUP", "product": "Cup & saucer <blue>",
        "quantity": "24", "pack_size": "6", "packs": "4", "unit_cost": "4.1250", "amount": "99.00", "currency": "EUR",
    }  # fmt: skip
    assert (rows[1]["packs"], rows[1]["product"][0]) == ("", "'")


def test_clerks_get_files_without_prices(order, make_user, client_of):
    clerk = client_of(make_user("clerk"))
    pdf = clerk.get(f"/admin/orders/purchaseorder/{order.pk}/pdf/").content
    table = clerk.get(f"/admin/orders/purchaseorder/{order.pk}/csv/").content.decode()
    assert "CUP" in text_of(pdf) and "99.00" not in text_of(pdf) and "Total" not in text_of(pdf)
    assert "CUP" in table and "unit_cost" not in table


def test_files_of_another_warehouse_are_not_found(order, make_user, make_warehouse, client_of, api_of):
    stranger = make_user("buyer", make_warehouse("tallinn"))
    assert client_of(stranger).get(f"/admin/orders/purchaseorder/{order.pk}/pdf/").status_code == 404
    assert api_of(stranger).get(f"{API}{order.number}/csv/").status_code == 404


def test_several_orders_come_in_one_archive(order, make_user, client_of, make_product):
    lines = [services.NewPurchaseLine(make_product(), 1)]
    services.create_purchase_order(supplier=order.supplier, warehouse=order.warehouse, lines=lines, actor=None)
    chosen = {"action": "as_csv", "_selected_action": list(PurchaseOrder.objects.values_list("pk", flat=True))}
    answer = client_of(make_user("buyer")).post("/admin/orders/purchaseorder/", chosen)
    assert len(ZipFile(BytesIO(answer.content)).namelist()) == 2


def test_promises_are_kept_with_who_from_and_to(order, make_user):
    buyer = make_user("buyer")
    cup, pen = order.lines.order_by("pk")
    for day in DAYS:
        services.promise_dates(dates={cup.pk: day}, actor=buyer)
    services.promise_dates(dates={cup.pk: DAYS[1], pen.pk: None}, actor=buyer)
    history = list(PromisedDate.objects.order_by("pk").values_list("line", "was_on", "promised_on", "actor"))
    assert history == [(cup.pk, None, DAYS[0], buyer.pk), (cup.pk, *DAYS, buyer.pk)]
    cup.refresh_from_db()
    assert cup.promised_on == DAYS[1]
    assert Audit.objects.filter(action="purchase_order.promise").count() == 2


def test_nothing_is_promised_before_it_was_ordered_or_after_it_came(order):
    cup, pen = order.lines.order_by("pk")
    with pytest.raises(InvalidLines, match="CUP cannot be promised for 01/01/2020"):
        services.promise_dates(dates={pen.pk: DAYS[0], cup.pk: date(2020, 1, 1)}, actor=None)
    services.receive_purchase_order(order=order, actor=None, quantities={cup.pk: 24})
    with pytest.raises(WrongState, match="nothing of CUP is on order any more"):
        services.promise_dates(dates={pen.pk: DAYS[0], cup.pk: DAYS[0]}, actor=None)
    with pytest.raises(InvalidLines, match="Line 0"):
        services.remind_supplier(lines=[0], actor=None)
    assert not PromisedDate.objects.exists()


def test_promises_and_reminders_over_the_api(order, make_user, api_of):
    buyer, line = api_of(make_user("buyer")), order.lines.order_by("pk").first()
    body = {"lines": [{"line": line.pk, "promised_on": "2031-05-01"}]}
    for _ in range(2):
        answer = buyer.post(f"{API}{order.number}/promise/", body, format="json", HTTP_IDEMPOTENCY_KEY="k")
    told = answer.json()["lines"][0]
    assert (told["promised_on"], [row["promised_on"] for row in told["promises"]]) == ("2031-05-01", ["2031-05-01"])
    answer = buyer.post(f"{API}{order.number}/remind/", {"note": "Ms Li rang back"}, format="json")
    assert [row["note"] for row in answer.json()["lines"][1]["reminders"]] == ["Ms Li rang back"]
    wrong = buyer.post(f"{API}{order.number}/promise/", {"lines": [{"line": 99, "promised_on": None}]}, format="json")
    refusal = {"code": "invalid_lines", "detail": "Line 99 is not on an order."}
    assert (wrong.status_code, wrong.json()) == (409, refusal)
    clerk = api_of(make_user("clerk"))
    assert clerk.post(f"{API}{order.number}/promise/", body, format="json").status_code == 403
