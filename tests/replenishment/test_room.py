"""What to hold where the room is short: by hand, against trying all, as a page and CSV."""

from __future__ import annotations

import csv
import html
import re
from io import StringIO
from itertools import product as every

import numpy as np
import pytest
from django.urls import reverse

from catalog.models import Product
from forecasting.engine.panel import GRID, LeadTimeDemand
from forecasting.models import Forecast
from replenishment.optimise.errors import Infeasible
from replenishment.services.room_plan import room_plan
from replenishment.shelves import SAFETY_BANDS, Wanted, bands_of, hold
from replenishment.what_if import Items
from tests.replenishment.conftest import published

COSTS = {"holding_rate": 0.25, "order_cost": 3.0}
PAGE = "/admin/replenishment/room/"


def wanted(items=2, *, most=40.0, volume=1.0, price=5.0, cost=2.0, point=38, level=68, **fields) -> Wanted:
    """Ten days of demand, evenly between 0 and ``most``; nine of them go by before goods are here; lots of 30."""
    one, yes = np.ones(items), np.ones(items, bool)
    law = LeadTimeDemand(one * most / 2, np.outer(one, np.array(GRID) * most), np.zeros(items))
    told = Items(
        law, interval_days=10 * one, review_days=one, gap=30 * one, fills=~yes, correction=0 * one,
        reorder_point=np.full(items, point), own_level=0.9 * one, is_fixed=~yes, is_stocked=yes,
        unit_cost=cost * one, unit_price=price * one,
    )  # fmt: skip
    values = {"level": level * one, "least_lot": 6 * one, "volume": volume * one, "is_weighed": yes}
    return Wanted(told, **values | fields)


def test_with_room_for_all_only_what_never_pays_is_left_out():
    own = wanted()
    assert (own.on_the_way.tolist(), own.shelf.tolist(), own.least.tolist()) == ([18, 18], [50, 50], [6, 6])
    found = hold(own, room=100.0, taken=0.0, **COSTS)
    assert found.level.tolist() == found.free.tolist() == [68, 68] and (found.litre, found.missed) == (0, 0)
    # a piece kept for a year costs 0.25 x 100; the sales that it saves bring less than that
    dear = hold(wanted(cost=100.0, price=100.5), room=100.0, taken=0.0, **COSTS)
    assert dear.level.tolist() == dear.free.tolist() and max(dear.level) < 68


def test_what_takes_more_room_for_the_same_money_is_cut_first():
    own = wanted(volume=np.array([1.0, 5.0]))
    found = hold(own, room=250.0, taken=0.0, **COSTS)
    assert found.level[0] == 68 and found.level[1] < 68 and found.litre > 0 and found.missed > 0
    used = own.volume @ (found.level - own.on_the_way)
    assert 250 - 5 < used <= 250
    more = hold(own, room=251.0, taken=0.0, **COSTS)
    assert found.missed - more.missed == pytest.approx(found.litre, rel=0.2)
    assert hold(own, room=260.0, taken=10.0, **COSTS).level.tolist() == found.level.tolist()


def test_what_is_set_by_hand_or_has_no_cost_is_held_as_planned():
    own = wanted(is_weighed=np.array([True, False]))
    found = hold(own, room=70.0, taken=0.0, **COSTS)
    assert found.level[1] == 68 and found.level[0] < 68
    with pytest.raises(Infeasible) as refusal:
        hold(own, room=50.0, taken=4.0, **COSTS)
    assert refusal.value.shortfalls[0].amount == pytest.approx(50 + 6 + 4 - 50)


@pytest.mark.parametrize("cases", [3, pytest.param(200, marks=pytest.mark.long)])
def test_no_choice_of_bands_costs_less(cases):
    """All choices of small shops, whole bands: the programme, which may break one, costs no more than the best."""
    rng = np.random.default_rng(11)
    for _case in range(cases):
        own = wanted(volume=rng.uniform(0.5, 3, 2), price=rng.uniform(2.2, 6, 2), point=30, level=36)
        bands = bands_of(own, **COSTS)
        assert len(bands.item) == 2 * SAFETY_BANDS  # the lot is the smallest one
        volume, least = own.volume[bands.item] * bands.width, own.volume @ own.least
        room = float(least + rng.uniform(0, 1) * volume.sum())
        found = hold(own, room=room, taken=0.0, **COSTS)
        shares = np.array(list(every((0, 1), repeat=len(volume))))
        cost = (np.where(shares, bands.keeping, bands.worth) * bands.width).sum(axis=1)
        free = (np.minimum(bands.keeping, bands.worth) * bands.width).sum()
        best = cost[shares @ volume <= room - least].min() - free
        assert found.missed <= best + 1e-9
        assert best - found.missed <= found.litre * volume.max() + 1e-9


