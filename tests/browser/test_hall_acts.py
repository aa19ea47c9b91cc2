"""The daily acts of the hall on a phone: receive, pick, look up, report damage, move, inspect; in dead spots too."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pytest
from django.utils import timezone
from PIL import Image

from inventory_site.common.models import ShopSettings
from orders.models import DeliveryFinding, PurchaseOrder, Return, SalesOrder
from stock.models import Allocation, DamagePhoto, SetAside, StockLevel, StockMovement
from tests.browser.bad_line import BadLine
from tests.browser.conftest import EAN, OTHER_EAN
from tests.browser.phones import Phone, clock_off, phone
from tests.browser.rules import faults

pytestmark = pytest.mark.browser


@pytest.fixture
def photo(tmp_path):
    file, written = tmp_path / "photo.jpg", BytesIO()
    Image.new("RGB", (1600, 1200), "brown").save(written, "JPEG")
    file.write_bytes(written.getvalue())
    return file


def tile(clerk: Phone, name: str) -> None:
    clerk.page.goto(f"{clerk.address}/count/#/")
    clerk.page.click(f".tile[href='#/{name}']")
    clerk.page.wait_for_selector(".scan .code")


def says(clerk: Phone, text: str) -> None:
    clerk.page.wait_for_selector(f"#said:has-text({text!r})")


def press(clerk: Phone, label: str) -> None:
    clerk.page.click(f"button:text-is({label!r})")


def level(shop, sku: str) -> StockLevel:
    return StockLevel.objects.get(product__sku=sku, warehouse=shop.warehouse)


@pytest.mark.long
def test_a_delivery_is_received_with_a_wrong_scan_and_damaged_pieces(hall, person, chromium, address, photo):
    name = person("clerk")
    with phone(chromium, address) as clerk:
        clerk.log_in(name)
        page = clerk.page
        tile(clerk, "receive")
        clerk.scan(EAN)
        page.wait_for_selector(".progress")
        clerk.scan("12345670")
        says(clerk, "“12345670” is not on P")
        page.set_input_files("input[type=file]", photo)
        page.wait_for_selector(".photo img")
        press(clerk, "Done")
        says(clerk, "came by mistake")
        clerk.scan(EAN)
        page.wait_for_selector("#panel .quantity")
        press(clerk, "1")
        press(clerk, "2")
        press(clerk, "Some are damaged")
        page.wait_for_selector("#damaged:text-is('1')")
        page.set_input_files("input[type=file]", photo)
        page.wait_for_selector(".photo img")
        page.reload()
        page.wait_for_selector("text=One of them is damaged.")
        page.context.set_offline(True)
        page.click("#receive")
        page.wait_for_selector("text=12 pieces are received.")
        clerk.shows_unsent(1)
        page.context.set_offline(False)
        clerk.shows_unsent(0)
        assert clerk.errors == []
    finding, aside = DeliveryFinding.objects.get(), SetAside.objects.get()
    assert (finding.code, finding.quantity, bool(finding.photo)) == ("12345670", 1, True)
    assert (aside.level.product.sku, aside.quantity, aside.reference) == ("CUP", 1, finding.order.number)
    assert DamagePhoto.objects.get().set_aside == aside
    assert level(hall, "CUP").on_hand == 22


@pytest.mark.long
def test_what_a_phone_with_a_slow_clock_does_in_a_dead_spot_is_of_now(hall, person, chromium, address):
    order = SalesOrder.objects.get(state="open")
    ShopSettings.objects.update(demo_until=None)
    Allocation.objects.update(created_at=timezone.now() - timedelta(days=3))
    name = person("clerk")
    with BadLine(address, seed=6) as line, phone(chromium, line.address) as clerk:
        clerk.context.add_init_script(clock_off(days=-1))
        clerk.log_in(name)
        clerk.keep_page()
        tile(clerk, "pick")
        clerk.page.click(f".tile[href='#/pick/{order.number}']")
        clerk.page.wait_for_selector("#bin")
        clerk.page.context.set_offline(True)
        clerk.page.reload()  # it does not know any more that its clock is slow
        clerk.page.wait_for_selector("#bin:has-text('A-1')")
        for _piece in range(2):
            clerk.scan(EAN)
        clerk.shows_unsent(1)
        clerk.page.context.set_offline(False)
        clerk.shows_unsent(0)
        assert clerk.errors == []
    picked = Allocation.objects.get(level=level(hall, "CUP"), picked_at__isnull=False)
    assert timedelta(0) <= timezone.now() - picked.picked_at < timedelta(minutes=5)


@pytest.mark.long
def test_a_surplus_holds_up_nothing_and_a_correction_keeps_what_is_damaged(hall, person, chromium, address):
    name = person("clerk")
    order = PurchaseOrder.objects.get(state="confirmed")
    with phone(chromium, address) as clerk:
        clerk.log_in(name)
        page = clerk.page
        clerk.open(f"#/receive/{order.number}")
        clerk.scan(EAN)
        page.wait_for_selector("#panel .quantity")
        press(clerk, "9")
        press(clerk, "Some are damaged")
        page.click(".more .key:text-is('+')")
        page.wait_for_selector("#damaged:text-is('2')")
        press(clerk, "Done")
        press(clerk, "Correct")
        press(clerk, "1")
        press(clerk, "Done")
        says(clerk, "2 damaged of 1: one of the two numbers is wrong.")
        press(clerk, "9")
        press(clerk, "Done")
        page.wait_for_selector("text=2 of them are damaged.")
        page.wait_for_selector("text=7 more than were expected.")
        page.click("#receive")
        says(clerk, "Refused:")
        page.wait_for_selector("text=Not all of it is received")
        clerk.shows_unsent(1)
        page.click(".entry.held >> text=Undo")
        press(clerk, "Leave the surplus to the office")
        page.click("#receive")
        page.wait_for_selector("text=Noted as received.")
        clerk.shows_unsent(0)
        assert clerk.errors == []
    finding, aside = DeliveryFinding.objects.get(), SetAside.objects.get()
    assert (finding.code, finding.quantity, finding.note) == ("CUP", 7, "more than was ordered")
    assert (level(hall, "CUP").on_hand, aside.quantity) == (22, 2)


@pytest.mark.long  # tests/orders/test_picking.py does the same over the API
@pytest.mark.parametrize("lost", [0, 0.4])
def test_an_order_is_picked_by_its_walk_in_a_dead_spot_and_sent_later(lost, hall, person, chromium, address):
    order = SalesOrder.objects.get(state="open")
    name = person("clerk")
    with BadLine(address, seed=4) as line, phone(chromium, line.address) as clerk:
        clerk.log_in(name)
        page = clerk.page
        clerk.keep_page()
        tile(clerk, "pick")
        page.click(f".tile[href='#/pick/{order.number}']")
        page.wait_for_selector("#bin")
        page.context.set_offline(True)
        page.reload()
        page.wait_for_selector("#bin:has-text('A-1')")
        clerk.scan(OTHER_EAN)
        says(clerk, "That is Preserving jar. Here you take Enamel cup.")
        clerk.scan(EAN)
        says(clerk, "1 of 2")
        clerk.scan(EAN)
        page.wait_for_selector("#bin:has-text('A-9')")
        press(clerk, "Fewer are here")
        press(clerk, "0")
        press(clerk, "Done")
        page.wait_for_selector("text=It lies in B-2 too")
        page.click("#nowhere")
        page.click("#ship")
        page.wait_for_selector("h2:text-is('Sent off')")
        clerk.shows_unsent(3)
        line.lost_share = lost
        page.context.set_offline(False)
        page.wait_for_selector("#unsent[data-n='0']", timeout=120_000)
        assert clerk.errors == []
    cup, jar = level(hall, "CUP"), level(hall, "JAR")
    assert [(one.on_hand, one.allocated) for one in (cup, jar)] == [(8, 0), (8, 0)]
    assert StockMovement.objects.filter(reason="adjustment", reference=order.number).count() == 1
    assert not StockLevel.objects.differing_from_ledger().filter(product__in=[cup.product, jar.product]).exists()


def say_missing(clerk: Phone) -> None:
    """None of the jars that are to be picked lies there."""
    clerk.page.wait_for_selector("#bin:has-text('A-9')")
    press(clerk, "Fewer are here")
    press(clerk, "0")
    press(clerk, "Done")
    clerk.page.click("#nowhere")
    clerk.page.wait_for_selector("h2:text-is('Not found')")


@pytest.mark.long  # tests/orders/test_picking.py does the same over the API
def test_pieces_that_were_said_to_be_missing_are_found_after_all(hall, person, chromium, address):
    order = SalesOrder.objects.get(state="open")
    name, undo = person("clerk"), "li:has-text('Preserving jar were not there') button"
    with phone(chromium, address) as clerk:
        clerk.log_in(name)
        page = clerk.page
        page.goto(f"{address}/count/#/pick/{order.number}")
        press(clerk, "Took all 2")
        clerk.shows_unsent(0)
        page.context.set_offline(True)
        say_missing(clerk)
        clerk.shows_unsent(1)
        page.click(undo)
        says(clerk, "taken back")
        clerk.shows_unsent(0)
        say_missing(clerk)
        page.context.set_offline(False)
        clerk.shows_unsent(0)
        page.reload()
        page.wait_for_selector("#ship")  # the server's walk has no jar any more
        page.click(undo)
        page.wait_for_selector("#bin:has-text('A-9')")
        page.wait_for_selector("h2:text-is('Not found')", state="detached")
        clerk.shows_unsent(0)
        assert clerk.errors == []
    jar = level(hall, "JAR")
    assert (jar.on_hand, jar.allocated) == (9, 1)


@pytest.mark.long
def test_an_item_is_looked_up_and_reported_as_damaged_with_a_photo(hall, person, chromium, address, photo):
    name, found = person("clerk"), []
    with phone(chromium, address, color_scheme="dark") as clerk:
        clerk.log_in(name)
        page = clerk.page
        tile(clerk, "look")
        clerk.scan(EAN)
        page.wait_for_selector("#item:has-text('A-1')")
        assert page.locator(".figure b").all_inner_texts() == ["10", "8", "2", "0"]
        assert "12 bought" in page.inner_text("#found")
        found += faults(clerk, "look")
        page.click("a:text-is('Damaged')")
        page.wait_for_selector("#panel h2:text-is('Enamel cup')")
        page.set_input_files("input[type=file]", photo)
        page.wait_for_selector(".photo img")
        found += faults(clerk, "damage")
        press(clerk, "Done")
        says(clerk, "1 × Enamel cup off sale: kept.")
        clerk.shows_unsent(0)
        assert (clerk.errors, found) == ([], [])
    assert DamagePhoto.objects.count() == 1
    cup = level(hall, "CUP")
    assert (cup.on_hand, cup.unsellable) == (10, 1)


@pytest.mark.long
def test_an_item_is_moved_to_another_bin_and_back(hall, person, chromium, address):
    name, found = person("clerk"), []
    with phone(chromium, address, color_scheme="dark") as clerk:
        clerk.log_in(name)
        tile(clerk, "move")
        clerk.scan(EAN)
        clerk.page.wait_for_selector("text=Now scan the bin it goes to.")
        found += faults(clerk, "move")
        clerk.scan(EAN)
        says(clerk, "That is the item itself.")
        clerk.scan("B-2")
        says(clerk, "Enamel cup: from A-1 to B-2: kept.")
        clerk.shows_unsent(0)
        clerk.page.click("li:has-text('from A-1 to B-2') button")
        says(clerk, "taken back")
        clerk.shows_unsent(0)
        assert (clerk.errors, found) == ([], [])
    assert [place.code for place in level(hall, "CUP").bins.all()] == ["A-1"]


@pytest.mark.long
def test_a_return_is_inspected(hall, person, chromium, address):
    name, found = person("clerk"), []
    with phone(chromium, address, color_scheme="dark") as clerk:
        clerk.log_in(name)
        tile(clerk, "inspect")
        clerk.page.click(".tiles.wide .tile")
        clerk.page.wait_for_selector(".progress")
        clerk.scan(OTHER_EAN)
        clerk.page.wait_for_selector("[data-kind=sellable] output:text-is('1')")
        found += faults(clerk, "inspect")
        clerk.page.click("#inspected")
        clerk.page.wait_for_selector("h2:text-is('Inspected')")
        clerk.shows_unsent(0)
        assert (clerk.errors, found) == ([], [])
    assert (Return.objects.get().state, level(hall, "JAR").on_hand) == ("inspected", 10)


@pytest.mark.long
def test_a_transfer_arrives_and_a_receipt_is_taken_back(hall, person, chromium, address):
    name, found = person("clerk"), []
    with phone(chromium, address) as clerk:
        clerk.log_in(name)
        page = clerk.page
        tile(clerk, "transfer")
        page.click(".tiles.wide .tile")
        page.wait_for_selector(".progress")
        clerk.scan(EAN)
        clerk.scan(EAN)
        page.wait_for_selector("#panel .quantity:text-is('2')")
        found += faults(clerk, "transfer")
        press(clerk, "Done")
        page.click("#receive")
        page.wait_for_selector("h2:text-is('All of it is here.')")
        tile(clerk, "receive")
        clerk.scan(OTHER_EAN)
        page.wait_for_selector(".progress")
        clerk.scan(OTHER_EAN)
        page.wait_for_selector("#panel .quantity")
        found += faults(clerk, "counting")
        press(clerk, "Done")
        found += faults(clerk, "receive")
        page.click("#receive")
        with page.expect_popup() as opened:
            page.click("a:text-is('Print labels')")
        assert "codes=JAR&each=1" in opened.value.url
        opened.value.close()
        clerk.shows_unsent(0)
        page.reload()
        press(clerk, "Take back")
        says(clerk, "1 × Preserving jar received: taken back.")
        clerk.shows_unsent(0)
        assert (clerk.errors, found) == ([], [])
    cup, jar = level(hall, "CUP"), level(hall, "JAR")
    assert (cup.on_hand, jar.on_hand, PurchaseOrder.objects.get().state) == (12, 9, "confirmed")
