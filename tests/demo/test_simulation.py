"""The simulated part: books that balance, and something to tell on the last day."""

import numpy as np

from inventory_site.demo.simulation import SALE_TIME, pace, simulate
from inventory_site.demo.story import group_orders, tell
from inventory_site.demo.suppliers import LATE, SUPPLIERS, lead_times


def test_the_books_balance_for_every_series_on_every_day(simulation):
    days = simulation.demand.shape
    opened, received, returned = (np.zeros(days, int) for _ in range(3))
    opened[np.arange(days[0]), simulation.first_day] = simulation.opening
    series = simulation.purchases.series[simulation.receipts.line]
    np.add.at(received, (series, simulation.receipts.day), simulation.receipts.quantity)
    np.add.at(returned, (simulation.returns.series, simulation.returns.day), simulation.returns.quantity)
    on_hand = (opened + received + returned - simulation.shipped).cumsum(axis=1)
    assert (on_hand == simulation.on_hand).all()
    assert (on_hand >= 0).all()


def test_real_demand_is_kept_and_only_shipments_are_limited(shop, simulation):
    assert simulation.demand.sum() == shop.demand.sum()
    assert (simulation.shipped <= simulation.demand).all()
    short = simulation.shipped < simulation.demand
    assert short.any() and (simulation.on_hand[short] == 0).all()


def test_a_shelf_that_sold_out_at_half_of_what_was_asked_was_empty_for_half_the_day(simulation):
    rate, empty = simulation.stocked_out_rate, simulation.on_hand == 0
    half = empty & (simulation.demand == 2 * simulation.shipped) & (simulation.shipped > 0)
    assert half.any() and (rate[half] == 0.5).all()
    just_enough = empty & (simulation.demand == simulation.shipped) & (simulation.shipped > 0)
    assert (rate[just_enough] == 1 - SALE_TIME).all()
    assert (rate[~empty] == 0).all()


def test_the_owner_sees_the_mean_of_a_month_and_a_quarter():
    demand = np.zeros((1, 120), int)
    demand[0, -28:] = 3
    assert pace(demand, np.array([0]))[0, -1] == 3 / 2 + 3 * 28 / 91 / 2


def test_nothing_arrives_that_was_not_ordered_and_nothing_on_the_day_of_the_order(simulation):
    orders = group_orders(simulation)
    assert (orders.received <= simulation.purchases.quantity).all()
    assert (simulation.receipts.day > simulation.purchases.ordered_day[simulation.receipts.line]).all()
    product = simulation.product[simulation.purchases.series]
    assert (simulation.purchases.quantity >= simulation.terms.min_order_quantity[product]).all()
    assert (simulation.purchases.quantity % simulation.terms.pack_size[product] == 0).all()


def test_costs_stay_below_what_customers_paid(shop, simulation):
    paid = shop.cents.sum(axis=(1, 2)) / shop.demand.sum(axis=(1, 2)) / 100
    assert (simulation.terms.unit_cost < paid).all()


def test_the_late_supplier_drifts_and_the_others_do_not():
    lead = lead_times(365, 3, np.random.default_rng(0))
    declared = np.array([s.lead_time_days for s in SUPPLIERS])
    early, late = lead[:, :, :200].mean(axis=(1, 2)), lead[:, :, -20:].mean(axis=(1, 2))
    assert late[LATE] > 1.8 * declared[LATE] and early[LATE] < 1.1 * declared[LATE]
    others = np.arange(len(SUPPLIERS)) != LATE
    assert (late[others] < 1.25 * declared[others]).all()


def test_the_last_day_has_something_of_everything_to_tell(shop, simulation):
    assert all(count > 0 for count in vars(tell(shop, simulation)).values()), tell(shop, simulation)


def test_the_same_seed_tells_the_same_story_and_another_one_does_not(shop, simulation):
    assert (simulate(shop).on_hand == simulation.on_hand).all()
    assert (simulate(shop, seed=2).on_hand != simulation.on_hand).any()
