"""Bins of one warehouse: their codes, what may lie in them, and what a count of billions does."""

from __future__ import annotations

from decimal import Decimal
from importlib import import_module

import pytest
from django.utils import timezone

from inventory_site.common.models import Audit
from stock import services
from stock.errors import WrongBin
from stock.models import Bin, CountLine, StockCount, StockLevel

pytestmark = pytest.mark.django_db

SAME = "A bin of this warehouse has this code already; small and capital letters are the same."


@pytest.fixture
def tallinn(make_warehouse):
    return make_warehouse("tallinn")


@pytest.fixture
def here(warehouse, make_product, receive) -> StockLevel:
    receive(make_product("CUP"), 10)
    return StockLevel.objects.get(warehouse=warehouse)


@pytest.fixture
def there(here, tallinn, make_product, receive) -> StockLevel:
    receive(make_product("JAR"), 77, tallinn)
    return StockLevel.objects.get(warehouse=tallinn)


@pytest.fixture
def place(warehouse) -> Bin:
    return Bin.objects.create(warehouse=warehouse, code="R-1")


def save(client, place: Bin, **told):
    body = {"warehouse": place.warehouse_id, "code": place.code, "area": "", "walk_order": 0, "_save": "1"} | told
    return client.post(f"/admin/stock/bin/{place.pk}/change/", body)


def errors(answer) -> dict:
    return answer.context["adminform"].form.errors


def test_stock_of_a_hall_that_one_may_not_see_cannot_be_put_into_a_bin(
    place, here, there, warehouse, make_user, client_of
):
    client = client_of(make_user("manager", warehouse))
    assert "Select a valid choice" in str(errors(save(client, place, levels=[there.pk])))
    assert not place.levels.exists()
    assert save(client, place, levels=[here.pk]).status_code == 302
    assert list(place.levels.all()) == [here]


def test_a_bin_holds_stock_of_its_own_warehouse_only(place, here, there, tallinn, make_user, client_of):
    client = client_of(make_user("manager"))
    said = errors(save(client, place, levels=[there.pk]))
    assert said == {"levels": ["JAR of Tallinn cannot lie in a bin of Riga."]}
    said = errors(save(client, place, levels=[here.pk], warehouse=tallinn.pk))
    assert said == {"levels": ["CUP of Riga cannot lie in a bin of Tallinn."]}
    place.refresh_from_db()
    assert place.warehouse.code == "riga" and not place.levels.exists()


def test_a_bin_goes_only_where_ones_role_may_change_bins(place, tallinn, warehouse, make_user, client_of):
    person = make_user("manager", warehouse)
    person.warehouse_access.create(warehouse=tallinn, role="viewer")
    assert "warehouse" in errors(save(client_of(person), place, warehouse=tallinn.pk))


@pytest.mark.api
def test_the_items_of_a_bin_are_those_of_its_warehouse(place, here, there, warehouse, make_user, api_of):
    place.levels.set([here, there])  # as it could come to be before
    items = api_of(make_user("clerk", warehouse)).get(f"/api/v1/bins/{place.pk}/items/").json()
    assert [item["product"] for item in items] == ["CUP"]


@pytest.mark.api
def test_a_bin_with_items_in_it_stays_in_its_warehouse(place, here, tallinn, make_user, api_of):
    place.levels.add(here)
    manager, path = api_of(make_user("manager")), f"/api/v1/bins/{place.pk}/"
    answer = manager.patch(path, {"warehouse": "tallinn"}, format="json")
    assert (answer.status_code, answer.json()) == (
        400, {"warehouse": ["Items of riga lie in R-1. Take them out first."]},
    )  # fmt: skip
    place.levels.clear()
    assert manager.patch(path, {"warehouse": "tallinn"}, format="json").json()["warehouse"] == "tallinn"


@pytest.mark.api
def test_small_and_capital_letters_make_no_other_bin(place, tallinn, make_user, api_of, client_of):
    user = make_user("manager")
    answer = api_of(user).post("/api/v1/bins/", {"warehouse": "riga", "code": "r-1"}, format="json")
    assert (answer.status_code, answer.json()) == (400, {"code": [SAME]})
    other = Bin.objects.create(warehouse=place.warehouse, code="R-2")
    assert api_of(user).patch(f"/api/v1/bins/{other.pk}/", {"code": "r-1"}, format="json").status_code == 400
    assert SAME in str(errors(save(client_of(user), other, code="r-1")))
    assert api_of(user).patch(f"/api/v1/bins/{place.pk}/", {"code": "r-1"}, format="json").json()["code"] == "r-1"
    made = api_of(user).post("/api/v1/bins/", {"warehouse": "tallinn", "code": "r-1"}, format="json")
    assert made.status_code == 201 and Bin.objects.count() == 3


