"""Deciding on one suggestion from real connections at once, beside a control with the lock off."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from orders.models import PurchaseOrder, PurchaseOrderLine
from replenishment import services
from replenishment.models import Suggestion
from replenishment.querysets import SuggestionQuerySet
from stock.models import TransferLine
from tests.replenishment.conftest import propose

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

CLICKS = 6


def accept_at_once(suggestions: list[Suggestion]) -> None:
    together = Barrier(len(suggestions))

    def accept(suggestion: Suggestion) -> None:
        try:
            together.wait()
            services.accept_suggestions(suggestions=[suggestion], actor=None)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(suggestions)) as pool:
        list(pool.map(accept, suggestions))


@pytest.fixture
def proposed(run, plan, shelf):
    for _ in range(CLICKS):
        plan(shelf(5).product)
    propose(run)
    return list(Suggestion.objects.order_by("pk"))


def test_many_clicks_accept_a_suggestion_once(proposed):
    accept_at_once([proposed[0]] * CLICKS)
    assert PurchaseOrderLine.objects.get().quantity == 30


def test_without_the_lock_a_suggestion_is_bought_several_times(proposed, monkeypatch):
    monkeypatch.setattr(SuggestionQuerySet, "locked", lambda self: self.order_by("pk"))
    accept_at_once([proposed[0]] * CLICKS)
    assert PurchaseOrderLine.objects.get().quantity > 30


def test_suggestions_of_one_supplier_accepted_at_once_share_a_draft(proposed):
    accept_at_once(proposed)
    assert PurchaseOrder.objects.get().lines.count() == CLICKS


def test_one_transfer_is_drafted_however_many_accept_it_at_once(run, plan, shelf, receive, make_warehouse):
    level, tallinn = shelf(10), make_warehouse("tallinn")
    receive(level.product, 75, tallinn)
    plan(level.product)
    plan(level.product, place=tallinn, order_up_to_level=30)
    propose(run)
    accept_at_once([Suggestion.objects.get(kind="transfer")] * CLICKS)
    assert TransferLine.objects.get().quantity == 30
