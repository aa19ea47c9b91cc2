"""Many requests with one key at once, and the control without the unique row."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from inventory_site.common import idempotency
from stock import services
from stock.models import StockLevel, StockMovement

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


def send_at_once(product, warehouse, requests: int) -> list:
    entry = services.Entry(product.pk, warehouse.pk, 1, StockMovement.Reason.RECEIPT)

    def send(_number):
        try:
            with transaction.atomic():
                once = idempotency.claim(principal="user:1", operation="receive", key="k", body="x")
                if once.is_new:
                    once.store(201, {"movement": services.post_movements(entries=[entry])[0].pk})
            return once.answer
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as pool:
        return list(pool.map(send, range(requests)))


def test_one_key_has_one_effect_and_one_answer(make_product, warehouse):
    answers = send_at_once(make_product(), warehouse, 60)
    assert StockLevel.objects.get().on_hand == 1
    assert answers == [answers[0]] * 60


def test_without_the_row_every_request_takes_effect(make_product, warehouse, monkeypatch):
    monkeypatch.setattr(idempotency, "claim", lambda **_fields: _Unguarded())
    send_at_once(make_product(), warehouse, 10)
    assert StockLevel.objects.get().on_hand == 10


class _Unguarded:
    is_new, answer = True, None

    def store(self, status, answer):
        self.answer = answer
