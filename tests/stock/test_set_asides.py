"""Pieces that may not be sold, goods that came back, and corrections that are dated back."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from inventory_site.common.errors import StaleVersion
from inventory_site.common.models import Audit
from stock import services
from stock.errors import InsufficientStock, InvalidQuantity, NotInThePast, NotSetAside
from stock.models import Allocation, SetAside, StockLevel, StockMovement

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]
Reason = SetAside.Reason


@pytest.fixture
def cup(make_product, receive):
    """10 on hand."""
    product = make_product("CUP")
    receive(product, 10)
    return product


@pytest.fixture
def aside(cup, warehouse):
    def aside(quantity, reason=Reason.DAMAGED, **fields):
        return services.set_aside(
            product=cup, warehouse=warehouse, quantity=quantity, reason=reason, actor=None, **fields
        )

    return aside


@pytest.fixture
def promise(cup, warehouse):
    def promise(quantity):
        holder = uuid.uuid4()
        services.allocate(claims=[services.Claim(holder, cup.pk, warehouse.pk, quantity)])
        return holder

    return promise


def counters() -> tuple[int, int, int]:
    level = StockLevel.objects.get()
    return level.on_hand, level.allocated, level.unsellable


def asides() -> list[tuple[int, str]]:
    return list(SetAside.objects.order_by("pk").values_list("quantity", "reason"))


def held(holder) -> int:
    return sum(Allocation.objects.open().filter(holder=holder).values_list("quantity", flat=True))


def test_what_is_set_aside_is_on_hand_but_not_available(aside):
    row = aside(3, Reason.EXPIRED, note="best before May")
    assert (counters(), asides()) == ((10, 0, 3), [(3, "expired")])
    assert StockLevel.objects.get().available == 7
    told = Audit.objects.get()
    assert (told.action, told.subject_key, told.changes["quantity"]) == ("stock.set_aside", str(row.pk), 3)


def test_setting_aside_breaks_the_newest_promises(aside, promise):
    old, new = promise(5), promise(4)
    aside(3)
    assert (counters(), held(old), held(new)) == ((10, 7, 3), 5, 2)


def test_no_more_is_set_aside_than_is_there_and_not_set_aside_yet(aside):
    aside(8)
    with pytest.raises(InsufficientStock, match="CUP: 3 asked, 2 available in riga"):
        aside(3)
    assert counters() == (10, 0, 8)


@pytest.mark.parametrize("quantity", [0, -2, 1.5, True, "2", 2**63])
def test_what_is_no_number_of_pieces_is_not_set_aside(quantity, aside):
    with pytest.raises(InvalidQuantity, match=f"CUP: “{quantity}” is not a quantity"):
        aside(quantity)
    assert (counters(), asides()) == ((10, 0, 0), [])


@pytest.mark.parametrize("reason", [Reason.PUT_BACK, Reason.GONE, "lost"])
def test_only_a_cause_sets_aside(reason, aside):
    with pytest.raises(ValueError, match="nothing is set aside because of"):
        aside(1, reason)


def test_pieces_are_put_back_on_sale_up_to_what_was_set_aside(aside, cup, warehouse):
    aside(3)
    services.put_back(product=cup, warehouse=warehouse, quantity=2, actor=None)
    assert (counters(), asides()) == ((10, 0, 1), [(3, "damaged"), (-2, "put_back")])
    with pytest.raises(NotSetAside, match="CUP: 2 asked, only 1 set aside in riga"):
        services.put_back(product=cup, warehouse=warehouse, quantity=2, actor=None)
    assert counters() == (10, 0, 1)


def test_what_was_set_aside_is_written_off_without_touching_what_is_available(aside, promise, cup, warehouse):
    holder = promise(6)
    aside(3)
    movement = services.write_off_set_aside(product=cup, warehouse=warehouse, quantity=2, actor=None)
    assert (counters(), held(holder), asides()) == ((8, 6, 1), 6, [(3, "damaged"), (-2, "gone")])
    assert (movement.quantity, movement.reason) == (-2, "write_off")
    with pytest.raises(NotSetAside, match="CUP: 2 asked, only 1 set aside"):
        services.write_off_set_aside(product=cup, warehouse=warehouse, quantity=2, actor=None)
    assert not StockLevel.objects.differing_from_ledger().exists()


def test_a_count_below_what_was_set_aside_says_that_it_is_gone(aside, cup, warehouse):
    aside(6)
    services.set_on_hand(product=cup, warehouse=warehouse, counted=4, actor=None)
    assert (counters(), asides()) == ((4, 0, 4), [(6, "damaged"), (-2, "gone")])
    assert not StockLevel.objects.differing_from_ledger().exists()


def test_a_version_that_moved_on_is_refused(aside, cup, warehouse):
    seen = StockLevel.objects.get().version
    aside(1, version=seen)
    wish = {"product": cup, "warehouse": warehouse, "actor": None, "version": seen}
    for change in (
        lambda: aside(1, version=seen),
        lambda: services.put_back(quantity=1, **wish),
        lambda: services.adjust(quantity=1, reason=StockMovement.Reason.ADJUSTMENT, **wish),
        lambda: services.set_on_hand(counted=3, **wish),
    ):
        with pytest.raises(StaleVersion, match=rf"was changed meanwhile \(version {seen + 1}, you saw {seen}\)"):
            change()
    assert counters() == (10, 0, 1)


def test_goods_that_come_back_are_sellable_set_aside_or_thrown_away(cup, warehouse):
    services.take_back(entries=[services.TakenBack(cup.pk, warehouse.pk, 2, 3, 4)], actor=None, reference="R1")
    assert (counters(), asides()) == ((15, 0, 3), [(3, "returned")])
    posted = StockMovement.objects.filter(reference="R1").order_by("pk").values_list("quantity", "reason")
    assert list(posted) == [(9, "return"), (-4, "write_off")]
    assert not StockLevel.objects.differing_from_ledger().exists()


@pytest.mark.parametrize(("counts", "sentence"), [((-1, 2, 0), "whole numbers from 0"), ((0, 0, 0), "“0” is not a")])
def test_what_cannot_have_come_back_is_refused(counts, sentence, cup, warehouse):
    with pytest.raises(InvalidQuantity, match=f"CUP: .*{sentence}"):
        services.take_back(entries=[services.TakenBack(cup.pk, warehouse.pk, *counts)], actor=None, reference="R1")
    assert (counters(), StockMovement.objects.count()) == ((10, 0, 0), 1)


# -- as it was ---------------------------------------------------------------------------------------------------

RIGA = ZoneInfo("Europe/Riga")


def then(moment: datetime) -> tuple[int, int, int, int]:
    row = StockLevel.objects.as_of(moment).get()
    return row.on_hand_then, row.allocated_then, row.unsellable_then, row.available_then


@pytest.fixture
def plate(make_product, receive):
    """5 since the first of March 2026."""
    product = make_product("PLATE")
    receive(product, 5, effective_at=datetime(2026, 3, 1, 12, tzinfo=RIGA))
    return product


def correct(product, warehouse, quantity, at):
    return services.adjust(
        product=product, warehouse=warehouse, quantity=quantity, reason=StockMovement.Reason.ADJUSTMENT, actor=None,
        effective_at=at,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (datetime(2026, 3, 28, tzinfo=RIGA), 24),  # the day before the clocks go forward
        (datetime(2026, 3, 29, tzinfo=RIGA), 23),
        (datetime(2025, 10, 26, tzinfo=RIGA), 25),  # the day they go back
        (datetime(2025, 10, 25, tzinfo=RIGA), 24),
    ],
)
def test_a_movement_before_local_midnight_belongs_to_its_own_day_when_the_clocks_change(
    day, hours, make_product, receive, warehouse
):
    product = make_product()
    receive(product, 5, effective_at=day)
    receive(product, 2, effective_at=day.replace(hour=23, minute=30))
    tomorrow = day + timedelta(days=1)
    assert (tomorrow.astimezone(UTC) - day.astimezone(UTC)) == timedelta(hours=hours)
    assert then(day.replace(hour=23, minute=29)) == (5, 0, 0, 5)
    assert then(tomorrow) == (7, 0, 0, 7)
    utc = day.replace(hour=23, minute=30).astimezone(UTC)
    assert then(utc) == (7, 0, 0, 7)  # what happens at the very moment has happened
    assert then(utc - timedelta(microseconds=1)) == (5, 0, 0, 5)


def test_one_moment_is_another_day_in_another_zone(make_product, make_warehouse, receive):
    auckland, product = make_warehouse("auckland", time_zone="Pacific/Auckland"), make_product()
    receive(product, 4, auckland, effective_at=datetime(2026, 4, 5, 0, 30, tzinfo=ZoneInfo("Pacific/Auckland")))
    fifth_starts = datetime(2026, 4, 5, tzinfo=ZoneInfo("Pacific/Auckland"))
    assert then(fifth_starts) == (0, 0, 0, 0)
    assert then(fifth_starts + timedelta(minutes=30)) == (4, 0, 0, 4)
    assert then(datetime(2026, 4, 4, 23, 59, tzinfo=UTC)) == (4, 0, 0, 4)


def test_a_correction_dated_back_changes_what_came_after_and_nothing_before(plate, warehouse):
    at = datetime(2026, 3, 10, 9, tzinfo=RIGA)
    before, after = at - timedelta(seconds=1), at + timedelta(days=3)
    assert (then(before), then(after)) == ((5, 0, 0, 5), (5, 0, 0, 5))
    movement = correct(plate, warehouse, -2, at)
    assert (movement.effective_at, movement.recorded_at > at) == (at, True)
    assert (then(before), then(at), then(after)) == ((5, 0, 0, 5), (3, 0, 0, 3), (3, 0, 0, 3))
    assert counters() == (3, 0, 0)


def test_no_moment_since_may_have_held_less_than_nothing(plate, warehouse, receive):
    receive(plate, -4, reason="adjustment", effective_at=datetime(2026, 3, 15, tzinfo=RIGA))
    receive(plate, 9, effective_at=datetime(2026, 3, 20, tzinfo=RIGA))
    with pytest.raises(InsufficientStock, match="PLATE: 2 asked, 1 available in riga"):
        correct(plate, warehouse, -2, datetime(2026, 3, 10, tzinfo=RIGA))
    assert counters() == (10, 0, 0)
    correct(plate, warehouse, -2, datetime(2026, 3, 20, tzinfo=RIGA))
    assert counters() == (8, 0, 0)


def test_nothing_is_taken_before_it_came(plate, warehouse):
    with pytest.raises(InsufficientStock, match="PLATE: 1 asked, 0 available"):
        correct(plate, warehouse, -1, datetime(2026, 2, 1, tzinfo=RIGA))
    assert counters() == (5, 0, 0)


def test_nothing_is_dated_into_the_future(plate, warehouse):
    with pytest.raises(NotInThePast, match=r"PLATE: .* is still to come"):
        correct(plate, warehouse, 1, timezone.now() + timedelta(hours=1))
    assert counters() == (5, 0, 0)


def test_promises_and_set_asides_are_told_as_they_stood(plate, warehouse):
    moments = [timezone.now()]
    holder = uuid.uuid4()
    for step in (
        lambda: services.allocate(claims=[services.Claim(holder, plate.pk, warehouse.pk, 3)]),
        lambda: services.set_aside(product=plate, warehouse=warehouse, quantity=2, reason="held", actor=None),
        lambda: services.ship(quantities={holder: 1}, actor=None, reference="S1"),
        lambda: services.move_promises(moves=[services.PromiseMove(holder, uuid.uuid4(), 1)]),
        lambda: services.write_off_set_aside(product=plate, warehouse=warehouse, quantity=1, actor=None),
    ):
        step()
        moments.append(timezone.now())
    assert [then(moment) for moment in moments] == [
        (5, 0, 0, 5), (5, 3, 0, 2), (5, 3, 2, 0), (4, 2, 2, 0), (4, 2, 2, 0), (3, 2, 1, 0),
    ]  # fmt: skip


def test_stock_of_many_levels_is_told_in_one_query(plate, make_product, receive, django_assert_num_queries):
    for _ in range(3):
        receive(make_product(), 2)
    with django_assert_num_queries(1):
        rows = list(StockLevel.objects.as_of(datetime(2026, 3, 2, tzinfo=UTC)).order_by("pk"))
    assert [row.available_then for row in rows] == [5, 0, 0, 0]
