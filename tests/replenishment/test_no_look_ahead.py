"""What becomes known later moves no answer for a past evening: demand, stock, prices, plans, words, signals."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from catalog.models import Promotion, SupplierProduct
from forecasting.models import Forecast, Override, Signal
from forecasting.panels import panel_of
from inventory_site.common.models import ShopSettings
from orders import services as orders
from orders.closing import close_demand
from orders.models import DailyDemand, DailyInterest, DayRevision, DemandSeries, SalesChannel
from replenishment import services
from replenishment.models import LeadTime, ReorderPoint
from stock.models import ClosedDay, StockMovement
from tests.replenishment.conftest import TODAY, nightly
from tests.replenishment.test_services_planning import work

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]

ORIGIN = TODAY - timedelta(days=10)
FIRST = ORIGIN - timedelta(days=79)
RIGA = ZoneInfo("Europe/Riga")


def noon(days_from_origin: int) -> datetime:
    return datetime.combine(ORIGIN + timedelta(days=days_from_origin), time(12), tzinfo=RIGA)


def it_is(day) -> None:
    ShopSettings.objects.update_or_create(pk=1, defaults={"demo_until": day, "time_zone": "Europe/Riga"})


def close(until) -> None:
    close_demand(until=until, series_ids=list(DemandSeries.objects.values_list("pk", flat=True)))()


@pytest.fixture
def shop(make_product, warehouse, supplier, receive):
    """Six items with eleven weeks of demand up to the origin, as that evening knew it."""
    it_is(ORIGIN)
    demand = np.random.default_rng(4).poisson(6, (6, 80))
    products = [make_product(accepts_backorders=n == 1) for n in range(6)]
    for product, days in zip(products, demand, strict=True):
        SupplierProduct.objects.create(supplier=supplier, product=product, unit_cost=4, is_preferred=True)
        series = DemandSeries.objects.create(product=product, warehouse=warehouse, first_on=FIRST)
        DailyDemand.objects.bulk_create(
            DailyDemand(series=series, on_date=FIRST + timedelta(days=n), demand=int(pieces), price=10)
            for n, pieces in enumerate(days)
            if pieces
        )
        receive(product, 1000, effective_at=noon(-70))
    receive(products[0], -1000, reason=StockMovement.Reason.ADJUSTMENT, effective_at=noon(-5))
    Signal.objects.create(name="rain", on_date=ORIGIN, value=1.0, known_on=ORIGIN, warehouse=warehouse)
    DailyInterest.objects.create(product=products[0], on_date=ORIGIN - timedelta(days=3), views=5)
    close(ORIGIN)
    return products


def sell(product, warehouse, quantity: int, at: datetime, price: str = "10"):
    channel = SalesChannel.objects.get_or_create(code="web", name="Web")[0]
    line = orders.NewLine(product, warehouse, quantity, Decimal(price))
    return orders.place_sales_order(channel=channel, lines=[line], actor=None, placed_at=at)


def answers(run) -> list[list[dict]]:
    """What the night of the origin said: lead times, forecasts with overrides, reorder points."""
    found = []
    for model in (LeadTime, Forecast, ReorderPoint):
        rows = model.objects.filter(run=run).order_by("product", "pk")
        names = [f.attname for f in model._meta.concrete_fields if f.name not in ("id", "run")]
        found.append(list(rows.values(*names)))
    return found


def what_became_known(products, warehouse, supplier, sold, buyer) -> None:
    """Ten days later: tomorrow's demand, and much that is dated back to before the origin or reaches over it."""
    it_is(TODAY)
    orders.receive_purchase_order(order=buyer["order"], actor=None, received_at=noon(4))  # a receipt after all
    late = {"reason": StockMovement.Reason.COUNT, "effective_at": noon(-4)}
    buyer["receive"](products[0], 700, **late)  # goods that stood there before the origin
    sell(products[1], warehouse, 90, noon(-2), price="2")  # entered late, at another price
    back = orders.register_return(order=sold, quantities={sold.lines.get().pk: 9}, actor=None)
    row = back.lines.get()
    orders.inspect_return(document=back, outcomes={row.pk: orders.Outcome(sellable=9)}, actor=None)
    days = {"starts_on": ORIGIN - timedelta(days=8), "ends_on": ORIGIN + timedelta(days=20)}
    Promotion.objects.create(product=products[3], announced_on=ORIGIN + timedelta(days=1), price=3, **days)
    after = {"first_on": ORIGIN + timedelta(days=1), "last_on": ORIGIN + timedelta(days=9)}
    Override.objects.create(
        product=products[4], warehouse=warehouse, kind="percent", amount=300, reason="late word",
        made_by=buyer["user"], made_at=noon(1), **after,
    )  # fmt: skip
    for number in range(-30, 11):
        on_date = ORIGIN + timedelta(days=number)
        Signal.objects.create(name="rain", on_date=on_date, value=9.0, known_on=ORIGIN + timedelta(days=1))
    ClosedDay.objects.create(
        warehouse=warehouse, on_date=ORIGIN + timedelta(days=3), announced_on=ORIGIN + timedelta(days=2)
    )
    DailyInterest.objects.create(product=products[0], on_date=ORIGIN + timedelta(days=1), views=999)
    series = DemandSeries.objects.get(product=products[5])
    DailyDemand.objects.create(series=series, on_date=ORIGIN + timedelta(days=1), demand=500, price=10)
    close(TODAY)


