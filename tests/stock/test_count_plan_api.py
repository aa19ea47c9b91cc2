"""Today's list over the API, as the phone's home page reads it."""

from __future__ import annotations

import pytest

from stock import services
from stock.models import Bin, StockCount, StockLevel
from tests.stock.moments import at_noon

pytestmark = [pytest.mark.django_db, pytest.mark.api]
LIST = "/api/v1/count-plan/?today=true"


@pytest.fixture
def planned(make_product, receive, warehouse):
    for sku, cost in (("CUP", 50), ("JAR", 4)):
        receive(make_product(sku, unit_cost=cost), 20, reason="opening", effective_at=at_noon(40))
    place = Bin.objects.create(warehouse=warehouse, code="B-1")
    place.levels.add(StockLevel.objects.get(product__sku="CUP"))
    services.plan_counts(warehouse=warehouse)
    return warehouse


def test_the_list_says_what_where_why_and_for_how_long(planned, api_of, make_user):
    cup, jar = api_of(make_user("manager")).get(LIST).json()["results"]
    assert (cup["product"], cup["rank"], cup["bins"], cup["seconds"]) == ("CUP", 1, ["B-1"], 45)
    assert cup["why"] == "Never counted; known since 40 days. Class C: due in 325 days."
    assert float(cup["cost"]) > float(jar["cost"]) > 0


def test_a_clerk_opens_it_with_one_call_and_sees_no_money(planned, api_of, make_user):
    clerk = api_of(make_user("clerk"))
    assert "cost" not in clerk.get(LIST).json()["results"][0]
    opened = clerk.post("/api/v1/count-plan/open/", {"warehouse": "riga", "minutes": 1}, format="json")
    assert (opened.status_code, opened.json()["line_count"]) == (201, 1)
    told = clerk.get(LIST).json()["results"]
    assert [row["count"] for row in told] == [opened.json()["number"], None]
    assert clerk.post("/api/v1/count-plan/open/", {"warehouse": "riga"}, format="json").status_code == 201
    (left,) = clerk.get("/api/v1/count-plan/summary/").json()["results"]
    assert (left["items"], left["minutes"]) == (0, 0)
    again = clerk.post("/api/v1/count-plan/open/", {"warehouse": "riga"}, format="json")
    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_count")
    assert StockCount.objects.count() == 2


def test_its_sums_say_when_the_minutes_do_not_suffice(planned, api_of, make_user):
    client = api_of(make_user("clerk", planned))
    (told,) = client.get("/api/v1/count-plan/summary/").json()["results"]
    assert (told["warehouse"], told["items"], told["minutes"], told["note"]) == ("riga", 2, 1.5, "")
    planned.count_minutes, planned.count_days_c = 1, 1
    planned.save()
    (told,) = client.get("/api/v1/count-plan/summary/").json()["results"]
    assert told["note"] == "Counting every item within its class's period needs 2 minutes a day; there are 1."


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("buyer", 403), ("clerk", 201)])
def test_who_may_not_count_may_not_open_it(planned, api_of, make_user, role, status):
    answer = api_of(make_user(role)).post("/api/v1/count-plan/open/", {"warehouse": "riga"}, format="json")
    assert answer.status_code == status
