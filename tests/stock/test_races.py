"""Real connections writing at once, each test beside a control that shows the bug with the guard off."""

from __future__ import annotations

import random
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection
from django.db.models import Sum

from inventory_site.common.retry import retry_when_busy
from stock import services
from stock.errors import InsufficientStock
from stock.models import Allocation, StockLevel
from stock.querysets import StockLevelQuerySet
from stock.services import levels as levels_module
from stock.services import promises

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


def at_once(workers: int, work, inputs) -> list:
    """Run ``work`` on each input in threads of their own connection; an exception is an answer too."""

    def guarded(value):
        try:
            return work(value)
        except (InsufficientStock, OperationalError) as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(guarded, inputs))


def take_one_each(product, warehouse, clients: int) -> list:
    def take(_number):
        claim = services.Claim(uuid.uuid4(), product.pk, warehouse.pk, 1)
        return retry_when_busy(lambda: services.allocate(claims=[claim]))

    return at_once(16, take, range(clients))


def test_a_hundred_units_are_promised_exactly_a_hundred_times(make_product, warehouse, receive):
    product = make_product()
    receive(product, 100)
    answers = take_one_each(product, warehouse, 160)
    assert sum(isinstance(a, InsufficientStock) for a in answers) == 60
    assert Allocation.objects.open().aggregate(total=Sum("quantity"))["total"] == 100
    assert StockLevel.objects.get().available == 0
    assert not StockLevel.objects.differing_from_ledger().exists()


def test_without_the_lock_units_are_promised_twice(make_product, warehouse, receive, monkeypatch):
    monkeypatch.setattr(StockLevelQuerySet, "locked", lambda self: self.order_by("pk"))
    product = make_product()
    receive(product, 100)
    take_one_each(product, warehouse, 160)
    assert StockLevel.objects.differing_from_ledger().exists()


def order_many(make_product, warehouse, receive, orders: int) -> int:
    """Clients that allocate five products each, in random order; returns how many were lost to deadlocks."""
    products = [make_product() for _ in range(10)]
    for product in products:
        receive(product, 10_000)
    dice = random.Random(1)
    baskets = [dice.sample(products, 5) for _ in range(orders)]

    def allocate(basket):
        with connection.cursor() as cursor:
            cursor.execute("SET deadlock_timeout = '20ms'")
        claims = [services.Claim(uuid.uuid4(), product.pk, warehouse.pk, 1) for product in basket]
        return services.allocate(claims=claims)

    return sum(isinstance(answer, OperationalError) for answer in at_once(12, allocate, baskets))


def test_orders_over_the_same_products_never_deadlock(make_product, warehouse, receive):
    assert order_many(make_product, warehouse, receive, orders=120) == 0
    assert Allocation.objects.count() == 600
    assert not StockLevel.objects.differing_from_ledger().exists()


def test_locking_in_the_order_of_the_request_deadlocks(make_product, warehouse, receive, monkeypatch):
    def one_by_one(ids):
        return {pk: StockLevel.objects.select_for_update(no_key=True).get(pk=pk) for pk in ids}

    monkeypatch.setattr(promises, "lock_levels", one_by_one)
    monkeypatch.setattr(
        promises, "ensure_levels", lambda pairs: {pair: levels_module.ensure_levels([pair])[pair] for pair in pairs}
    )
    assert order_many(make_product, warehouse, receive, orders=120) > 0


def test_a_lock_that_is_never_given_ends_in_a_sentence(make_product, warehouse, receive, monkeypatch):
    from django.db import transaction

    from inventory_site.common.errors import Busy

    monkeypatch.setattr(levels_module, "LOCK_TIMEOUT", "50ms")
    product = make_product()
    receive(product, 5)
    with transaction.atomic():
        services.levels.lock_levels([StockLevel.objects.get().pk])
        answer = at_once_busy(product, warehouse)
    assert isinstance(answer, Busy)
    assert StockLevel.objects.get().allocated == 0


def at_once_busy(product, warehouse):
    from inventory_site.common.errors import Busy

    def take():
        try:
            claim = services.Claim(uuid.uuid4(), product.pk, warehouse.pk, 1)
            return retry_when_busy(lambda: services.allocate(claims=[claim]))
        except Busy as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(take).result()
