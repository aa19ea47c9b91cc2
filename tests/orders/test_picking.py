"""Picking: the walk through the bins, pieces taken, put back and not found, and what leaves."""

from __future__ import annotations

import contextlib
import random
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inventory_site.common.errors import WrongState
from orders import services
from orders.errors import NothingToDo, TooMuch
from orders.picks import picks_of, walk_of
from stock.errors import TooMuch as TooMuchMissing
from stock.models import Allocation, Bin, StockCount, StockLevel, StockMovement

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]


@pytest.fixture
def goods(make_product, receive):
    """Three products with ten pieces each."""
    products = [make_product(sku) for sku in ("CUP", "JAR", "LID")]
    for product in products:
        receive(product, 10)
    return products


@pytest.fixture
def put(warehouse):
    """Make a bin and lay products into it: put("A-1", cup, aisle=1, position_metres=2)."""

    def put(code: str, *products, **fields) -> Bin:
        place = Bin.objects.create(warehouse=warehouse, code=code, **fields)
        place.levels.set(StockLevel.objects.filter(product__in=products, warehouse=warehouse))
        return place

    return put


@pytest.fixture
def pick(warehouse):
    """Call a service of picking here."""
    return lambda service, order, **wish: service(order=order, warehouse=warehouse, actor=None, **wish)


def picked_and_not() -> list[tuple[str, int, bool]]:
    rows = Allocation.objects.open().order_by("level__product__sku", "pk").select_related("level__product")
    return [(row.level.product.sku, row.quantity, row.picked_at is not None) for row in rows]


def stops(order, warehouse) -> list[tuple[str, list[str]]]:
    pick = walk_of(order, warehouse)
    return [(stop.bin.code if stop.bin else "", [row.line.product.sku for row in stop.lines]) for stop in pick.stops]


def test_the_walk_is_shorter_than_bin_order_and_says_by_how_much(goods, put, place, warehouse):
    cup, jar, lid = goods
    put("A-1", cup, walk_order=1, aisle=1, position_metres=2)
    put("B-9", jar, walk_order=2, aisle=2, position_metres=9)
    put("A-9", lid, walk_order=3, aisle=1, position_metres=9)
    order = place((cup, 1), (jar, 2), (lid, 1))
    pick = walk_of(order, warehouse)
    assert stops(order, warehouse) in ([("A-1", ["CUP"]), ("A-9", ["LID"]), ("B-9", ["JAR"])],
                                       [("B-9", ["JAR"]), ("A-9", ["LID"]), ("A-1", ["CUP"])])  # fmt: skip
    assert (pick.metres, pick.bin_order_metres) == (2 + 7 + 6 + 13, 2 + 13 + 6 + 9)
    assert (pick.quantity, pick.picked, pick.minutes) == (4, 0, 2)


def test_halls_without_places_are_walked_in_bin_order_and_items_without_a_bin_come_last(goods, put, place, warehouse):
    cup, jar, lid = goods
    put("A-2", cup, jar, walk_order=7)
    put("A-1", cup, walk_order=9)
    order = place((lid, 1), (jar, 1), (cup, 1))
    pick = walk_of(order, warehouse)
    assert stops(order, warehouse) == [("A-2", ["JAR", "CUP"]), ("", ["LID"])]
    assert [row.also_in for row in pick.stops[0].lines] == [[], ["A-1"]]
    assert pick.metres is None


def test_a_stop_names_what_else_lies_in_its_bin(goods, put, place, warehouse):
    cup, jar, lid = goods
    put("A-1", cup, jar, lid, walk_order=1)
    order = place((jar, 1))
    (stop,) = walk_of(order, warehouse).stops
    assert stop.others == [("CUP", cup.name), ("LID", lid.name)]


def test_pieces_are_picked_put_back_and_picked_again(goods, place, pick, warehouse):
    order = place((goods[0], 5), (goods[1], 1))
    line = order.lines.first().pk
    pick(services.pick_sales_order, order, quantities={line: 2})
    assert sorted(picked_and_not()) == [("CUP", 2, True), ("CUP", 3, False), ("JAR", 1, False)]
    pick(services.put_back_sales_order, order, quantities={line: 1})
    pick(services.pick_sales_order, order)
    with pytest.raises(NothingToDo, match="nothing is left to pick here"):
        pick(services.pick_sales_order, order)
    assert sum(n for _sku, n, is_picked in picked_and_not() if is_picked) == 6
    assert StockLevel.objects.get(product=goods[0]).allocated == 5


