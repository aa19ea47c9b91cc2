"""Counts over the API: bulk entries that repeat, answers that a device can show, and who may do what."""

from __future__ import annotations

import gzip
import json
import uuid

import pytest
from django.utils import timezone

from catalog.models import SupplierProduct
from stock.models import Bin, StockLevel

pytestmark = [pytest.mark.django_db, pytest.mark.api]


@pytest.fixture
def clerk(api_of, make_user, warehouse, make_product, receive):
    receive(make_product("CUP"), 10)
    receive(make_product("JAR"), 5)
    return api_of(make_user("clerk"))


def opened(clerk, **fields) -> str:
    answer = clerk.post("/api/v1/stock-counts/", {"warehouse": "riga"} | fields, format="json")
    assert answer.status_code == 201, answer.json()
    return answer.json()["number"]


def entry(code: str, counted, **fields) -> dict:
    sent = {"uuid": str(uuid.uuid4()), "code": code, "counted": counted, "captured_at": timezone.now().isoformat()}
    return sent | fields


def send(client, number: str, *entries: dict):
    return client.post(f"/api/v1/stock-counts/{number}/lines/", {"entries": entries}, format="json")


def test_a_count_is_opened_entered_twice_and_posted_once(clerk):
    number, cup = opened(clerk), entry("CUP", 9)
    told = [send(clerk, number, cup).json()["entries"], send(clerk, number, cup).json()["entries"]]
    assert told == [
        [{"uuid": cup["uuid"], "state": state, "code": "", "detail": ""}] for state in ("taken", "known")
    ]  # fmt: skip
    posted = clerk.post(f"/api/v1/stock-counts/{number}/post/", {}, format="json")
    assert (posted.status_code, posted.json()["state"], posted.json()["counted"]) == (200, "posted", 1)
    assert clerk.post(f"/api/v1/stock-counts/{number}/post/", {}, format="json").status_code == 409
    assert StockLevel.objects.get(product__sku="CUP").on_hand == 9


def test_each_entry_that_is_kept_says_what_to_do(clerk):
    number, bad = opened(clerk), entry("nobody", 1)
    (kept, taken) = send(clerk, number, bad, entry("JAR", "5")).json()["entries"]
    assert (kept["uuid"], kept["state"], kept["code"], taken["state"]) == (bad["uuid"], "kept", "unknown", "taken")
    assert kept["detail"] == "“nobody”: nobody knows this code. It is kept for a person to say what it was."
    (found,) = clerk.get(f"/api/v1/stock-counts/{number}/findings/").json()["results"]
    assert (found["problem"], found["sent"]["code"]) == ("unknown", "nobody")


def test_whatever_a_scanner_read_is_kept_and_the_rest_goes_through(clerk):
    odd = ["https://example.test/" + "x" * 300, "", "  "]
    number, sent = opened(clerk), [entry(code, 1) for code in odd] + [entry("CUP", ["9"]), entry("JAR", 5)]
    told = send(clerk, number, *sent).json()["entries"]
    assert [one["code"] for one in told] == ["unknown"] * 3 + ["quantity", ""]
    withdrawn = clerk.post(f"/api/v1/stock-counts/{number}/withdraw/", {"uuid": sent[-1]["uuid"]}, format="json")
    assert withdrawn.json() == {"is_withdrawn": True}
    assert "was taken back before" in send(clerk, number, sent[-1]).json()["entries"][0]["detail"]
    day_only = send(clerk, number, entry("JAR", 5, captured_at="2026-11-22"))
    assert (day_only.status_code, "does not tell its zone" in str(day_only.json())) == (400, True)


def test_no_bins_and_no_products_are_not_everything(clerk):
    for name in ("bins", "products"):
        answer = clerk.post("/api/v1/stock-counts/", {"warehouse": "riga", name: []}, format="json")
        assert (answer.status_code, list(answer.json())) == (400, [name])


def test_a_sheet_has_all_that_a_device_needs(clerk, warehouse, make_supplier, django_assert_max_num_queries):
    number, cup = opened(clerk), StockLevel.objects.get(product__sku="CUP")
    SupplierProduct.objects.create(supplier=make_supplier(), product=cup.product, unit_cost=1, pack_size=12)
    for code, order in (("B-1", 2), ("A-1", 1)):
        Bin.objects.create(warehouse=warehouse, code=code, walk_order=order).levels.add(cup)
    send(clerk, number, entry("JAR", 5))
    with django_assert_max_num_queries(14):
        sheet = clerk.get(f"/api/v1/stock-counts/{number}/sheet/").json()
    assert [place["code"] for place in sheet["bins"]] == ["A-1", "B-1"]
    told = [[item[name] for name in ("sku", "pack", "bins", "state", "shelf", "mine")] for item in sheet["items"]]
    assert told == [["CUP", 12, ["A-1", "B-1"], "open", 10, False], ["JAR", 1, [], "counted", 5, True]]
    packed = clerk.get(f"/api/v1/stock-counts/{number}/sheet/", HTTP_ACCEPT_ENCODING="gzip")
    assert (packed["Content-Encoding"], json.loads(gzip.decompress(packed.content))) == ("gzip", sheet)
    blind = clerk.get(f"/api/v1/stock-counts/{opened(clerk, is_blind=True)}/sheet/").json()
    assert {item["shelf"] for item in blind["items"]} == {None}


