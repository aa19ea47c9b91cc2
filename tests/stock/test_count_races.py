"""Many people post one count at the same moment: its differences are posted once. Plans of counts are made in turn."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone
from psycopg.errors import UniqueViolation

from inventory_site.common.errors import DomainError
from stock import services
from stock.models import CountNeed, StockLevel, StockMovement
from stock.querysets import StockCountQuerySet, StockLevelQuerySet, WarehouseQuerySet
from stock.services import Sent
from tests.stock.overlap import overlapped

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

PEOPLE = 16


@pytest.fixture
def counted(make_product, receive, warehouse):
    """A count of three products, each a piece short."""

    def counted(turn: int):
        products = [make_product(f"P{turn}-{n}") for n in range(3)]
        for product in products:
            receive(product, 10)
        count = services.open_count(warehouse=warehouse, actor=None, products=products)
        seen = [Sent(uuid.uuid4(), product.sku, 9, timezone.now()) for product in products]
        services.record_entries(count=count, entries=seen, actor=None)
        return count

    return counted


def post_at_once(count) -> list[bool]:
    """Whether each of them was told that it is posted."""
    start = threading.Barrier(PEOPLE)

    def post(_number) -> bool:
        start.wait(30)
        try:
            services.post_count(count=count, actor=None)
        except (DomainError, DatabaseError):
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(PEOPLE) as pool:
        return list(pool.map(post, range(PEOPLE)))


@pytest.mark.parametrize("times", [2, pytest.param(50, marks=pytest.mark.long)], ids=["small", "full"])
def test_sixteen_who_post_one_count_post_it_once(counted, times):
    for turn in range(times):
        count = counted(turn)
        assert sum(post_at_once(count)) == 1
        assert StockMovement.objects.filter(reference=count.number).count() == 3
        assert set(StockLevel.objects.filter(count_lines__count=count).values_list("on_hand", flat=True)) == {9}
    assert not StockLevel.objects.differing_from_ledger().exists()


def test_without_the_lock_it_is_posted_again(counted, monkeypatch):
    monkeypatch.setattr(StockCountQuerySet, "locked", lambda self: self.order_by("pk"))
    monkeypatch.setattr(StockLevelQuerySet, "locked", lambda self: self.order_by("pk"))
    found = 0
    for turn in range(5):
        count = counted(turn)
        post_at_once(count)
        found += StockMovement.objects.filter(reference=count.number).count() > 3
        if found:
            break
    assert found


def test_sixteen_who_undo_one_count_reverse_it_once(counted):
    count = counted(0)
    services.post_count(count=count, actor=None)
    start = threading.Barrier(PEOPLE)

    def undo(_number) -> bool:
        start.wait(30)
        try:
            services.undo_count(count=count, actor=None)
        except (DomainError, DatabaseError):
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(PEOPLE) as pool:
        assert sum(pool.map(undo, range(PEOPLE))) == 1
    assert StockMovement.objects.filter(reference=count.number).count() == 6
    assert set(StockLevel.objects.filter(count_lines__count=count).values_list("on_hand", flat=True)) == {10}


@pytest.mark.long
@pytest.mark.parametrize("is_locked", [True, False], ids=["locked", "unlocked"])
def test_two_who_plan_the_counts_of_a_warehouse_at_once_wait_for_each_other(
    make_product, receive, warehouse, is_locked, monkeypatch
):
    for _product in range(3):
        receive(make_product(), 10)
    if not is_locked:
        monkeypatch.setattr(WarehouseQuerySet, "locked", lambda self: self.order_by("pk"))

    def plan() -> int:
        try:
            services.plan_counts(warehouse=warehouse)
        except UniqueViolation:
            return 0
        return CountNeed.objects.count()

    assert overlapped(plan, plan) == ([3, 3] if is_locked else [3, 0])
