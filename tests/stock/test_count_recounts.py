"""A second count is by somebody else, whatever it takes: a correction, several bins, a third person, a manager."""

from __future__ import annotations

import pytest

from stock import services
from stock.count_sheet import sheet_of
from stock.errors import NotCountable
from tests.stock.counts import enter, line, on_hand, sent

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]


@pytest.fixture
def third(make_user):
    return make_user("clerk", username="third")


def told(count) -> tuple:
    return line(count).state, line(count).counted


def of_sheet(count, user) -> list:
    return [(item["state"], item["bins"], item["mine"]) for item in sheet_of(count, user)["items"]]


def test_who_counts_again_corrects_himself_and_a_third_person_him(opened, clerk, other, third):
    count = opened(recount_pieces=3)
    enter(count, clerk, sent(2))
    enter(count, other, sent(6))
    assert enter(count, other, sent(10)) == [""]
    assert told(count) == ("counted", 10)
    assert enter(count, third, sent(9)) == [""]
    assert enter(count, clerk, sent(2)) == ["same_person"]
    assert (told(count), line(count).recount_by) == (("counted", 9), third)


def test_what_a_manager_accepts_is_the_second_count_too(opened, clerk, other, cup, make_user):
    count = opened(recount_pieces=3)
    enter(count, clerk, sent(2))
    enter(count, other, sent(6))
    enter(count, other, sent(10, "smudged"))
    services.settle_finding(entry=count.entries.findings().get(), actor=make_user("manager"), accept=True, product=cup)
    assert told(count) == ("counted", 10)


def test_a_second_count_in_two_bins_is_still_to_be_done_until_it_is_whole(opened, clerk, other, in_bins):
    in_bins("A", "B")
    count = opened(recount_pieces=3)
    enter(count, clerk, sent(2, bin="A"), sent(2, bin="B"))
    enter(count, other, sent(4, bin="A"))
    assert of_sheet(count, other) == [("partly", ["A", "B"], False)]
    assert of_sheet(count, clerk) == [("recount", ["A", "B"], True)]
    assert enter(count, other, sent(4, bin="B")) == [""]
    assert (told(count), of_sheet(count, other)[0][0]) == (("counted", 8), "counted")


def test_a_second_count_that_stock_moved_in_is_made_again(opened, clerk, other, in_bins, cup, warehouse):
    in_bins("A", "B")
    count = opened(recount_pieces=3)
    enter(count, clerk, sent(2, bin="A"), sent(2, bin="B"))
    first = sent(4, bin="A")
    services.adjust(product=cup, warehouse=warehouse, quantity=-1, reason="adjustment", actor=clerk)
    enter(count, other, first, sent(3, bin="B"))
    assert [of_sheet(count, user)[0][0] for user in (clerk, other)] == ["recount", "moved"]
    assert enter(count, other, sent(4, bin="A"), sent(3, bin="B")) == ["", ""]
    assert told(count) == ("counted", 7)


def test_all_who_counted_a_bin_first_are_first(opened, clerk, other, third, in_bins):
    in_bins("A", "B")
    count = opened(recount_pieces=3)
    enter(count, clerk, sent(2, bin="A"))
    enter(count, other, sent(2, bin="B"))
    assert enter(count, clerk, sent(5, bin="A")) == ["same_person"]
    assert enter(count, other, sent(5, bin="B")) == ["same_person"]
    assert enter(count, third, sent(5, bin="A"), sent(5, bin="B")) == ["", ""]
    assert told(count) == ("counted", 10)


@pytest.mark.parametrize("code", ["CUP", "smudged"])
def test_nobody_says_of_his_own_second_count_that_it_holds(opened, cup, make_user, code):
    manager, owner, count = make_user("manager"), make_user("owner"), opened(recount_pieces=3)
    enter(count, manager, sent(2), sent(3))
    enter(count, manager, sent(2, code))
    entry = count.entries.findings().latest("pk")
    with pytest.raises(NotCountable, match="You counted CUP first"):
        services.settle_finding(entry=entry, actor=manager, accept=True, product=cup)
    assert told(count)[0] == "recount"
    services.settle_finding(entry=entry, actor=owner, accept=True, product=cup)
    services.post_count(count=count, actor=manager)
    assert on_hand() == 2
