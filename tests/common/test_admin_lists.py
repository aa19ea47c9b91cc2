"""Lists: one's own filters and columns, SKUs pasted from a sheet, a chart on each line for the same queries."""

from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory_site.common.models import ColumnChoice, JobRun, SavedFilter, ShopSettings
from orders.models import DailyDemand, DemandSeries
from tests.admin_rows import DAY, ROWS, Shop

PRODUCTS, POSITIONS = "/admin/catalog/product/", "/admin/replenishment/inventoryposition/"


@pytest.fixture
def shop(warehouse, make_supplier, make_user):
    ShopSettings.objects.create(pk=1, demo_until=DAY)
    run = JobRun.objects.create(kind="nightly", business_date=DAY, state="published")
    return Shop(warehouse=warehouse, supplier=make_supplier(), run=run, actor=make_user("manager"))


def _text(client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def test_a_filter_is_saved_under_a_name_for_its_person_only_and_forgotten(shop, make_user, client_of):
    buyer, other = client_of(make_user("buyer")), client_of(make_user("buyer"))
    query = "stock_status=out&p=3&o=-2"
    answer = buyer.post(f"{POSITIONS}view/save/", {"name": "Empty shelves", "query": query})
    assert answer.url == f"{POSITIONS}?stock_status=out&o=-2", "the page that one was on is not part of a filter"
    assert '<a class="sw-link" href="?stock_status=out&o=-2">Empty shelves</a>' in _text(buyer, POSITIONS)
    assert "Empty shelves" not in _text(other, POSITIONS) and "Empty shelves" not in _text(buyer, PRODUCTS)
    other.post(f"{POSITIONS}view/forget/", {"filter": SavedFilter.objects.get().pk})
    assert SavedFilter.objects.count() == 1
    buyer.post(f"{POSITIONS}view/forget/", {"filter": SavedFilter.objects.get().pk})
    assert SavedFilter.objects.count() == 0


def test_a_filter_needs_a_name_and_a_person_who_sees_the_list(shop, make_user, client_of):
    client_of(make_user("buyer")).post(f"{POSITIONS}view/save/", {"name": " ", "query": "q=1"})
    assert client_of(make_user(None)).post(f"{POSITIONS}view/save/", {"name": "a"}).status_code == 403
    assert client_of(make_user("buyer")).get(f"{POSITIONS}view/save/").status_code == 403
    assert client_of(make_user("buyer")).post(f"{POSITIONS}view/else/").status_code == 404
    assert SavedFilter.objects.count() == 0


def test_columns_are_chosen_by_each_person_and_costs_are_offered_to_who_may_see_them(shop, make_user, client_of):
    ROWS["catalog.product"](shop, 1)
    buyer, clerk = client_of(make_user("buyer")), client_of(make_user("clerk"))
    assert 'value="unit_cost"' in _text(buyer, PRODUCTS) and 'value="unit_cost"' not in _text(clerk, PRODUCTS)
    buyer.post(f"{PRODUCTS}view/columns/", {"column": ["name", "price"], "query": "q=ROW"})
    assert ColumnChoice.objects.get().hidden == ["spark", "plan", "category", "unit_cost", "is_active"]
    text = _text(buyer, PRODUCTS)
    assert "column-price" in text and "column-unit_cost" not in text and "column-sku" in text
    assert "column-category" in _text(clerk, PRODUCTS)


@pytest.mark.parametrize("term", ["ROW-1,ROW-3", "ROW-1\tROW-3", "ROW-1 ROW-3", "ROW-1\nROW-3", "ROW-1；ROW-3,"])
def test_skus_pasted_from_a_sheet_find_exactly_these(shop, make_user, client_of, term):
    for n in range(1, 5):
        ROWS["replenishment.inventoryposition"](shop, n)
    client = client_of(make_user("buyer"))
    for path in (PRODUCTS, POSITIONS):
        answer = client.get(path, {"q": term})
        found = {getattr(row, "product", row).sku for row in answer.context["cl"].result_list}
        assert found == {"ROW-1", "ROW-3"}


def test_barcodes_are_found_what_is_not_known_is_told_and_words_of_a_name_stay_words(shop, make_user, client_of):
    one, two = shop.product(1), shop.product(2)
    type(one).objects.filter(pk=one.pk).update(barcode="4006381333931", name="Oat milk")
    client = client_of(make_user("buyer"))

    def found(term: str) -> list[str]:
        return [row.sku for row in client.get(PRODUCTS, {"q": term}).context["cl"].result_list]

    assert found("4006381333931") == ["ROW-1"] and found("oat milk") == ["ROW-1"]
    assert sorted(found(f"4006381333931,{two.sku}")) == ["ROW-1", "ROW-2"]
    assert "1 of the 2 numbers is not known." in _text(client, f"{PRODUCTS}?q=ROW-1,ROW-77")


def test_a_list_draws_its_charts_with_the_same_queries_for_many_rows(shop, make_user, client_of):
    client = client_of(make_user("owner"))
    for path, name in ((PRODUCTS, "catalog.product"), (POSITIONS, "replenishment.inventoryposition")):
        counts = []
        for numbers in (range(1), range(1, 9)):
            for n in numbers:
                ROWS[name](shop, n)
                series = DemandSeries.objects.get_or_create(**shop.item(n), defaults={"first_on": DAY})[0]
                DailyDemand.objects.get_or_create(series=series, on_date=DAY - timedelta(days=n), demand=3)
            _text(client, path)
            with CaptureQueriesContext(connection) as captured:
                text = _text(client, path)
            counts.append(len(captured))
        assert counts[0] == counts[1], path
        assert text.count("sw-spark-small") == 9, path
    assert "3 asked for in twelve weeks" in _text(client, PRODUCTS)


def test_products_of_which_something_is_missing_are_listed(shop, make_user, client_of):
    bare = shop.product(1)
    type(bare).objects.filter(pk=bare.pk).update(unit_cost=0)
    ROWS["catalog.supplierproduct"](shop, 2)
    client = client_of(make_user("buyer"))
    for missing, skus in (("cost", ["ROW-1"]), ("supplier", ["ROW-1"]), ("barcode", ["ROW-1", "ROW-2"])):
        answer = client.get(PRODUCTS, {"missing": missing})
        assert sorted(row.sku for row in answer.context["cl"].result_list) == skus
