"""The same races on a SQLite file, with sixteen processes: nobody is told that the database is locked."""

from __future__ import annotations

import pytest
from django.conf import settings

from tests.http.clients import Answer
from tests.http.scenes import (
    assert_all_promised,
    assert_each_takes_effect,
    assert_lost_answers_do_no_harm,
    assert_one_effect_each,
    assert_sold_out_exactly,
    mixed_consumers,
    order_baskets,
    order_over_a_bad_line,
    promised,
    sell_a_hundred_each,
    single_units,
    take_each,
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(settings.TEST_DATABASE != "sqlite", reason="the file itself is what is tested"),
]


def is_told_busy(answers: list[Answer]) -> bool:
    """Whether a client was turned away because the database was locked, which is the API's sentence for it."""
    return any(answer.status == 409 and answer.body["code"] == "busy" for answer in answers)


def is_calm(server) -> bool:
    return "database is locked" not in server.log.read_text()


@pytest.mark.long  # sales are one of the five ways below
def test_units_are_sold_once(serve, token, stocked):
    server = serve()
    stocked("CUP", 20)
    assert_sold_out_exactly(single_units(server, token, "CUP", clients=8, seed=0), "CUP", 20, server)
    assert is_calm(server)


@pytest.mark.long
def test_a_hundred_units_are_sold_a_hundred_times_with_twenty_seeds(serve, token, stocked):
    server = serve()
    assert sell_a_hundred_each(server, token, stocked, seeds=20) == [{201: 100, 409: 220}] * 20
    assert is_calm(server)


def test_baskets_over_the_same_products(serve, token, stocked):
    server = serve()
    assert_all_promised(order_baskets(server, token, stocked, clients=8, orders=2), server)
    assert is_calm(server)


@pytest.mark.long
def test_960_baskets_over_the_same_products(serve, token, stocked):
    server = serve()
    answers = order_baskets(server, token, stocked, clients=32, orders=30)
    assert len(answers) == 960
    assert_all_promised(answers, server)
    assert is_calm(server)


@pytest.mark.long  # in the short run on PostgreSQL
def test_units_are_taken_once_in_five_ways(serve, token, stocked, ogre):
    server = serve()
    assert take_each(server, token, stocked, clients=15, units=15, seeds=1) == [0]
    assert is_calm(server)


@pytest.mark.long
def test_fifty_units_are_taken_fifty_times_in_five_ways_with_twenty_seeds(serve, token, stocked, ogre):
    server = serve()
    assert take_each(server, token, stocked, clients=48, units=50, seeds=20) == [0] * 20
    assert is_calm(server)


@pytest.mark.long
def test_without_immediate_transactions_clients_are_turned_away(serve, token, stocked):
    server = serve("immediate")
    assert is_told_busy(order_baskets(server, token, stocked, clients=12, orders=1))


@pytest.mark.long
def test_without_immediate_transactions_clients_of_the_other_two_are_turned_away_too(serve, token, stocked, ogre):
    server = serve("immediate")
    stocked("CUP", 100)
    stocked("JAR", 100)
    assert is_told_busy(single_units(server, token, "CUP", clients=12, seed=0, orders=1))
    assert is_told_busy([answer for _gone, answer in mixed_consumers(server, token, "JAR", clients=10, seed=0)])


@pytest.fixture
def goods(stocked, make_supplier):
    make_supplier("S1")
    stocked("CUP", 1_000_000)


@pytest.mark.parametrize(
    ("clients", "times"), [(4, 2), pytest.param(32, 32, marks=pytest.mark.long)], ids=["small", "full"]
)
def test_one_key_has_one_effect(serve, token, goods, clients, times):
    server = serve()
    assert_one_effect_each(server, token, clients=clients, times=times)
    assert is_calm(server)


@pytest.mark.parametrize(
    ("clients", "orders"), [(4, 2), pytest.param(8, 25, marks=pytest.mark.long)], ids=["small", "full"]
)
def test_an_answer_lost_after_the_commit_is_told_when_asked_again(serve, token, goods, clients, orders):
    server = serve("nothing")
    assert_lost_answers_do_no_harm(server, token, clients=clients, orders=orders)
    assert is_calm(server)


@pytest.mark.long
def test_without_the_key_each_of_them_takes_effect(serve, token, goods):
    server = serve("keys")
    assert_each_takes_effect(server, token, clients=2, times=2)
    before = promised("CUP")
    order_over_a_bad_line(server, token, clients=2, orders=2)
    assert promised("CUP") == before + 8
