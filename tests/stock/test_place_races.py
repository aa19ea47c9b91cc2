"""A bin goes to another warehouse while something is laid into it: it never holds another warehouse's stock."""

from __future__ import annotations

import pytest
from django.db.models import F

from stock import services
from stock.errors import WrongBin
from stock.models import Bin, Warehouse
from stock.models.counts import CODE_TAKEN
from stock.querysets import BinQuerySet
from tests.stock.overlap import overlapped

pytestmark = [pytest.mark.race, pytest.mark.long, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def scene(make_product, receive, warehouse, make_warehouse, make_user, api_of):
    """The two acts: to lay an item of Riga into the bin, and to give the bin to Tallinn."""
    make_warehouse("tallinn")
    product = make_product()
    receive(product, 5)
    place = Bin.objects.select_related("warehouse").create(warehouse=warehouse, code="R-1")
    manager = api_of(make_user("manager"))

    def lay() -> str:
        try:
            services.put_in_bin(product=product, place=place, actor=None)
        except WrongBin as error:
            return str(error)
        return ""

    def give() -> str:
        answer = manager.patch(f"/api/v1/bins/{place.pk}/", {"warehouse": "tallinn"}, format="json")
        return "" if answer.status_code == 200 else answer.json()["warehouse"][0]

    return lay, give


def strangers() -> int:
    return Bin.levels.through.objects.exclude(stocklevel__warehouse=F("bin__warehouse")).count()


@pytest.mark.parametrize(
    ("is_laid_first", "refusal"),
    [(True, "Items of riga lie in R-1. Take them out first."), (False, "There is no bin “R-1” in riga.")],
    ids=["laid", "given"],
)
def test_who_comes_second_is_told(scene, is_laid_first, refusal):
    assert overlapped(*(scene if is_laid_first else reversed(scene))) == ["", refusal]
    assert strangers() == 0


@pytest.mark.parametrize("is_locked", [True, False], ids=["locked", "unlocked"])
def test_a_form_that_gives_the_bin_away_waits_for_what_is_laid_in(scene, is_locked, client_of, make_user, monkeypatch):
    if not is_locked:
        monkeypatch.setattr(BinQuerySet, "locked", lambda self: self.order_by("pk"))
    client, place = client_of(make_user("manager")), Bin.objects.get()
    body = {"warehouse": Warehouse.objects.get(code="tallinn").pk, "code": "R-1", "walk_order": 0, "_save": "1"}

    def save() -> int:
        return client.post(f"/admin/stock/bin/{place.pk}/change/", body).status_code

    assert overlapped(scene[0], save) == ["", 302]
    assert strangers() == (0 if is_locked else 1)


def test_without_the_lock_stock_of_riga_lies_in_tallinn(scene, monkeypatch):
    monkeypatch.setattr(BinQuerySet, "locked", lambda self: self.order_by("pk"))
    assert overlapped(*scene) == ["", ""]
    assert strangers() == 1


def test_who_adds_a_bin_that_another_adds_at_this_moment_is_told_so(warehouse, make_user, api_of):
    client, told = api_of(make_user("manager")), {"warehouse": "riga", "code": "R-1"}

    def add() -> tuple[int, list]:
        answer = client.post("/api/v1/bins/", told, format="json")
        return answer.status_code, answer.json()["code"]

    assert overlapped(add, add) == [(201, "R-1"), (400, [CODE_TAKEN])]
