"""The same key over and over, and answers that got lost: one effect each."""

from __future__ import annotations

import pytest

from stock.models import StockLevel
from tests.http.clients import at_once, flat
from tests.http.scenes import assert_one_effect_each, is_ledger_right, promised, send_again, writes
from tests.http.writes import order_of

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def goods(web, make_product, make_supplier, receive):
    make_supplier("S1")
    receive(make_product("CUP"), 1_000_000)


def test_one_key_has_one_effect_and_one_body_on_eight_endpoints(serve, token, goods):
    assert_one_effect_each(serve(), token, clients=8, times=3)


@pytest.mark.long
def test_a_thousand_replays_have_one_effect_and_one_body(serve, token, goods):
    assert_one_effect_each(serve(), token, clients=32, times=32)


def test_without_the_key_each_of_them_takes_effect(serve, token, goods):
    server = serve("tests.http.unguarded:without_keys()")
    for write in writes(server, token, 12):
        send_again(server, token, write, clients=4, times=3)
        assert write.effects() == 12, write.name


def order_over_a_bad_line(server, token, *, clients: int, orders: int) -> list:
    """Every order's first answer is lost after the commit, and it is sent again under its key."""

    def buy(client, number):
        answers = []
        for turn in range(orders):
            key = f"{number}-{turn}"
            client.post_and_lose_the_answer("sales-orders", order_of(("CUP", 1)), key)
            answers.append(client.post("sales-orders", order_of(("CUP", 1)), key=key))
        return answers

    return flat(at_once([server.client(token) for _ in range(clients)], buy))


def assert_lost_answers_do_no_harm(server, token, *, clients: int, orders: int) -> None:
    answers = order_over_a_bad_line(server, token, clients=clients, orders=orders)
    assert all(answer.status == 201 and answer.is_replay for answer in answers)
    assert len({answer.body["number"] for answer in answers}) == clients * orders == promised("CUP")
    assert StockLevel.objects.get().allocated == clients * orders
    assert is_ledger_right()


def test_an_answer_lost_after_the_commit_is_told_when_asked_again(serve, token, goods):
    assert_lost_answers_do_no_harm(serve("tests.http.unguarded:cut_off()"), token, clients=4, orders=5)


@pytest.mark.long
def test_200_answers_lost_after_the_commit_are_told_when_asked_again(serve, token, goods):
    assert_lost_answers_do_no_harm(serve("tests.http.unguarded:cut_off()"), token, clients=8, orders=25)


def test_without_the_key_a_lost_answer_orders_twice(serve, token, goods):
    server = serve("tests.http.unguarded:cut_off_without_keys()")
    order_over_a_bad_line(server, token, clients=2, orders=3)
    assert promised("CUP") == 12
