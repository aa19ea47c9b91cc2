"""Labels from the admin's lists, of what was received, and over the API."""

from __future__ import annotations

from decimal import Decimal
from io import BytesIO

import pytest
from pypdf import PdfReader

from orders import services as orders
from stock.label_sheets import SHEETS
from stock.models import Bin

pytestmark = pytest.mark.django_db
API = "/api/v1/labels/"


def words(answer) -> str:
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(answer.content)).pages)


@pytest.fixture
def tea(make_product):
    return make_product(sku="TEA-1", name="Green tea", barcode="4006381333931", price=Decimal("12.50"))


@pytest.fixture
def shelf(warehouse) -> Bin:
    return Bin.objects.create(warehouse=warehouse, code="A-03-2", area="hall 2")


@pytest.fixture
def clerk(api_of, make_user, warehouse):
    return api_of(make_user("clerk", warehouse))


def test_products_are_found_by_sku_and_barcode_in_the_order_that_was_asked(clerk, tea, make_product):
    make_product(sku="bolt", name="Bolt")
    answer = clerk.get(API, {"kind": "products", "codes": "Bolt,4006381333931", "each": "1,2", "price": "1"})
    lines = words(answer).split("\n")
    assert [line for line in lines if line in ("Bolt", "Green tea")] == ["Bolt", "Green tea", "Green tea"]
    assert "12.50 EUR" in words(answer) and "4006381333931" in words(answer)
    assert answer["Content-Disposition"] == 'inline; filename="labels-L7160.pdf"'
    assert "12.50" not in words(clerk.get(API, {"kind": "products", "codes": "tea-1"}))


def test_a_barcode_is_known_with_and_without_its_leading_zero_and_in_any_case(clerk, make_product):
    make_product(sku="MUG", name="Mug", barcode="0036000291452")
    make_product(sku="PAN", name="Pan", barcode="Abc-1")
    lines = words(clerk.get(API, {"kind": "products", "codes": "036000291452,aBC-1"})).split("\n")
    assert [line for line in lines if line in ("Mug", "Pan")] == ["Mug", "Pan"]


def test_a_client_may_ask_for_a_pdf_and_still_reads_refusals(clerk, tea):
    asked = {"kind": "products", "codes": "TEA-1"}
    assert words(clerk.get(API.rstrip("/"), asked, HTTP_ACCEPT="application/pdf"))
    refused = clerk.get(API, asked | {"sheet": "L1"}, HTTP_ACCEPT="application/pdf")
    assert refused.status_code == 400 and b"L1" in refused.content


@pytest.mark.parametrize(
    ("asked", "field", "sentence"),
    [
        ({"kind": "boxes"}, "kind", "Write products or bins."),
        ({"codes": ""}, "codes", "Choose something to print labels of."),
        ({"codes": " , ;"}, "codes", "Choose something to print labels of."),
        ({"codes": "TEA-1,x,y"}, "codes", "Nobody knows “x”, “y”."),
        ({"codes": ",".join("abcdefgh")}, "codes", "Nobody knows “a”, “b”, “c”, “d”, “e” (+3)."),
        ({"sheet": "L1"}, "sheet", "Select a valid choice. L1 is not one of the available choices."),
        ({"start": "22"}, "start", "L7160 has the places 1 to 21."),
        ({"start": "0"}, "start", "Ensure this value is greater than or equal to 1."),
        ({"sheet": "57x32", "start": "2"}, "start", "57x32 has the places 1 to 1."),
        ({"copies": "0"}, "copies", "Ensure this value is greater than or equal to 1."),
        ({"copies": "1000000"}, "copies", "Ensure this value is less than or equal to 10000."),
        ({"copies": "1.5"}, "copies", "Enter a whole number."),
        ({"each": "20000"}, "each", "Write whole numbers from 1 on, with commas between: 3,1,2."),
        ({"each": "1,x"}, "each", "Write whole numbers from 1 on, with commas between: 3,1,2."),
        ({"each": "1,2"}, "each", "Write a number for each item: they are 1, and 2 numbers were given."),
        ({"each": "101", "copies": "100"}, "copies", "10100 labels are more than the 10000 of one file."),
        ({"symbol": "aztec"}, "symbol", "Select a valid choice. aztec is not one of the available choices."),
    ],
)
def test_what_is_asked_wrongly_is_refused_in_a_sentence(clerk, tea, asked, field, sentence):
    answer = clerk.get(API, {"kind": "products", "codes": "TEA-1"} | asked)
    assert answer.status_code == 400 and list(answer.json()) == [field]
    assert answer.json()[field][0].startswith(sentence)


def test_a_code_that_the_wished_barcode_cannot_hold_is_refused(clerk, make_product):
    make_product(sku="茶-1", name="茉莉花茶")
    asked = {"kind": "products", "codes": "茶-1"}
    answer = clerk.get(API, asked | {"symbol": "code128"})
    assert (answer.status_code, answer.json()["code"]) == (409, "label_refused")
    assert answer.json()["detail"].startswith("茶-1: Code 128 holds only")
    assert words(clerk.get(API, asked))


