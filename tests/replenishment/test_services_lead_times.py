"""Lead times as a run learns them: from confirmation to receipt, nothing left out and nothing foreseen."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from catalog.models import SupplierProduct
from orders import services as orders
from replenishment import services
from replenishment.lead_times import POINTS, Distribution, learn
from replenishment.models import LeadTime
from tests.replenishment.conftest import TODAY

pytestmark = pytest.mark.django_db

NONE = np.empty(0)


@pytest.fixture
def learned(run, supplier):
    def learned(product=None) -> LeadTime:
        services.learn_lead_times(run, {"suppliers": [supplier.pk]})()
        return LeadTime.objects.get(run=run, supplier=supplier, product=product)

    return learned


@pytest.fixture
def order(supplier, warehouse):
    """Confirmed at noon, ``days`` before today."""

    def order(wishes: dict, days: int):
        lines = [orders.NewPurchaseLine(product, quantity, Decimal("4")) for product, quantity in wishes.items()]
        made = orders.create_purchase_order(supplier=supplier, warehouse=warehouse, lines=lines, actor=None)
        at = datetime(2026, 3, 30, 12, tzinfo=UTC) - timedelta(days=days)
        return orders.confirm_purchase_order(order=made, actor=None, confirmed_at=at)

    return order


def receive(order, on: date, share: float = 1.0) -> None:
    quantities = {line.pk: int(line.quantity * share) for line in order.lines.all()}
    orders.receive_purchase_order(
        order=order, actor=None, quantities=quantities, received_at=datetime(on.year, on.month, on.day, 12, tzinfo=UTC)
    )


def test_without_deliveries_the_declared_days_hold(learned):
    row = learned()
    assert (row.mean_days, row.std_days, row.receipts, row.distribution) == (5.0, 0.0, 0, [[5, 1.0]])


def test_deliveries_pull_the_declared_days_each_order_alike(learned, order, make_product):
    small, large = order({make_product(): 1}, days=30), order({make_product(): 500, make_product(): 500}, days=30)
    receive(small, TODAY - timedelta(days=20))
    receive(large, TODAY - timedelta(days=18))
    row = learned()
    assert row.distribution == [[5, 0.6], [10, 0.2], [12, 0.2]]  # declared: worth three deliveries
    assert (round(row.mean_days, 6), row.receipts) == (7.4, 3)


def test_parts_of_a_delivery_count_by_their_quantity(learned, order, make_product):
    split = order({make_product(): 100}, days=30)
    receive(split, TODAY - timedelta(days=20), share=0.75)
    receive(split, TODAY - timedelta(days=10), share=0.25)
    assert learned().distribution == [[5, 0.75], [10, 0.1875], [20, 0.0625]]


def test_an_order_that_waits_is_taken_to_come_no_sooner_than_tomorrow(learned, order, make_product):
    order({make_product(): 10}, days=20)
    assert learned().distribution == [[5, 0.75], [21, 0.25]]


def test_a_fresh_order_tells_nothing_yet(learned, order, make_product):
    order({make_product(): 10}, days=2)
    assert learned().distribution == [[5, 1.0]]


def test_what_arrived_after_the_business_date_is_still_waited_for(learned, order, make_product):
    late = order({make_product(): 10}, days=20)
    receive(late, TODAY + timedelta(days=1))
    assert learned().distribution == [[5, 0.75], [21, 0.25]]
    order({make_product(): 10}, days=-3)
    assert learned().distribution == [[5, 0.75], [21, 0.25]]


def test_days_are_those_of_the_warehouse(learned, order, make_product):
    made = order({make_product(): 10}, days=10)
    near_midnight = datetime(2026, 3, 26, 22, 30, tzinfo=UTC)  # the 27th in Riga
    orders.receive_purchase_order(order=made, actor=None, received_at=near_midnight)
    assert [7, 0.25] in learned().distribution


def test_a_product_is_drawn_toward_its_supplier(learned, order, make_product):
    slow, quick = make_product(), make_product()
    for _ in range(3):
        receive(order({quick: 10}, days=30), TODAY - timedelta(days=25))
    receive(order({slow: 10}, days=30), TODAY - timedelta(days=15))
    whole = learned()
    assert whole.distribution == [[5, 0.857143], [15, 0.142857]]  # six and one of seven
    assert learned(slow).distribution == [[5, 0.714286], [15, 0.285714]]  # (5 × 6/7) and (5 × 1/7 + 1) of six
    assert learned(quick).mean_days < whole.mean_days < learned(slow).mean_days


def test_declared_days_of_a_product_move_its_suppliers_spread(learned, order, supplier, make_product):
    receive(order({make_product(): 10}, days=30), TODAY - timedelta(days=22))
    own = make_product()
    SupplierProduct.objects.create(supplier=supplier, product=own, unit_cost=1, lead_time_days=15)
    assert learned().distribution == [[5, 0.75], [8, 0.25]]
    assert learned(own).distribution == [[15, 0.75], [18, 0.25]]


def test_what_was_cancelled_is_not_waited_for(learned, order, make_product):
    given_up = order({make_product(): 100}, days=30)
    receive(given_up, TODAY - timedelta(days=20), share=0.5)
    orders.cancel_purchase_order(order=given_up, actor=None)
    assert learned().distribution == [[5, 0.75], [10, 0.25]]


def test_learning_twice_is_learning_once(learned, order, make_product):
    receive(order({make_product(): 10}, days=30), TODAY - timedelta(days=20))
    learned()
    learned()
    assert LeadTime.objects.count() == 2


def test_a_long_spread_is_kept_in_few_points_and_keeps_its_mean():
    days = np.arange(1, 61)
    found = learn(days, np.ones(60), NONE, NONE, Distribution.sure(30), 0.0)
    assert len(found.days) == POINTS
    assert found.chances.sum() == pytest.approx(1)
    assert found.mean == pytest.approx(30.5, abs=2)
    again = Distribution.of(found.stored())
    assert again.chances.sum() == pytest.approx(1, abs=1e-12)
