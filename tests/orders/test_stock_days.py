"""The vectorised reading of the ledger against a minute-by-minute one."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from orders.stock_days import midnight, stock_days
from stock.models import Allocation, SetAside, StockLevel
from stock.services import Claim, Entry, allocate, post_movements

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]

FIRST, LAST = date(2026, 3, 27), date(2026, 3, 31)  # clocks change in Riga on the 29th
MINUTE = timedelta(minutes=1)


def by_the_minute(level: StockLevel, zone: str, day: date) -> tuple[float, int]:
    """Share of the known minutes of the day with nothing to order, and what is on hand at its end."""
    moved = list(level.movements.values_list("effective_at", "quantity"))
    promised = list(level.allocations.values_list("created_at", "closed_at", "quantity"))
    aside = list(level.set_asides.values_list("effective_at", "quantity"))
    begins, ends = (midnight(d, zone).astimezone(UTC) for d in (day, day + timedelta(days=1)))
    known = empty = 0
    moment = begins
    while moment < ends:
        on_hand = sum(q for at, q in moved if at <= moment)
        held = sum(q for made, closed, q in promised if made <= moment and (closed is None or closed > moment))
        if any(at <= moment for at, _ in moved):
            known += 1
            empty += on_hand - held - sum(q for at, q in aside if at <= moment) <= 0
        moment += MINUTE
    return (float(np.round(empty / known, 4)) if known else np.nan), sum(q for at, q in moved if at < ends)


@pytest.mark.parametrize("seed", range(3))
def test_shares_and_stock_are_those_of_a_minute_by_minute_simulation(seed, make_product, make_warehouse):
    chance = random.Random(seed)
    zones = ["Europe/Riga", "America/New_York", "Pacific/Auckland"]
    places = [make_warehouse(f"w{n}", time_zone=zone) for n, zone in enumerate(zones)]
    base = datetime(2026, 3, 26, tzinfo=UTC)

    def moment(first_hour: int, last_hour: int) -> datetime:
        return base + chance.randrange(first_hour * 60, last_hour * 60) * MINUTE

    for place in places:
        for _ in range(3):
            product = make_product()
            opened = moment(0, 60)
            entries = [Entry(product.pk, place.pk, 6, "opening", effective_at=opened)]
            entries += [
                Entry(product.pk, place.pk, by, "adjustment", effective_at=max(opened, moment(0, 150)))
                for by in (-4, 3, -3, 4, -3, 2, -1)
            ]
            post_movements(entries=sorted(entries, key=lambda e: -e.quantity))
            level = StockLevel.objects.get(product=product)
            for allocation in allocate(claims=[Claim(uuid4(), product.pk, place.pk, 1, is_partial=True)]):
                made = moment(20, 90)
                Allocation.objects.filter(pk=allocation.pk).update(created_at=made, closed_at=made + 900 * MINUTE)
            SetAside.objects.bulk_create(
                SetAside(level=level, quantity=by, reason="held", effective_at=max(opened, moment(0, 150)))
                for by in (2, 1, -2)
            )
            StockLevel.objects.filter(pk=level.pk).update(unsellable=1)
    found, empty_shares = stock_days(list(StockLevel.objects.values_list("pk", flat=True)), FIRST, LAST), set()
    for row, level in enumerate(StockLevel.objects.select_related("warehouse").order_by("pk")):
        for n in range((LAST - FIRST).days + 1):
            rate, on_hand = by_the_minute(level, level.warehouse.time_zone, FIRST + timedelta(days=n))
            assert found.on_hand[row, n] == on_hand
            np.testing.assert_equal(found.stocked_out_rate[row, n], rate)
            assert found.known[row, n] == (not np.isnan(rate))
            empty_shares.add(rate)
    assert any(0 < share < 1 for share in empty_shares) and 1 in empty_shares


def test_midnight_that_does_not_exist_is_where_the_clock_jumped():
    day = date(2026, 9, 6)  # Santiago goes from 24:00 to 01:00
    assert midnight(day, "America/Santiago").astimezone(UTC) == datetime(2026, 9, 6, 4, tzinfo=UTC)
    assert midnight(day, "America/Santiago").tzinfo == ZoneInfo("America/Santiago")
