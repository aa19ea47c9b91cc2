"""Transfers: what is where at each step, short and over receipt, cancelled from either side."""

from __future__ import annotations

import uuid

import pytest

from inventory_site.common.errors import StaleVersion, WrongState
from inventory_site.common.models import Audit, ShopSettings
from stock import services
from stock.errors import InsufficientStock, InvalidQuantity, InvalidTransfer, TooMuch
from stock.models import StockLevel, StockMovement, Transfer, TransferLine

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]
State = Transfer.State


@pytest.fixture
def tallinn(make_warehouse):
    return make_warehouse("tallinn")


@pytest.fixture
def cup(make_product, receive):
    product = make_product("CUP")
    receive(product, 10)
    return product


@pytest.fixture
def transfer(cup, warehouse, tallinn):
    wish = services.TransferWish(cup, 6)
    return services.create_transfer(source=warehouse, destination=tallinn, lines=[wish], actor=None)


@pytest.fixture
def shipped(transfer):
    return services.ship_transfer(transfer=transfer, actor=None)


@pytest.fixture
def tolerance():
    shop = ShopSettings.objects.load()
    shop.over_receipt_rate = "0.5"
    shop.save()


def on_hand() -> dict[str, int]:
    return dict(StockLevel.objects.values_list("warehouse__code", "on_hand"))


def line() -> TransferLine:
    return TransferLine.objects.get()


def quantities() -> tuple[int, ...]:
    row = line()
    return row.shipped, row.received, row.returned, row.lost, row.in_transit


def state() -> str:
    return Transfer.objects.get().state


def test_a_draft_moves_nothing(transfer):
    assert (on_hand(), quantities(), state()) == ({"riga": 10}, (0, 0, 0, 0, 0), State.DRAFT)
    assert transfer.number == f"T{transfer.pk:06d}"


def test_the_same_product_twice_is_summed(cup, warehouse, tallinn):
    wishes = [services.TransferWish(cup, 2), services.TransferWish(cup, 3)]
    services.create_transfer(source=warehouse, destination=tallinn, lines=wishes, actor=None)
    assert line().quantity == 5


@pytest.mark.parametrize("quantity", [0, -1, 1.5, True, 2**63])
def test_what_is_no_number_of_pieces_makes_no_transfer(quantity, cup, warehouse, tallinn):
    wish = services.TransferWish(cup, quantity)
    with pytest.raises(InvalidQuantity, match=f"CUP: “{quantity}” is not a quantity"):
        services.create_transfer(source=warehouse, destination=tallinn, lines=[wish], actor=None)
    assert Transfer.objects.count() == 0


def test_a_warehouse_sends_nothing_to_itself(cup, warehouse):
    wish = services.TransferWish(cup, 1)
    with pytest.raises(InvalidTransfer, match="riga cannot send goods to itself"):
        services.create_transfer(source=warehouse, destination=warehouse, lines=[wish], actor=None)


def test_what_was_shipped_is_in_transit_until_it_is_received(shipped):
    assert (on_hand(), quantities(), state()) == ({"riga": 4, "tallinn": 0}, (6, 0, 0, 0, 6), State.SHIPPED)
    services.receive_transfer(transfer=shipped, actor=None)
    assert (on_hand(), quantities(), state()) == ({"riga": 4, "tallinn": 6}, (6, 6, 0, 0, 0), State.RECEIVED)
    assert list(StockMovement.objects.filter(reference=shipped.number).values_list("quantity", "reason")) == [
        (6, "transfer"),
        (-6, "transfer"),
    ]


def test_what_is_promised_cannot_be_sent_away(cup, warehouse, transfer):
    services.allocate(claims=[services.Claim(uuid.uuid4(), cup.pk, warehouse.pk, 5)])
    with pytest.raises(InsufficientStock, match="CUP: 6 asked, 5 available in riga"):
        services.ship_transfer(transfer=transfer, actor=None)
    assert (on_hand(), quantities(), state()) == ({"riga": 10}, (0, 0, 0, 0, 0), State.DRAFT)


def test_a_draft_is_shipped_once_and_what_is_not_sent_falls_away(transfer):
    services.ship_transfer(transfer=transfer, actor=None, quantities={line().pk: 4})
    assert (on_hand(), quantities()) == ({"riga": 6, "tallinn": 0}, (4, 0, 0, 0, 4))
    with pytest.raises(WrongState, match="is in transit: of CUP 6 were asked, 0 can be shipped"):
        services.ship_transfer(transfer=transfer, actor=None)
    services.receive_transfer(transfer=transfer, actor=None)
    assert (on_hand(), state()) == ({"riga": 6, "tallinn": 4}, State.RECEIVED)


def test_more_than_was_asked_for_is_not_shipped(transfer):
    with pytest.raises(TooMuch, match="CUP: 7 asked, at most 6 possible"):
        services.ship_transfer(transfer=transfer, actor=None, quantities={line().pk: 7})
    assert on_hand() == {"riga": 10}


def test_a_short_receipt_leaves_the_rest_in_transit(shipped):
    services.receive_transfer(transfer=shipped, actor=None, quantities={line().pk: 2})
    assert (on_hand(), quantities(), state()) == ({"riga": 4, "tallinn": 2}, (6, 2, 0, 0, 4), State.PARTLY_RECEIVED)


def test_closing_writes_off_what_never_came(shipped):
    services.receive_transfer(transfer=shipped, actor=None, quantities={line().pk: 2})
    services.close_transfer(transfer=shipped, actor=None)
    assert (on_hand(), quantities(), state()) == ({"riga": 4, "tallinn": 2}, (6, 6, 0, 4, 0), State.RECEIVED)
    last = StockMovement.objects.order_by("-pk").values_list("quantity", "reason")[:2]
    assert set(last) == {(4, "transfer"), (-4, "write_off")}


