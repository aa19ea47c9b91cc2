"""Deciding and planning from real connections at once, beside controls with the guard off."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, BrokenBarrierError

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Category
from inventory_site.common import api as common_api
from inventory_site.common.models import Audit
from orders.models import PurchaseOrder, PurchaseOrderLine
from replenishment import services
from replenishment.models import Policy, Suggestion
from replenishment.querysets import SuggestionQuerySet
from replenishment.services.front import apply_front
from replenishment.services.supplier_orders import save_order
from replenishment.services.what_if import Where, apply_level
from stock.models import TransferLine
from tests.replenishment.conftest import propose

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

CLICKS = 6


def at_once(*works: Callable[[], object]) -> list:
    """What each answers, all started together on connections of their own."""
    together = Barrier(len(works))

    def meet(work: Callable[[], object]) -> object:
        try:
            together.wait()
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(meet, works))


def accept_at_once(suggestions: list[Suggestion]) -> None:
    at_once(*(lambda one=one: services.accept_suggestions(suggestions=[one], actor=None) for one in suggestions))


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
    all_have_looked = Barrier(CLICKS)

    class Unlocked(SuggestionQuerySet):
        def _fetch_all(self):
            is_new = self._result_cache is None
            super()._fetch_all()
            if is_new:
                with contextlib.suppress(BrokenBarrierError):
                    all_have_looked.wait(10)

    def unlocked(rows: SuggestionQuerySet) -> SuggestionQuerySet:
        found = rows.order_by("pk")
        found.__class__ = Unlocked
        return found

    monkeypatch.setattr(SuggestionQuerySet, "locked", unlocked)
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


def test_a_level_that_many_apply_at_once_is_one_policy_of_which_each_step_is_known(warehouse):
    levels = [0.8, 0.85, 0.9, 0.95]
    at_once(*(lambda at=at: apply_level(level=at, where=Where(warehouse=warehouse), actor=None) for at in levels))
    policy, told = Policy.objects.get(), [row.changes for row in Audit.objects.order_by("pk")]
    assert policy.version == 1 + len(levels)
    assert sorted(step["level"] for step in told) == levels
    assert [step["before"] and step["before"]["cycle_service_level"] for step in told] == [
        None, *(step["level"] for step in told[:-1])
    ]  # fmt: skip


def test_a_front_that_many_apply_at_once_makes_one_policy_a_class(warehouse):
    at_once(*(
        lambda of=of, n=n: apply_front(warehouse=warehouse, classes=of, choices=[n, n + 1], actor=None)
        for n, of in enumerate(["AB", "BA", "AB", "BA"])
    ))  # fmt: skip
    assert dict(Policy.objects.values_list("abc", "version")) == {"A": 5, "B": 5}


@pytest.fixture
def make_policies(api_of, make_user):
    """Add the same policy from several connections; the codes of the answers."""
    owner = make_user("owner")

    def make(name: str) -> Counter:
        body = {"category": Category.objects.create(name=name).name, "cycle_service_level": 0.9}
        return Counter(at_once(*(lambda: api_of(owner).post("/api/v1/policies/", body, "json").status_code,) * 4))

    return make


def test_who_adds_a_policy_that_another_adds_at_this_moment_is_told_so(make_policies):
    assert make_policies("Tools") == {201: 1, 400: 3}


def test_without_looking_again_the_database_refuses_a_policy_with_an_error(make_policies, monkeypatch):
    monkeypatch.setattr(common_api, "retry_when_taken", lambda attempt: attempt())
    with pytest.raises(IntegrityError):
        for number in range(10):
            make_policies(f"Tools {number}")


def test_who_saves_the_form_of_a_policy_that_another_saves_gets_it_back_with_a_sentence(client_of, make_user):
    owner, address = make_user("owner"), "/admin/replenishment/policy/add/"
    form = {"abc": "A", "target": "cycle_service_level", "rule": "R,s,nQ", "cycle_service_level": "0.9"}
    answers = at_once(*(lambda client=client_of(owner): client.post(address, form) for _ in range(4)))
    assert Counter(answer.status_code for answer in answers) == {302: 1, 200: 3}
    refused = [answer.content.decode() for answer in answers if answer.status_code == 200]
    assert all("There is a policy for exactly this already" in page for page in refused)


def test_the_order_screen_locks_in_the_order_of_accepting(proposed, supplier, warehouse):
    """Suggestions first, then their supplier: else the two could wait for each other for ever."""
    quantities = {row.product_id: row.quantity for row in proposed[:2]}
    for write in (
        lambda: services.accept_suggestions(suggestions=proposed[2:], actor=None),
        lambda: save_order(supplier=supplier, warehouse=warehouse, quantities=quantities, actor=None),
    ):
        with CaptureQueriesContext(connection) as asked:
            write()
        locks = [query["sql"] for query in asked.captured_queries if "FOR NO KEY UPDATE" in query["sql"]]
        of = [re.search(r'FROM "(\w+)"', sql)[1] for sql in locks]
        assert of.index("replenishment_suggestion") < of.index("catalog_supplier")


def test_saving_the_order_screen_and_accepting_at_once_buy_all_once(proposed, supplier, warehouse):
    def save(row: Suggestion) -> None:
        save_order(supplier=supplier, warehouse=warehouse, quantities={row.product_id: 30}, actor=None)

    at_once(
        *(lambda row=row: save(row) for row in proposed[::2]),
        *(lambda row=row: services.accept_suggestions(suggestions=[row], actor=None) for row in proposed[1::2]),
    )
    assert dict(PurchaseOrderLine.objects.values_list("product", "quantity")) == {
        row.product_id: 30 for row in proposed
    }
