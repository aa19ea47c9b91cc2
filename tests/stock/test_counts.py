"""A count posts what the ledger was off by when it was made; it blocks nobody, and nothing blocks it."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from inventory_site.common.errors import WrongState
from inventory_site.common.models import ShopSettings
from stock import services
from stock.errors import ApprovalNeeded, NotCountable, NothingToCount, UnsettledLines
from stock.models import Bin, CountEntry, StockLevel, StockMovement
from stock.services import Entry
from tests.stock.counts import enter, line, on_hand, sent

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]


def test_the_difference_of_its_moment_is_posted_whatever_was_sold_since(opened, clerk, cup, warehouse):
    count = opened()
    moment = timezone.now()
    services.adjust(product=cup, warehouse=warehouse, quantity=-3, reason="adjustment", actor=clerk)
    assert enter(count, clerk, sent(9, captured_at=moment)) == [""]
    told = line(count)
    assert (told.state, told.expected, told.counted, told.delta, told.cost) == ("counted", 10, 9, -1, Decimal("-4.00"))
    services.post_count(count=count, actor=clerk)
    assert on_hand() == 6
    movement = StockMovement.objects.latest("pk")
    assert (movement.reason, movement.reference, movement.effective_at) == ("count", count.number, moment)


def test_two_counts_of_one_item_do_not_correct_it_twice(opened, clerk):
    first, second = opened(), opened()
    enter(first, clerk, sent(9))
    enter(second, clerk, sent(9))
    services.post_count(count=first, actor=clerk)
    services.post_count(count=second, actor=clerk)
    assert on_hand() == 9


@pytest.mark.parametrize("later", ["another count", "typed on the level's page"])
def test_who_looked_later_and_was_posted_before_has_corrected_it(opened, clerk, cup, warehouse, later):
    early = opened()
    enter(early, clerk, sent(8))
    if later == "another count":
        other = opened()
        enter(other, clerk, sent(8))
        services.post_count(count=other, actor=clerk)
    else:
        services.set_on_hand(product=cup, warehouse=warehouse, counted=8, actor=clerk)
    services.post_count(count=early, actor=clerk)
    assert (on_hand(), line(early).state) == (8, "left")


def test_what_was_not_entered_is_not_zero_and_items_without_stock_are_in(
    opened, clerk, make_product, warehouse, receive
):
    jar = make_product("JAR")
    services.ensure_levels([(jar.pk, warehouse.pk)])
    receive(make_product("TIN"), 5)
    count = opened()
    enter(count, clerk, sent(2, "JAR"))
    services.post_count(count=count, actor=clerk)
    assert {one.level.product.sku: one.state for one in count.lines.all()} == {
        "CUP": "left", "JAR": "posted", "TIN": "left"
    }  # fmt: skip
    assert (on_hand("JAR"), on_hand("CUP"), on_hand("TIN")) == (2, 10, 5)


def test_an_entry_that_comes_twice_counts_once_and_with_another_value_is_kept(opened, clerk):
    count, entry = opened(), sent(9)
    enter(count, clerk, entry)
    assert enter(count, clerk, entry, entry) == ["", ""]
    changed = sent(8, uuid=entry.uuid)
    assert enter(count, clerk, changed) == ["conflict"]
    assert (CountEntry.objects.count(), line(count).counted) == (2, 9)


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"counted": "ten"}, "quantity"),
        ({"counted": -1}, "quantity"),
        ({"counted": "9.5"}, "quantity"),
        ({"counted": 10**12}, "quantity"),
        ({"counted": "9" * 400}, "quantity"),
        ({"counted": True}, "quantity"),
        ({"counted": 9, "code": "9999999999999"}, "unknown"),
        ({"counted": 9, "code": "OLD"}, "inactive"),
        ({"counted": 9, "bin": "T-1"}, "foreign_bin"),
        ({"counted": 9, "ago": -60}, "future"),
        ({"counted": 9, "ago": 20 * 24 * 60}, "old"),
    ],
)
def test_what_cannot_be_taken_is_kept_and_the_rest_goes_through(
    opened, clerk, make_product, make_warehouse, entry, problem
):
    make_product("OLD", is_active=False)
    Bin.objects.create(warehouse=make_warehouse("tallinn"), code="T-1")
    count = opened()
    assert enter(count, clerk, sent(**entry), sent(10, "4006381333931")) == [problem, ""]
    assert count.entries.findings().get().sent["code"] == entry.get("code", "CUP")
    assert line(count).state == "counted"


def test_a_clock_that_is_wrong_by_a_day_is_put_right(opened, clerk):
    count, wrong = opened(), timezone.now() + timedelta(days=1)
    assert enter(count, clerk, sent(9, captured_at=wrong - timedelta(minutes=3)), sent_at=wrong) == [""]
    late = timezone.now() - line(count).captured_at
    assert timedelta(minutes=2) < late < timedelta(minutes=5)


def test_the_way_of_a_message_is_not_taken_for_a_wrong_clock(opened, clerk):
    count, counted_at = opened(), timezone.now() - timedelta(seconds=90)
    sent_at = timezone.now() - timedelta(seconds=1)
    assert enter(count, clerk, sent(9, captured_at=counted_at), sent_at=sent_at) == [""]
    assert line(count).captured_at == counted_at


def test_what_was_sold_after_it_was_counted_is_seen_in_the_demo_too(opened, clerk, cup, warehouse):
    ShopSettings.objects.update_or_create(pk=1, defaults={"demo_until": date(2026, 3, 3)})
    count = opened()
    enter(count, clerk, sent(9))
    services.post_movements(entries=[Entry(cup.pk, warehouse.pk, -4, "shipment", "S1")], actor=None)
    services.post_count(count=count, actor=clerk)
    assert on_hand() == 5


def test_who_counted_takes_an_entry_back(opened, clerk, other):
    count, first, second = opened(), sent(9, ago=2), sent(8)
    enter(count, clerk, first, second)
    assert services.withdraw_entry(count=count, uuid=second.uuid, actor=other) is None
    for _again in range(2):
        services.withdraw_entry(count=count, uuid=second.uuid, actor=clerk)
        assert (line(count).counted, line(count).state) == (9, "counted")
    services.withdraw_entry(count=count, uuid=first.uuid, actor=clerk)
    assert (line(count).counted, line(count).state, line(count).first_by) == (None, "open", None)
    assert not count.entries.findings().exists()
    services.cancel_count(count=count, actor=clerk)
    enter(count, clerk, sent(3))
    with pytest.raises(NotCountable):
        services.withdraw_entry(count=count, uuid=count.entries.latest("pk").uuid, actor=clerk)


def test_a_code_is_known_with_and_without_its_leading_zero_and_in_any_case(opened, clerk, make_product, receive):
    ways = (("012345678905", "0012345678905"), ("0036000291452", "036000291452"), ("Abc-1", "aBC-1 "), ("", "z-3"))
    for number, (barcode, scanned) in enumerate(ways):
        receive(make_product(f"Z-{number}", barcode=barcode), 3)
        assert enter(opened(), clerk, sent(3, scanned)) == [""]


def test_an_entry_of_one_count_is_no_entry_of_another(opened, clerk):
    first, second, entry = opened(), opened(), sent(9)
    enter(first, clerk, entry)
    for _again in range(3):
        assert enter(second, clerk, entry) == ["conflict"]
    assert (first.entries.count(), second.entries.count()) == (1, 1)


def test_a_second_count_alone_is_a_first(opened, clerk, other):
    count, first = opened(recount_pieces=3), sent(2)
    enter(count, clerk, first)
    enter(count, other, sent(5))
    services.withdraw_entry(count=count, uuid=first.uuid, actor=clerk)
    assert (line(count).counted, line(count).state, line(count).first_by) == (5, "recount", other)


def test_a_finding_is_settled_once_and_what_it_counts_is_approved_anew(opened, clerk, make_user):
    count, manager = opened(approve_cost=Decimal(1)), make_user("manager")
    enter(count, clerk, sent(4, "what is this"))
    finding = count.entries.get()
    services.approve_count(count=count, actor=manager)
    services.settle_finding(entry=finding, actor=manager, accept=True, product=line(count).level.product)
    with pytest.raises(WrongState, match="settled this entry before"):
        services.settle_finding(entry=finding, actor=manager, accept=False)
    with pytest.raises(ApprovalNeeded):
        services.post_count(count=count, actor=clerk)


def test_an_entry_for_a_closed_count_is_kept(opened, clerk):
    count = opened()
    services.cancel_count(count=count, actor=clerk)
    assert enter(count, clerk, sent(9)) == ["closed"]
    with pytest.raises(NotCountable, match="enter what was found in another count"):
        services.settle_finding(entry=count.entries.get(), actor=clerk, accept=True)
    assert on_hand() == 10


def test_a_large_difference_is_counted_again_by_somebody_else(opened, clerk, other):
    count = opened(recount_pieces=3)
    enter(count, clerk, sent(7))
    assert line(count).state == "recount"
    with pytest.raises(UnsettledLines, match="1 item is not settled: CUP"):
        services.post_count(count=count, actor=clerk)
    assert enter(count, clerk, sent(7)) == ["same_person"]
    assert enter(count, other, sent(8)) == [""]
    told = line(count)
    assert (told.state, told.counted, told.first_by, told.recount_by) == ("counted", 8, clerk, other)
    services.post_count(count=count, actor=clerk)
    assert on_hand() == 8


def test_a_manager_approves_dear_differences_and_again_after_more_was_counted(opened, clerk, make_user):
    manager, count = make_user("manager"), opened(approve_cost=Decimal(8))
    enter(count, clerk, sent(8))
    with pytest.raises(ApprovalNeeded, match="differences of CUP"):
        services.post_count(count=count, actor=clerk)
    services.approve_count(count=count, actor=manager)
    enter(count, clerk, sent(7))
    with pytest.raises(ApprovalNeeded):
        services.post_count(count=count, actor=clerk)
    services.approve_count(count=count, actor=manager)
    assert services.post_count(count=count, actor=clerk).approved_by == manager
    assert on_hand() == 7


def test_an_item_in_two_bins_is_posted_when_both_are_counted(opened, clerk, cup, warehouse):
    level = StockLevel.objects.get(product=cup)
    for code in ("A-1", "B-1"):
        Bin.objects.create(warehouse=warehouse, code=code).levels.add(level)
    count = opened()
    enter(count, clerk, sent(6, bin="a-1"))
    assert line(count).state == "partly"
    enter(count, clerk, sent(3, bin="B-1"))
    services.post_count(count=count, actor=clerk)
    assert on_hand() == 9


def test_what_was_sold_between_two_bins_is_asked_for_again(opened, clerk, cup, warehouse):
    level = StockLevel.objects.get(product=cup)
    for code in ("A", "B"):
        Bin.objects.create(warehouse=warehouse, code=code).levels.add(level)
    count, moment = opened(), timezone.now()
    services.adjust(product=cup, warehouse=warehouse, quantity=-1, reason="adjustment", actor=clerk)
    enter(count, clerk, sent(6, bin="A", captured_at=moment), sent(4, bin="B"))
    assert line(count).state == "moved"
    services.post_count(count=count, actor=clerk, leave_unsettled=True)
    assert on_hand() == 9


def test_picked_pieces_are_not_expected_on_the_shelf(opened, clerk, cup, warehouse):
    count = opened()
    holder = uuid.uuid4()
    services.allocate(claims=[services.Claim(holder, cup.pk, warehouse.pk, 4)])
    services.pick_pieces(quantities={holder: 4}, actor=clerk)
    enter(count, clerk, sent(6))
    assert (line(count).expected, line(count).delta) == (6, 0)


def test_broken_promises_become_short_and_less_than_is_set_aside_is_asked_for_again(opened, clerk, cup, warehouse):
    count = opened()
    services.set_aside(product=cup, warehouse=warehouse, quantity=4, reason="damaged", actor=clerk)
    enter(count, clerk, sent(3))
    with pytest.raises(UnsettledLines):
        services.post_count(count=count, actor=clerk)
    assert on_hand() == 10


def test_an_unknown_code_becomes_a_count_when_a_person_says_what_it_was(opened, clerk, cup, make_user):
    count = opened()
    enter(count, clerk, sent(9, "smudged"))
    entry = count.entries.findings().get()
    with pytest.raises(NotCountable, match="Say which product"):
        services.settle_finding(entry=entry, actor=make_user("manager"), accept=True)
    services.settle_finding(entry=entry, actor=make_user("owner"), accept=True, product=cup)
    assert (line(count).counted, count.entries.findings().count()) == (9, 0)


def test_a_count_is_posted_once(opened, clerk):
    count = opened()
    enter(count, clerk, sent(9))
    services.post_count(count=count, actor=clerk)
    with pytest.raises(WrongState, match="is posted"):
        services.post_count(count=count, actor=clerk)
    assert on_hand() == 9


def test_a_count_of_nothing_is_refused(make_warehouse, clerk):
    with pytest.raises(NothingToCount, match="no item of that kind in tallinn"):
        services.open_count(warehouse=make_warehouse("tallinn"), actor=clerk)