def test_an_entry_is_taken_back_by_whom_it_is_of(clerk, api_of, make_user):
    number, cup = opened(clerk), entry("CUP", 9)
    send(clerk, number, cup)
    path, body = f"/api/v1/stock-counts/{number}/withdraw/", {"uuid": cup["uuid"]}
    assert api_of(make_user("clerk")).post(path, body, format="json").json() == {"is_withdrawn": False}
    assert clerk.post(path, body, format="json").json() == {"is_withdrawn": True}
    items = clerk.get(f"/api/v1/stock-counts/{number}/items/").json()["results"]
    assert [item["state"] for item in items] == ["open", "open"]


def test_a_blind_count_tells_nobody_what_is_expected_before_it_is_posted(clerk):
    number = opened(clerk, products=["CUP"], is_blind=True)
    send(clerk, number, entry("CUP", 9))
    lines = f"/api/v1/stock-counts/{number}/items/"
    assert [(row["counted"], row["expected"], row["delta"]) for row in clerk.get(lines).json()["results"]] == [
        (9, None, None)
    ]
    clerk.post(f"/api/v1/stock-counts/{number}/post/", {}, format="json")
    assert [(row["expected"], row["delta"]) for row in clerk.get(lines).json()["results"]] == [(10, -1)]


def test_clerks_neither_approve_nor_settle_and_strangers_see_nothing(clerk, api_of, make_user, make_warehouse):
    number = opened(clerk, approve_cost="1.00")
    send(clerk, number, entry("nobody", 1))
    found = {"uuid": str(uuid.uuid4()), "accept": True}
    for act, body in (("approve", {}), ("settle", found)):
        assert clerk.post(f"/api/v1/stock-counts/{number}/{act}/", body, format="json").status_code == 403
    stranger = api_of(make_user("owner", make_warehouse("tallinn")))
    assert send(stranger, number, entry("CUP", 1)).status_code == 404


def test_a_bin_and_a_sku_that_are_not_there_are_named(clerk):
    answer = clerk.post(
        "/api/v1/stock-counts/", {"warehouse": "riga", "bins": ["Z-9"], "products": ["CUP", "nothing"]}, format="json"
    )
    assert answer.status_code == 400
    assert "nothing" in str(answer.json()["products"])
    assert clerk.post("/api/v1/stock-counts/", {"warehouse": "riga", "bins": ["Z-9"]}, format="json").json() == {
        "bins": ["There is no bin “Z-9” here."]
    }


def test_a_manager_says_in_which_bin_and_how_many(clerk, api_of, make_user, warehouse):
    for code in ("A-1", "A-2"):
        Bin.objects.create(warehouse=warehouse, code=code).levels.add(StockLevel.objects.get(product__sku="CUP"))
    number, kept = opened(clerk), entry("CUP", "nine", bin="8")
    send(clerk, number, kept, entry("CUP", 1, bin="A-1"))
    posted = clerk.post(f"/api/v1/stock-counts/{number}/post/", {}, format="json")
    assert (posted.status_code, posted.json()["code"]) == (409, "unsettled_lines")
    manager, path = api_of(make_user("manager")), f"/api/v1/stock-counts/{number}/settle/"
    told = {"uuid": kept["uuid"], "accept": True, "counted": 9}
    assert manager.post(path, told, format="json").json()["detail"].endswith("Say in which bin, or that it was all.")
    assert manager.post(path, told | {"bin": "Z"}, format="json").json() == {"bin": ["There is no bin “Z” here."]}
    assert manager.post(path, told | {"bin": "a-2"}, format="json").json()["problem"] == ""
    items = clerk.get(f"/api/v1/stock-counts/{number}/items/").json()["results"]
    assert [item["counted"] for item in items] == [10, None]


def test_the_clock_of_a_device_tells_its_zone(clerk):
    body = {"sent_at": "2026-11-22T10:00:00", "entries": [entry("CUP", 9)]}
    answer = clerk.post(f"/api/v1/stock-counts/{opened(clerk)}/lines/", body, format="json")
    assert (answer.status_code, list(answer.json())) == (400, ["sent_at"])


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ({"code": None}, "unknown"), ({"code": ["CUP"]}, "unknown"), ({"counted": None}, "quantity"),
        ({"bin": None}, ""), ({"captured_at": None}, "time"), ({"captured_at": 5}, "time"), ({"uuid": None}, "uuid"),
        ({"uuid": [5]}, "uuid"), ({"captured_at": "9999-12-31T23:59:59Z"}, "future"),
    ],
)  # fmt: skip
def test_a_malformed_entry_holds_up_no_other(clerk, bad, code):
    number = opened(clerk)
    body = json.dumps({"entries": [entry("CUP", 9) | bad, entry("JAR", 5)]})
    answer = clerk.generic("POST", f"/api/v1/stock-counts/{number}/lines/", body, content_type="application/json")
    assert answer.status_code == 200, answer.json()
    first, second = answer.json()["entries"]
    assert (first["code"], first["state"]) == (code, {"": "taken", "uuid": "refused"}.get(code, "kept"))
    assert (second["state"], bool(first["detail"])) == ("taken", bool(code))
    assert clerk.get(f"/api/v1/stock-counts/{number}/findings/").status_code == 200