def test_more_than_was_promised_is_refused_and_nothing_changes(goods, place, pick):
    order = place((goods[0], 5))
    with pytest.raises(TooMuch, match="CUP: 6 asked to pick, at most 5 possible"):
        pick(services.pick_sales_order, order, quantities={order.lines.get().pk: 6})
    assert picked_and_not() == [("CUP", 5, False)]


def test_a_pick_that_is_told_late_happened_when_it_happened(goods, place, pick):
    order = place((goods[0], 2))
    Allocation.objects.update(created_at=timezone.now() - timedelta(hours=3))
    then = timezone.now() - timedelta(hours=1)
    pick(services.pick_sales_order, order, quantities={order.lines.get().pk: 1}, at=then)
    pick(services.pick_sales_order, order, at=timezone.now() + timedelta(days=1))
    at = sorted(Allocation.objects.values_list("picked_at", flat=True))
    assert at[0] == then and at[1] <= timezone.now()


def test_what_was_picked_leaves_before_what_was_not(goods, place, pick, warehouse):
    order = place((goods[0], 5))
    pick(services.pick_sales_order, order, quantities={order.lines.get().pk: 2})
    pick(services.ship_picked, order)
    order.refresh_from_db()
    assert (order.state, order.lines.get().shipped) == ("open", 2)
    assert picked_and_not() == [("CUP", 3, False)]
    with pytest.raises(NothingToDo, match="nothing was picked here"):
        pick(services.ship_picked, order)
    services.ship_sales_order(order=order, actor=None)
    with pytest.raises(WrongState, match="closed"):
        pick(services.pick_sales_order, order)


def test_pieces_that_are_not_there_leave_the_books_and_ask_for_a_count(goods, place, pick, warehouse):
    order = place((goods[0], 5))
    line = order.lines.get()
    found = pick(services.report_missing, order, line=line.pk, quantity=2)
    level = StockLevel.objects.get(product=goods[0])
    assert (level.on_hand, level.allocated, level.available) == (8, 3, 5)
    assert StockMovement.objects.filter(reference=order.number, quantity=-2, reason="adjustment").count() == 1
    assert not StockLevel.objects.differing_from_ledger().exists()
    assert (found.count.state, list(found.count.lines.values_list("level", flat=True))) == ("open", [level.pk])
    again = pick(services.report_missing, order, line=line.pk, quantity=3)
    assert again.count == found.count and StockCount.objects.count() == 1
    with pytest.raises(TooMuch, match="at most 0 possible"):
        pick(services.report_missing, order, line=line.pk, quantity=1)


def test_what_was_reported_missing_by_mistake_is_there_and_promised_again(goods, place, pick, warehouse):
    order = place((goods[0], 5))
    wish = {"line": order.lines.get().pk}
    for quantity in (2, 1):
        pick(services.report_missing, order, **wish, quantity=quantity)
    with pytest.raises(TooMuchMissing, match=f"CUP: of 4 pieces, 3 are off the stock as missing for {order.number}"):
        pick(services.report_found, order, **wish, quantity=4)
    pick(services.report_found, order, **wish, quantity=2)
    level = StockLevel.objects.get(product=goods[0])
    assert (level.on_hand, level.allocated) == (9, 4)
    pick(services.report_found, order, **wish, quantity=1)
    level.refresh_from_db()
    assert (level.on_hand, level.allocated) == (10, 5)
    assert StockMovement.objects.filter(reference=order.number).aggregate(n=Sum("quantity"))["n"] == 0
    assert not StockLevel.objects.differing_from_ledger().exists()


