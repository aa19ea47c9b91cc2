"""The same key over and over, and answers that got lost: one effect each."""

from __future__ import annotations

import pytest

from tests.http.scenes import (
    assert_each_takes_effect,
    assert_lost_answers_do_no_harm,
    assert_one_effect_each,
    order_over_a_bad_line,
    promised,
)

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def goods(web, make_product, make_supplier, receive):
    make_supplier("S1")
    receive(make_product("CUP"), 1_000_000)


def test_one_key_has_one_effect_and_one_body_on_eight_endpoints(serve, token, goods):
    assert_one_effect_each(serve(), token, clients=6, times=2)


@pytest.mark.long
def test_a_thousand_replays_have_one_effect_and_one_body(serve, token, goods):
    assert_one_effect_each(serve(), token, clients=32, times=32)


@pytest.mark.long  # tests/common has the same control without HTTP
def test_without_the_key_each_of_them_takes_effect(serve, token, goods):
    assert_each_takes_effect(serve("keys"), token, clients=3, times=2)


def test_an_answer_lost_after_the_commit_is_told_when_asked_again(serve, token, goods):
    assert_lost_answers_do_no_harm(serve("nothing"), token, clients=4, orders=3)


@pytest.mark.long
def test_200_answers_lost_after_the_commit_are_told_when_asked_again(serve, token, goods):
    assert_lost_answers_do_no_harm(serve("nothing"), token, clients=8, orders=25)


def test_without_the_key_a_lost_answer_orders_twice(serve, token, goods):
    order_over_a_bad_line(serve("keys"), token, clients=2, orders=3)
    assert promised("CUP") == 12
