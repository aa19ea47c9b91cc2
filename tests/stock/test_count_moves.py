"""What is moved to another bin while it is counted is not counted twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from stock import services
from stock.models import Bin, PlaceChange
from tests.stock.counts import enter, line, on_hand, sent

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]


def place(code):
    return Bin.objects.get(code=code)


def test_what_went_to_the_bin_that_is_counted_next_is_counted_once(opened, clerk, cup, in_bins, warehouse):
    in_bins("A")
    Bin.objects.create(warehouse=warehouse, code="B")
    count = opened()
    enter(count, clerk, sent(10, bin="A"))
    services.put_in_bin(product=cup, place=place("B"), instead_of=place("A"), actor=clerk)
    enter(count, clerk, sent(10, bin="B"))
    services.post_count(count=count, actor=clerk)
    assert on_hand() == 10


def test_all_bins_are_asked_for_again_where_one_was_emptied_into_another(opened, clerk, cup, in_bins, warehouse):
    in_bins("A", "B")
    Bin.objects.create(warehouse=warehouse, code="C")
    count = opened()
    enter(count, clerk, sent(5, bin="A"), sent(5, bin="B"))
    services.put_in_bin(product=cup, place=place("C"), instead_of=place("B"), actor=clerk)
    enter(count, clerk, sent(5, bin="C"))
    assert line(count).state == "moved"
    enter(count, clerk, sent(5, bin="A"))
    assert (line(count).state, line(count).counted) == ("counted", 10)


def test_a_move_that_is_told_late_is_of_when_it_was_done(opened, clerk, cup, in_bins, warehouse):
    in_bins("A")
    Bin.objects.create(warehouse=warehouse, code="B")
    count, done_at = opened(), timezone.now()
    enter(count, clerk, sent(10, bin="B"))
    services.put_in_bin(product=cup, place=place("B"), instead_of=place("A"), actor=clerk, at=done_at)
    enter(count, clerk, sent(10, bin="B"))
    assert (line(count).state, line(count).counted) == ("counted", 10)
    later = timezone.now() + timedelta(days=1)
    services.take_from_bin(product=cup, place=place("B"), actor=clerk, at=later)
    services.put_in_bin(product=cup, place=place("A"), actor=clerk)
    services.put_in_bin(product=cup, place=place("A"), actor=clerk)  # nothing new
    assert PlaceChange.objects.count() == 3
    assert not PlaceChange.objects.filter(at__gt=timezone.now()).exists()


def test_what_is_found_in_a_bin_that_nobody_knew_is_summed(opened, clerk, cup, in_bins, warehouse):
    in_bins("A")
    Bin.objects.create(warehouse=warehouse, code="B")
    count = opened()
    enter(count, clerk, sent(6, bin="A"), sent(3, bin="B"))
    assert line(count).counted == 9
    services.put_in_bin(product=cup, place=place("B"), actor=clerk)
    services.post_count(count=count, actor=clerk)
    assert on_hand() == 9