def test_pieces_that_are_found_again_are_free_where_the_line_was_promised_others(goods, place, pick, warehouse):
    order = place((goods[0], 5))
    wish = {"line": order.lines.get().pk, "quantity": 2}
    pick(services.report_missing, order, **wish)
    services.allocate_sales_order(order=order, actor=None)
    pick(services.report_found, order, **wish)
    level = StockLevel.objects.get(product=goods[0])
    assert (level.on_hand, level.allocated, level.available) == (10, 5, 5)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_picked_put_back_missed_and_shipped_nothing_is_lost(seed, goods, place, pick, receive):
    dice, product = random.Random(seed), goods[0]
    receive(product, 90)
    orders = [place((product, dice.randint(10, 30))) for _ in range(3)]
    acts = [services.pick_sales_order, services.put_back_sales_order, services.report_missing, services.report_found,
            services.ship_picked]  # fmt: skip
    done = 0
    for _step in range(60):
        order, act = dice.choice(orders), dice.choice(acts)
        wish, pieces = {}, {order.lines.get().pk: dice.randint(1, 4)}
        if act in (services.report_missing, services.report_found):
            wish = dict(zip(("line", "quantity"), *pieces.items(), strict=True))
        elif act != services.ship_picked:
            wish = {"quantities": pieces}
        with contextlib.suppress(NothingToDo, TooMuch, TooMuchMissing, WrongState):
            pick(act, order, **wish)
            done += 1
        assert not StockLevel.objects.differing_from_ledger().exists()
    rows = Allocation.objects.filter(level__product=product).exclude(state="released")  # put back
    assert done > 15
    for order in orders:
        line = order.lines.get()
        by_state = dict(rows.filter(holder=line.holder).order_by().values_list("state").annotate(Sum("quantity")))
        assert by_state.get("shipped", 0) == line.shipped
        assert sum(by_state.values()) == line.quantity
    missed = rows.filter(state="short").aggregate(n=Sum("quantity"))["n"] or 0
    shipped = sum(order.lines.get().shipped for order in orders)
    assert StockLevel.objects.get(product=product).on_hand == 100 - missed - shipped


def test_orders_are_read_in_the_same_queries_however_many_they_are(goods, place, warehouse):
    def queries(orders) -> int:
        with CaptureQueriesContext(connection) as captured:
            picks_of(orders, [warehouse])
        return len(captured)

    orders = [place((product, 1)) for product in goods * 2]
    assert queries(orders[:1]) == queries(orders)


@pytest.mark.api
def test_a_clerk_picks_over_the_api_and_a_lost_answer_does_no_harm(goods, put, place, make_user, api_of, warehouse):
    put("A-1", goods[0], walk_order=1)
    order, clerk = place((goods[0], 3), (goods[1], 1)), api_of(make_user("clerk", warehouse))
    address, line = f"/api/v1/picks/{order.number}/", order.lines.first().pk
    (row,) = clerk.get("/api/v1/picks/?warehouse=riga").json()["results"]
    assert (row["number"], row["stops"], row["pieces"], row["picked"]) == (order.number, 2, 4, 0)
    walk = clerk.get(address).json()
    assert [(stop["bin"], stop["lines"][0]["product"]) for stop in walk["stops"]] == [("A-1", "CUP"), ("", "JAR")]
    body = {"lines": [{"line": line, "quantity": 2}], "at": "2026-03-30T10:00:00Z"}
    for _time in range(2):
        answer = clerk.post(f"{address}pick/", body, format="json", headers={"Idempotency-Key": "k1"})
        assert (answer.status_code, answer.json()["picked"]) == (200, 2)
    missing = clerk.post(f"{address}not-found/", {"line": line, "quantity": 1}, format="json")
    assert missing.status_code == 201 and missing.json()["count"].startswith("C")
    found = clerk.post(f"{address}found/", {"line": line, "quantity": 1}, format="json")
    assert (found.status_code, found.json()["pieces"]) == (200, 2)
    clerk.post(f"{address}pick/", {}, format="json")
    for _time in range(2):
        answer = clerk.post(f"{address}ship/", {}, format="json", headers={"Idempotency-Key": "k2"})
        assert (answer.status_code, answer.json()["stops"]) == (200, [])
    assert clerk.get("/api/v1/picks/").json()["count"] == 0
    assert clerk.get(address).json()["pieces"] == 0


@pytest.mark.api
def test_picking_takes_a_role_and_only_in_ones_own_warehouse(goods, place, make_user, api_of, make_warehouse):
    order, tallinn = place((goods[0], 3)), make_warehouse("tallinn")
    address = f"/api/v1/picks/{order.number}/pick/"
    assert api_of(make_user("viewer")).post(address, {}, format="json").status_code == 403
    assert api_of(make_user("clerk", tallinn)).post(address, {}, format="json").status_code == 404
    missing = {"line": order.lines.get().pk, "quantity": 1}
    buyer = api_of(make_user("buyer")).post(f"/api/v1/picks/{order.number}/not-found/", missing, format="json")
    assert buyer.status_code == 403
    buyer = api_of(make_user("buyer")).post(f"/api/v1/picks/{order.number}/found/", missing, format="json")
    assert buyer.status_code == 403
    bad = api_of(make_user("clerk")).post(address, {"lines": [{"line": 10**9, "quantity": 1}]}, format="json")
    assert (bad.status_code, bad.json()["code"]) == (409, "invalid_lines")
    assert picked_and_not() == [("CUP", 3, False)]
