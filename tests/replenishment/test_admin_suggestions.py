"""Deciding on many suggestions in their list: first what would change, then the change, once."""

from __future__ import annotations

import re
from html import unescape

import pytest

from orders.models import PurchaseOrder
from replenishment.models import Suggestion
from tests.replenishment.conftest import propose

pytestmark = pytest.mark.django_db

LIST = "/admin/replenishment/suggestion/"


@pytest.fixture
def two(run, plan, shelf):
    """Two purchases of one supplier, and one that needs a decision."""
    for _ in range(2):
        plan(shelf(5).product)
    plan(shelf(0).product, a_day=0.1, min_order_quantity=500, order_quantity=500)
    propose(run)
    return list(Suggestion.objects.order_by("pk"))


def ask(client, rows, action: str, **more):
    body = {"action": action, "_selected_action": [row.pk for row in rows], "select_across": "0", "index": "0"}
    return client.post(LIST, body | more)


def text_of(answer) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


def test_accepting_many_first_counts_what_it_changes_and_leaves_out_what_needs_a_decision(two, client_of, make_user):
    client = client_of(make_user("buyer"))
    told = text_of(ask(client, two, "accept_selected"))
    assert "3 open suggestions are selected." in told and "1 draft purchase order: 240.00 EUR" in told
    assert "1 needs a decision of its own and stays open." in told
    assert not PurchaseOrder.objects.exists()
    for _click in range(2):
        answer = ask(client, two, "accept_selected", confirmed="yes", once="k")
    assert answer.status_code == 302
    assert PurchaseOrder.objects.get().lines.count() == 2
    assert [row.state for row in Suggestion.objects.order_by("pk")] == ["accepted", "accepted", "open"]


def test_dismissing_many_asks_why_and_until_when(two, client_of, make_user):
    client = client_of(make_user("buyer"))
    asked = text_of(ask(client, two, "dismiss_selected"))
    assert "Shown when it is proposed again." in asked and "purchase 3 2,240.00" in asked
    wrong = ask(client, two[:2], "dismiss_selected", confirmed="yes", once="k", because="dislike")
    assert wrong.status_code == 200 and Suggestion.objects.open().count() == 3
    ask(client, two[:2], "dismiss_selected", confirmed="yes", once="k", because="later", note="in May")
    rows = Suggestion.objects.filter(state="dismissed")
    assert set(rows.values_list("dismissal", "dismissal_note")) == {("later", "in May")} and rows.count() == 2


def test_a_clerk_may_not_decide_and_sees_no_money(two, client_of, make_user):
    client = client_of(make_user("clerk"))
    ask(client, two, "accept_selected", confirmed="yes", once="k")
    assert Suggestion.objects.open().count() == 3
    listed = text_of(client.get(LIST))
    assert "Decide on this one" in listed and "It costs" not in listed
    assert "It costs 2,000.00 EUR" in text_of(client_of(make_user("buyer")).get(LIST))
