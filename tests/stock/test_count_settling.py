"""What is kept is settled with a bin and a number, dated to the past; an approval holds for what it saw."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from inventory_site.common.errors import StaleVersion
from stock import services
from stock.errors import ApprovalNeeded, NotCountable, UnsettledLines, WrongBin
from stock.models import Bin
from tests.stock.counts import enter, line, on_hand, sent

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]


@pytest.fixture
def manager(make_user):
    return make_user("manager")


def settle(count, manager, **told):
    return services.settle_finding(entry=count.entries.findings().get(), actor=manager, accept=True, **told)


@pytest.mark.parametrize("minutes", [4, 60 * 24 * 365 * 50])
def test_nothing_is_counted_in_the_future(opened, clerk, manager, cup, warehouse, minutes):
    count = opened()
    enter(count, clerk, sent(8, ago=-minutes))
    if count.entries.findings().exists():
        settle(count, manager)
    assert line(count).captured_at <= timezone.now()
    services.post_count(count=count, actor=clerk)
    services.adjust(product=cup, warehouse=warehouse, quantity=-2, reason="write_off", actor=clerk)
    again = opened()
    enter(again, clerk, sent(6))
    services.post_count(count=again, actor=clerk)
    assert (on_hand(), line(again).state) == (6, "posted")


def test_an_entry_of_a_bin_that_is_none_stands_for_no_whole_item(opened, clerk, manager, in_bins, make_warehouse):
    in_bins("A", "B")
    strange = Bin.objects.create(warehouse=make_warehouse("tallinn"), code="8")
    count = opened()
    enter(count, clerk, sent(5, bin="A"), sent(5, bin="8"))
    with pytest.raises(NotCountable, match="counted in “8”, and CUP lies in A, B"):
        settle(count, manager)
    with pytest.raises(WrongBin):
        settle(count, manager, place=strange)
    settle(count, manager, place=Bin.objects.get(code="B"))
    assert (line(count).state, line(count).counted) == ("counted", 10)
    whole = opened()
    enter(whole, clerk, sent(5, bin="8"))
    settle(whole, manager, is_whole=True)
    assert (line(whole).state, line(whole).counted) == ("counted", 5)


def test_what_is_no_quantity_is_settled_with_one(opened, clerk, manager):
    count = opened()
    enter(count, clerk, sent("nine"))
    with pytest.raises(NotCountable, match="how many"):
        settle(count, manager)
    assert settle(count, manager, counted=9).sent["counted"] == "nine"
    assert line(count).counted == 9


def test_kept_entries_hold_up_posting_unless_they_are_left(opened, clerk, manager):
    count = opened()
    enter(count, clerk, sent(9), sent(3, "smudged"))
    with pytest.raises(UnsettledLines, match="1 entry could not be taken and counts nothing yet"):
        services.post_count(count=count, actor=clerk)
    assert on_hand() == 10
    services.post_count(count=count, actor=clerk, leave_unsettled=True)
    with pytest.raises(NotCountable, match="in another count, and let this entry count nothing"):
        settle(count, manager)
    services.settle_finding(entry=count.entries.findings().get(), actor=manager, accept=False)
    assert (on_hand(), count.entries.findings().exists()) == (9, False)


def test_nobody_approves_what_was_counted_after_they_looked(opened, clerk, manager):
    count = opened(approve_cost=Decimal(1))
    enter(count, clerk, sent(8))
    count.refresh_from_db()
    enter(count, clerk, sent(0))
    with pytest.raises(StaleVersion):
        services.approve_count(count=count, actor=manager, version=count.version)


def test_an_approval_holds_only_for_the_differences_that_it_saw(opened, clerk, manager, receive, cup):
    before = timezone.now() - timedelta(hours=1)
    count = opened(approve_cost=Decimal(8))
    enter(count, clerk, sent(8))
    services.approve_count(count=count, actor=manager)
    receive(cup, 100, effective_at=before)
    with pytest.raises(ApprovalNeeded, match="differences of CUP"):
        services.post_count(count=count, actor=clerk)
    assert services.approve_count(count=count, actor=manager).approved_by is None
    assert line(count).delta == -102
    services.approve_count(count=count, actor=manager)
    services.post_count(count=count, actor=clerk)
    assert on_hand() == 8


def test_what_does_not_differ_needs_no_approval(opened, clerk):
    count = opened(approve_cost=Decimal(0))
    enter(count, clerk, sent(10))
    services.post_count(count=count, actor=clerk)
    assert count.lines.get().state == "posted"