@pytest.mark.api
def test_a_bin_is_found_in_any_case_by_counts_moves_and_labels(place, here, warehouse, tallinn, make_user, api_of):
    place.levels.add(here)
    Bin.objects.create(warehouse=tallinn, code="T-1")
    clerk = api_of(make_user("manager", warehouse))

    def count(*codes: str):
        return clerk.post("/api/v1/stock-counts/", {"warehouse": "riga", "bins": codes}, format="json")

    assert count("r-1", "R-1").json()["line_count"] == 1
    unknown = count("r-1", "t-1", "Z-9")
    assert (unknown.status_code, unknown.json()) == (
        400, {"bins": ["There is no bin “Z-9” here.", "There is no bin “t-1” here."]},
    )  # fmt: skip
    assert StockCount.objects.count() == 1
    taken = clerk.post("/api/v1/bins/take/", {"warehouse": "riga", "product": "cup", "bin": "r-1"}, format="json")
    assert taken.json()["bins"] == [] and not place.levels.exists()
    assert clerk.get("/api/v1/labels/?kind=bins&codes=r-1").status_code == 200
    assert clerk.get("/api/v1/labels/?kind=bins&codes=t-1").json() == {"codes": ["Nobody knows “t-1”."]}


def test_what_is_laid_into_a_bin_that_is_elsewhere_by_now_is_refused(place, here, tallinn):
    Bin.objects.filter(pk=place.pk).update(warehouse=tallinn)
    other = Bin.objects.create(warehouse=here.warehouse, code="R-2")
    for told in ({"place": place}, {"place": other, "instead_of": place}):
        with pytest.raises(WrongBin, match="There is no bin “R-1” in riga"):
            services.put_in_bin(product=here.product, actor=None, **told)
    assert not Bin.levels.through.objects.exists() and not Audit.objects.exists()


def test_bins_of_the_same_code_from_before_get_numbers():
    new_codes = import_module("stock.migrations.0010_bins_once_whatever_the_case").new_codes
    long = "x" * 40
    bins = [
        (1, 1, "R-1"),
        (2, 1, "r-1"),
        (3, 1, "R-1 2"),
        (4, 2, "r-1"),
        (5, 1, "R-1 2 "),
        (6, 1, long),
        (7, 1, long.upper()),
    ]
    assert new_codes(bins) == {2: "r-1 3", 7: "X" * 38 + " 2"}


@pytest.mark.api
def test_a_limit_of_more_than_can_be_counted_is_refused_in_words(here, make_user, api_of, client_of):
    user, told = make_user("manager"), {"warehouse": "riga", "recount_pieces": 2**70}
    answer = api_of(user).post("/api/v1/stock-counts/", told, format="json")
    assert answer.status_code == 400 and "less than or equal to 1000000000" in answer.json()["recount_pieces"][0]
    body = {"warehouse": here.warehouse_id, "kind": "full", "recount_pieces": 2**70}
    page = client_of(user).post("/admin/stock/stockcount/add/", body).content.decode()
    assert "less than or equal to 1000000000" in page and not StockCount.objects.exists()


@pytest.mark.api
@pytest.mark.ledger
def test_a_billion_of_what_is_dear_is_a_difference_that_can_be_told(here, make_user, api_of, client_of):
    here.product.unit_cost = Decimal("99999999.9999")
    here.product.save()
    user = make_user("owner")
    number = api_of(user).post("/api/v1/stock-counts/", {"warehouse": "riga"}, format="json").json()["number"]
    entry = {
        "uuid": "0d7e3a2c-1111-4222-8333-444455556666", "code": "CUP", "counted": 10**9,
        "captured_at": timezone.now().isoformat(),
    }  # fmt: skip
    sent = api_of(user).post(f"/api/v1/stock-counts/{number}/lines/", {"entries": [entry]}, format="json")
    assert sent.status_code == 200, sent.json()
    assert CountLine.objects.get().delta == 10**9 - 10
    count, client = StockCount.objects.get(), client_of(user)
    for page in ("", f"{count.pk}/change/", f"{count.pk}/report/"):
        assert client.get(f"/admin/stock/stockcount/{page}").status_code == 200
    posted = api_of(user).post(f"/api/v1/stock-counts/{number}/post/", {"version": count.version}, format="json")
    assert posted.status_code == 200, posted.json()
    here.refresh_from_db()
    assert here.on_hand == 10**9
    assert client.get("/admin/stock/stockcount/accuracy/").status_code == 200
