"""Clerks who pick one line at the same moment; beside a control with the locks off."""

from __future__ import annotations

import pytest
from django.db.models import Sum

from orders import services
from orders.querysets import SalesOrderQuerySet
from stock.models import Allocation, StockLevel
from stock.querysets import StockLevelQuerySet
from tests.orders.rush import CLIENTS, ROUNDS, at_once

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
EACH = 3
PROMISED = EACH * CLIENTS // 2


@pytest.fixture
def rush(place, make_product, receive, warehouse):
    """As many pieces as half of the clerks want; the kinds of answers, and the pieces that are promised afterwards."""

    def rush() -> tuple[dict[str, int], int]:
        product = make_product()
        receive(product, PROMISED)
        order = place((product, PROMISED))
        wish = {"quantities": {order.lines.get().pk: EACH}, "warehouse": warehouse, "actor": None}
        answers = at_once(*[lambda: services.pick_sales_order(order=order, **wish)] * CLIENTS)
        promised = Allocation.objects.open().filter(level__product=product, picked_at__isnull=False)
        return dict(answers), promised.aggregate(n=Sum("quantity"))["n"]

    return rush


def test_each_piece_is_picked_once_whoever_is_quicker(rush):
    assert rush() == ({"done": CLIENTS // 2, "TooMuch": CLIENTS // 2}, PROMISED)
    assert not StockLevel.objects.differing_from_ledger().exists()


def test_without_the_locks_pieces_are_picked_twice_or_lost(rush, monkeypatch):
    for querysets in (SalesOrderQuerySet, StockLevelQuerySet):
        monkeypatch.setattr(querysets, "locked", lambda self: self.order_by("pk"))
    right = ({"done": CLIENTS // 2, "TooMuch": CLIENTS // 2}, PROMISED)
    assert any(rush() != right for _round in range(ROUNDS))
