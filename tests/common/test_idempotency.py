"""Keys: one effect, one answer, in the transaction of the effect."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from inventory_site.common import idempotency
from inventory_site.common.errors import KeyReused
from inventory_site.common.models import IdempotencyKey

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]


def claim(key="k", body="x", **fields):
    values = {"principal": "user:1", "operation": "orders.place", "key": key, "body": body} | fields
    with transaction.atomic():
        return idempotency.claim(**values)


def test_the_second_call_reads_the_answer_of_the_first():
    first = claim()
    first.store(201, {"number": "S1"})
    second = claim()
    assert (first.is_new, second.is_new, second.status, second.answer) == (True, False, 201, {"number": "S1"})


def test_the_answer_is_the_same_to_the_letter():
    told = {"zebra": 1, "ape": [{"b": 1, "a": "9.90"}], "bee": None}
    claim().store(200, told)
    assert json.dumps(claim().answer) == json.dumps(told)


def test_a_key_without_an_answer_has_none():
    claim()
    assert claim().answer is None


def test_the_same_key_for_something_else_is_refused():
    claim().store(201, {})
    with pytest.raises(KeyReused, match="“k” was used before for another request"):
        claim(body="y")


def test_keys_of_others_and_of_other_operations_do_not_meet():
    claim().store(201, {})
    assert claim(principal="user:2").is_new
    assert claim(operation="orders.ship").is_new


def test_a_refused_effect_frees_its_key():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        idempotency.claim(principal="user:1", operation="o", key="k", body="x")
        raise ZeroDivisionError
    assert IdempotencyKey.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_key_outside_a_transaction_is_a_mistake():
    with pytest.raises(RuntimeError, match="in the transaction of its effect"):
        idempotency.claim(principal="user:1", operation="o", key="k", body="x")


def test_keys_are_forgotten_after_a_month_and_not_before():
    claim("old"), claim("young")
    IdempotencyKey.objects.filter(key="old").update(created_at=timezone.now() - timedelta(days=31))
    IdempotencyKey.objects.filter(key="young").update(created_at=timezone.now() - timedelta(days=29))
    idempotency.forget_old()
    assert IdempotencyKey.objects.get().key == "young"