def test_cancelling_brings_what_is_in_transit_back(shipped):
    services.receive_transfer(transfer=shipped, actor=None, quantities={line().pk: 2})
    services.cancel_transfer(transfer=shipped, actor=None)
    assert (on_hand(), quantities(), state()) == ({"riga": 8, "tallinn": 2}, (6, 2, 4, 0, 0), State.RECEIVED)


def test_cancelling_before_anything_arrived_ends_it_as_cancelled(shipped):
    services.cancel_transfer(transfer=shipped, actor=None)
    assert (on_hand(), quantities(), state()) == ({"riga": 10, "tallinn": 0}, (6, 0, 6, 0, 0), State.CANCELLED)
    with pytest.raises(WrongState, match="is cancelled: of CUP 6 were asked, 0 can be received"):
        services.receive_transfer(transfer=shipped, actor=None)


def test_a_cancelled_draft_stays_cancelled(transfer):
    services.cancel_transfer(transfer=transfer, actor=None)
    with pytest.raises(WrongState, match="is cancelled: of CUP 6 were asked, 0 can be shipped"):
        services.ship_transfer(transfer=transfer, actor=None)
    assert (on_hand(), state()) == ({"riga": 10}, State.CANCELLED)


def test_more_than_is_in_transit_needs_a_permission_and_a_tolerance(shipped):
    for may_exceed in (False, True):  # the shop's tolerance is 0
        with pytest.raises(TooMuch, match="CUP: 7 asked, at most 6 possible"):
            services.receive_transfer(transfer=shipped, actor=None, quantities={line().pk: 7}, may_exceed=may_exceed)
    assert (on_hand(), state()) == ({"riga": 4, "tallinn": 0}, State.SHIPPED)


def test_a_surplus_is_taken_off_the_source_that_must_have_sent_it(shipped, tolerance):
    services.receive_transfer(transfer=shipped, actor=None, quantities={line().pk: 9}, may_exceed=True)
    assert (on_hand(), quantities(), state()) == ({"riga": 1, "tallinn": 9}, (9, 9, 0, 0, 0), State.RECEIVED)


def test_the_tolerance_of_what_was_asked_for_is_used_up_once(shipped, tolerance):
    services.receive_transfer(transfer=shipped, actor=None, quantities={line().pk: 5}, may_exceed=True)
    with pytest.raises(TooMuch, match="CUP: 5 asked, at most 4 possible"):
        services.receive_transfer(transfer=shipped, actor=None, quantities={line().pk: 5}, may_exceed=True)


def test_a_surplus_breaks_no_promises_of_the_source(shipped, cup, warehouse, tolerance):
    services.allocate(claims=[services.Claim(uuid.uuid4(), cup.pk, warehouse.pk, 3)])
    sentence = "the surplus must come off the stock of riga. CUP: 2 asked, 1 available in riga"
    with pytest.raises(InsufficientStock, match=sentence):
        services.receive_transfer(transfer=shipped, actor=None, quantities={line().pk: 8}, may_exceed=True)
    assert (on_hand(), state()) == ({"riga": 4, "tallinn": 0}, State.SHIPPED)
    services.receive_transfer(transfer=shipped, actor=None, quantities={line().pk: 7}, may_exceed=True)
    level = StockLevel.objects.get(warehouse=warehouse)
    assert (level.on_hand, level.allocated) == (3, 3)


def test_every_step_has_its_version_and_its_audit_row(shipped):
    with pytest.raises(StaleVersion, match=rf"{shipped.number} was changed meanwhile \(version 1, you saw 0\)"):
        services.receive_transfer(transfer=shipped, actor=None, version=0)
    services.receive_transfer(transfer=shipped, actor=None, version=1)
    assert Transfer.objects.get().version == 2
    assert list(Audit.objects.order_by("pk").values_list("action", flat=True)) == [
        "transfer.create", "transfer.ship", "transfer.receive",
    ]  # fmt: skip


def test_totals_count_what_is_in_transit_in_one_statement(transfer, cup, tallinn, make_user, django_assert_num_queries):
    owner = make_user("owner")
    services.set_aside(product=cup, warehouse=transfer.source, quantity=1, reason="held", actor=owner)

    superuser = make_user("owner", is_superuser=True)

    def totals():
        with django_assert_num_queries(1):
            return list(StockLevel.objects.totals(superuser))

    expected = {"product": cup.pk, "sku": "CUP", "on_hand": 10, "allocated": 0, "unsellable": 1, "total": 10}
    assert totals() == [expected | {"in_transit": 0}]
    services.ship_transfer(transfer=transfer, actor=owner)
    assert totals() == [expected | {"on_hand": 4, "in_transit": 6}]
    services.receive_transfer(transfer=transfer, actor=owner, quantities={line().pk: 1})
    assert totals() == [expected | {"on_hand": 5, "in_transit": 5}]
    services.cancel_transfer(transfer=transfer, actor=owner)
    assert totals() == [expected | {"on_hand": 10, "in_transit": 0}]


def test_totals_leave_out_what_the_person_may_not_see(shipped, cup, warehouse, tallinn, make_warehouse, make_user):
    def seen_by(person):
        rows = StockLevel.objects.totals(person, skus=["CUP"])
        return [(row["on_hand"], row["in_transit"]) for row in rows]

    assert seen_by(make_user("clerk", warehouse)) == [(4, 6)]
    assert seen_by(make_user("clerk", tallinn)) == [(0, 6)]
    assert seen_by(make_user("clerk", make_warehouse("vilnius"))) == []
    assert list(StockLevel.objects.totals(make_user("owner"), skus=["PLATE"])) == []