def test_what_becomes_known_later_does_not_move_a_past_answer(shop, warehouse, supplier, receive, make_user):
    sold = orders.ship_sales_order(order=sell(shop[2], warehouse, 40, noon(-6)), actor=None)
    lines = [orders.NewPurchaseLine(shop[0], 50, Decimal(4))]
    order = orders.create_purchase_order(supplier=supplier, warehouse=warehouse, lines=lines, actor=None)
    order = orders.confirm_purchase_order(order=order, actor=None)
    close(ORIGIN)
    run = nightly(ORIGIN)
    work(run)
    before = answers(run)
    window = {"since": FIRST, "until": ORIGIN, "ahead": 10}
    ids = list(DemandSeries.objects.order_by("pk").values_list("pk", flat=True))
    panel_then = panel_of(ids, **window)[0]

    people = {"order": order, "receive": receive, "user": make_user("buyer")}
    what_became_known(shop, warehouse, supplier, sold, people)

    work(run)
    assert answers(run) == before
    panel_now = panel_of(ids, **window)[0]
    assert np.array_equal(panel_now.demand, panel_then.demand, equal_nan=True)
    assert np.array_equal(panel_now.stocked_out, panel_then.stocked_out, equal_nan=True)
    assert panel_now.known.keys() == panel_then.known.keys()
    for name, values in panel_then.known.items():
        assert np.array_equal(panel_now.known[name], values, equal_nan=True), name

    _each_of_it_would_have_moved_it(ids, panel_then)
    Override.objects.update(made_at=noon(0))
    for payload in services.split_plan(run):
        services.plan_partition(run, payload)()
    assert answers(run) != before


def _each_of_it_would_have_moved_it(ids, then) -> None:
    """The control: the same days, read with all that is known today."""
    without = panel_of(ids, since=FIRST, until=TODAY)[0]
    days = then.demand.shape[1]
    assert then.demand[1, days - 3] != without.demand[1, days - 3] == 90  # the late order
    assert then.demand[2, days - 7] - without.demand[2, days - 7] == 9  # the late return
    assert then.stocked_out[0, days - 2] == 1 and without.stocked_out[0, days - 2] == 0  # the goods found later
    assert then.known["price"][1, days - 3] != without.known["price"][1, days - 3] == 2
    assert then.known["promotion"][3, days - 1] == 0 and without.known["promotion"][3, days - 1] == 1
    assert then.known["signal:rain"][0, days - 1] == 1 and without.known["signal:rain"][1, days - 2] == 9
    assert then.known.get("closed") is None and without.known["closed"].any()
    assert np.nanmax(without.known["views"][0]) == 999
    assert without.demand[5, days] == 500
    assert DayRevision.objects.count() >= 2