@pytest.fixture
def shop(run, plan, shelf, warehouse):
    """SMALL and LARGE are planned up to 50 each, of 1 and 5 litres a piece; NONE has no volume; OLD is not planned."""
    levels = {}
    for sku, volume in (("SMALL", 1000), ("LARGE", 5000), ("NONE", None), ("OLD", 2000)):
        levels[sku] = shelf(10, sku=sku, volume_ml=volume)
        if sku != "OLD":
            plan(levels[sku].product)
    Forecast.objects.update(lead_time_demand_grid=[20 * share for share in GRID])
    type(warehouse).objects.filter(pk=warehouse.pk).update(room_ml=200_000)
    published(run)
    warehouse.refresh_from_db()
    return warehouse


@pytest.mark.django_db
def test_a_warehouse_is_planned_with_what_stands_there_beyond_the_plan(shop, make_user, make_warehouse):
    found = room_plan(make_user("owner"), shop)
    by_sku = {row.product.sku: row for row in found.rows}
    assert found.beyond == 20.0 and [product.sku for product in found.unmeasured] == ["NONE"]
    assert by_sku["LARGE"].cut > 0 == by_sku["SMALL"].by_room and found.cut[0].product.sku == "LARGE"
    assert found.used <= found.room < found.beyond + found.planned
    shop.room_ml = 21_000
    assert room_plan(make_user("owner", username="again"), shop).lacking == pytest.approx(found.least - 1)
    assert room_plan(make_user("buyer", make_warehouse("tallinn")), shop).rows == []


@pytest.mark.django_db
def test_the_page_says_what_is_cut_and_where_to_declare_room(shop, client_of, make_user, make_warehouse):
    buyer, clerk = client_of(make_user("buyer")), client_of(make_user("clerk", shop))
    plan = text_of(buyer.get(PAGE, {"plan": 1}))
    assert "The last litre" in plan and "Product" in plan and "1 item left out: its volume is not known" in plan
    told = text_of(clerk.get(PAGE, {"plan": 1}))
    assert "Cut for want of room" in told and "The last litre" not in told and "EUR" not in told
    rows = list(csv.DictReader(StringIO(b"".join(buyer.get(PAGE, {"export": 1})).decode("utf-8-sig"))))
    large = next(row for row in rows if row["sku"] == "LARGE")
    assert int(large["order_up_to_level"]) == 50 == int(large["fits"]) + int(large["cut"])
    make_warehouse("tallinn")
    empty = text_of(buyer.get(PAGE, {"warehouse": "tallinn", "plan": 1}))
    assert "is not declared" in empty
    assert clerk.get(PAGE, {"warehouse": "tallinn"}).status_code == 404
    type(shop).objects.filter(pk=shop.pk).update(room_ml=21_000)
    assert "too few" in text_of(buyer.get(PAGE, {"plan": 1}))
    assert reverse("room-plan") in buyer.get(reverse("purchase-plan")).content.decode()
    Product.objects.update(volume_ml=None)
    assert "No item with a volume is planned here yet." in text_of(buyer.get(PAGE, {"plan": 1}))


@pytest.mark.django_db
def test_without_a_role_or_a_run_there_is_nothing_to_see(warehouse, client_of, make_user):
    type(warehouse).objects.update(room_ml=0)
    assert client_of(make_user(None)).get(PAGE).status_code in (302, 403)
    assert "Nothing to weigh" in text_of(client_of(make_user("owner")).get(PAGE, {"plan": 1}))


def text_of(answer) -> str:
    return re.sub(r"\s+", " ", html.unescape(answer.content.decode()))