def test_bins_are_those_of_ones_own_warehouse(clerk, shelf, make_warehouse, api_of, make_user):
    asked = {"kind": "bins", "codes": "A-03-2"}
    assert "A-03-2" in words(clerk.get(API, asked))
    tallinn = make_warehouse("tallinn")
    Bin.objects.create(warehouse=tallinn, code="A-03-2")
    assert "Riga" in words(clerk.get(API, asked))
    assert clerk.get(API, asked | {"warehouse": "tallinn"}).json() == {"codes": ["Nobody knows “A-03-2”."]}
    owner = api_of(make_user("owner"))
    assert "say in which" in owner.get(API, asked).json()["codes"][0]
    assert "Tallinn" in words(owner.get(API, asked | {"warehouse": "tallinn"}))


def test_who_may_see_no_products_prints_none(api_of, make_user, tea, client, client_of):
    asked = {"kind": "products", "codes": "TEA-1"}
    assert api_of(make_user(None)).get(API, asked).status_code == 403
    assert client.get(API, asked).status_code == 401
    assert client_of(make_user(None)).get(f"/admin/stock/labels/?kind=products&ids={tea.pk}").status_code == 403


@pytest.mark.parametrize("page", ["catalog/product", "stock/stocklevel", "stock/bin"])
def test_the_chosen_rows_of_a_list_become_labels(page, client_of, make_user, warehouse, tea, shelf, receive):
    receive(tea, 3)
    client = client_of(make_user("clerk", warehouse))
    row = {"catalog/product": tea.pk, "stock/bin": shelf.pk, "stock/stocklevel": tea.levels.get().pk}[page]
    chosen = {"action": "print-labels", "_selected_action": [row], "once": "x"}
    asked = client.post(f"/admin/{page}/", chosen).content.decode()
    kind, key = ("bins", shelf.pk) if page == "stock/bin" else ("products", tea.pk)
    assert f'name="kind" value="{kind}"' in asked and f'name="ids" value="{key}"' in asked
    assert ("with the price" in asked) == (kind == "products")
    told = {"kind": kind, "ids": str(key), "sheet": "L7651", "start": "3", "copies": "2", "symbol": "auto", "each": ""}
    text = words(client.post("/admin/stock/labels/", told))
    assert text.count("A-03-2" if kind == "bins" else "Green tea") == 2


def test_a_wrong_start_is_told_on_the_page_and_nothing_is_lost(client_of, make_user, tea):
    client = client_of(make_user("owner"))
    told = {"kind": "products", "ids": str(tea.pk), "sheet": "L7651", "start": "66", "copies": "7", "symbol": "auto"}
    page = client.post("/admin/stock/labels/", told).content.decode()
    assert "L7651 has the places 1 to 65." in page and 'value="7"' in page and f'value="{tea.pk}"' in page
    page = client.post("/admin/stock/labels/", told | {"start": "1", "ids": ""}).content.decode()
    assert "Choose something to print labels of." in page
    assert client.get("/admin/stock/labels/?kind=boxes").status_code == 404
    assert client.get("/admin/stock/labels/?kind=bins&ids=1;2").status_code == 400


def test_what_was_received_gets_a_label_for_each_piece(
    client_of, make_user, make_supplier, warehouse, tea, make_product, make_warehouse
):
    bolt = make_product(sku="bolt", name="Bolt")
    lines = [orders.NewPurchaseLine(tea, 6, Decimal("4")), orders.NewPurchaseLine(bolt, 5, Decimal("1"))]
    order = orders.create_purchase_order(supplier=make_supplier(), warehouse=warehouse, lines=lines, actor=None)
    order = orders.confirm_purchase_order(order=order, actor=None)
    first, second = order.lines.order_by("pk")
    orders.receive_purchase_order(order=order, actor=None, quantities={first.pk: 3, second.pk: 1})
    orders.receive_purchase_order(order=order, actor=None, quantities={first.pk: 1})
    client = client_of(make_user("clerk", warehouse))
    address = f"/admin/orders/purchaseorder/{order.pk}/labels/"
    assert address in client.get(f"/admin/orders/purchaseorder/{order.pk}/change/").content.decode()
    page = client.get(address).content.decode()
    assert f'value="{tea.pk},{bolt.pk}"' in page and 'value="4,1"' in page and "5 labels" in page
    stranger = client_of(make_user("owner", make_warehouse("tallinn")))
    assert stranger.get(address).status_code == 404


def test_a_label_says_its_sku_once_and_sheets_say_maker_and_paper(clerk, make_product, make_user, client_of):
    make_product(sku="bolt-77", name="Bolt")
    assert words(clerk.get(API, {"kind": "products", "codes": "bolt-77"})).count("bolt-77") == 1
    assert str(SHEETS["L7160"]) == "Avery L7160, A4: 21 × (63.5 × 38.1 mm)"
    assert str(SHEETS["5160"]) == "Avery 5160, US Letter: 30 × (66.7 × 25.4 mm)"
    page = client_of(make_user("manager")).get("/admin/stock/labels/?kind=products").content.decode()
    assert page.split("Choose something to print labels of.")[1].count('class="sw-button" href="/admin/') == 2
