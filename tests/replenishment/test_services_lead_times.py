"""Lead times as a run learns them: from confirmation to receipt, nothing left out and nothing foreseen."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from catalog.models import SupplierProduct
from orders import services as orders
from replenishment import services
from replenishment.lead_times import weight_of
from replenishment.models import LeadTime
from replenishment.services.lead_times import evidence_of
from tests.replenishment.conftest import TODAY

pytestmark = pytest.mark.django_db

#: Of an order that was confirmed 10, 20 or 30 days ago.
W10, W20, W30 = (round(float(weight_of(days)), 3) for days in (10, 20, 30))


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


@pytest.fixture
def evidence(supplier):
    """What is known of the supplier, or of one product: days that deliveries took and that others are waited for."""

    def evidence(product=None) -> tuple[list, list]:
        whole, by_product = evidence_of([supplier.pk], TODAY)
        known = by_product[supplier.pk, product.pk] if product else whole[supplier.pk]
        return tuple([(days, round(weight, 3)) for days, weight in pairs] for pairs in (known.arrived, known.waiting))

    return evidence


def receive(order, on: date, share: float = 1.0) -> None:
    quantities = {line.pk: int(line.quantity * share) for line in order.lines.all()}
    orders.receive_purchase_order(
        order=order, actor=None, quantities=quantities, received_at=datetime(on.year, on.month, on.day, 12, tzinfo=UTC)
    )


def test_without_deliveries_the_declared_days_hold(learned):
    row = learned()
    assert (row.mean_days, row.std_days, row.receipts, row.distribution) == (5.0, 0.0, 0, [[5, 1.0]])


def test_deliveries_pull_the_declared_days_each_order_alike(learned, evidence, order, make_product):
    small, large = order({make_product(): 1}, days=30), order({make_product(): 500, make_product(): 500}, days=30)
    receive(small, TODAY - timedelta(days=20))
    receive(large, TODAY - timedelta(days=18))
    half = round(float(weight_of(30)) / 2, 3)
    assert evidence() == ([(10, W30), (12, half), (12, half)], [])
    row = learned()
    assert row.receipts == 3
    assert 7.5 < row.mean_days < 10  # declared are 5
    assert row.std_days > 1  # and the next one may be later than all that came


def test_parts_of_a_delivery_count_by_their_quantity(evidence, order, make_product):
    split = order({make_product(): 100}, days=30)
    receive(split, TODAY - timedelta(days=20), share=0.75)
    receive(split, TODAY - timedelta(days=10), share=0.25)
    w = float(weight_of(30))
    assert evidence() == ([(10, round(0.75 * w, 3)), (20, round(0.25 * w, 3))], [])


def test_an_order_that_waits_is_taken_to_come_no_sooner_than_tomorrow(learned, evidence, order, make_product):
    order({make_product(): 10}, days=20)
    assert evidence() == ([], [(20, W20)])
    assert [days for days, _chance in learned().distribution] == [5, 21]


def test_a_fresh_order_tells_nothing_yet(learned, order, make_product):
    order({make_product(): 10}, days=2)
    assert learned().distribution == [[5, 1.0]]


def test_what_arrived_after_the_business_date_is_still_waited_for(evidence, order, make_product):
    late = order({make_product(): 10}, days=20)
    receive(late, TODAY + timedelta(days=1))
    order({make_product(): 10}, days=-3)
    assert evidence() == ([], [(20, W20)])


def test_days_are_those_of_the_warehouse(evidence, order, make_product):
    made = order({make_product(): 10}, days=10)
    near_midnight = datetime(2026, 3, 26, 22, 30, tzinfo=UTC)  # the 27th in Riga
    orders.receive_purchase_order(order=made, actor=None, received_at=near_midnight)
    assert evidence() == ([(7, W10)], [])


def test_days_count_from_the_day_on_which_the_supplier_takes_the_order(evidence, order, make_product, supplier):
    supplier.order_weekdays = [0]
    supplier.save()
    tuesday = order({make_product(): 10}, days=20)  # TODAY is a Monday
    receive(tuesday, TODAY - timedelta(days=7))
    supplier.closures.create(first_on=TODAY - timedelta(days=14), last_on=TODAY - timedelta(days=14))
    early = order({make_product(): 10}, days=20)
    receive(early, TODAY - timedelta(days=8))  # they made an exception: no lead time is below 0
    waiting = order({make_product(): 10}, days=20)
    assert evidence() == ([(0, round(float(weight_of(7)), 3)), (0, round(float(weight_of(7)), 3))],
                          [(7, round(float(weight_of(7)), 3))])  # fmt: skip
    assert waiting.confirmed_at.date() == TODAY - timedelta(days=20)


def test_a_product_is_drawn_toward_its_supplier(learned, evidence, order, make_product):
    slow, quick = make_product(), make_product()
    for _ in range(3):
        receive(order({quick: 10}, days=30), TODAY - timedelta(days=25))
    receive(order({slow: 10}, days=30), TODAY - timedelta(days=15))
    assert evidence(slow) == ([(15, W30)], [])
    assert learned(quick).mean_days < learned().mean_days < learned(slow).mean_days < 10


def test_declared_days_of_a_product_move_its_suppliers_spread(learned, order, supplier, make_product):
    receive(order({make_product(): 10}, days=30), TODAY - timedelta(days=22))
    own = make_product()
    SupplierProduct.objects.create(supplier=supplier, product=own, unit_cost=1, lead_time_days=15)
    assert learned(own).distribution == [[days + 10, chance] for days, chance in learned().distribution]


def test_what_was_cancelled_is_not_waited_for(evidence, order, make_product):
    given_up = order({make_product(): 100}, days=30)
    receive(given_up, TODAY - timedelta(days=20), share=0.5)
    orders.cancel_purchase_order(order=given_up, actor=None)
    assert evidence() == ([(10, W30)], [])


def test_learning_twice_is_learning_once(learned, order, make_product):
    receive(order({make_product(): 10}, days=30), TODAY - timedelta(days=20))
    learned()
    learned()
    assert LeadTime.objects.count() == 2
