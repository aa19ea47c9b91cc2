"""The real part: nothing is invented, and the year ends where it should."""

from datetime import date, timedelta

import numpy as np
import pytest

from inventory_site.demo import sales
from inventory_site.demo.choice import DEAD_DAYS, NEW_DAYS, Seller, choose
from tests.demo.conftest import TODAY


@pytest.mark.parametrize("offset", range(14))
def test_the_year_ends_one_to_seven_days_before_today_on_the_same_weekday(offset):
    today = TODAY + timedelta(days=offset)
    last_on = sales.LAST_ON + timedelta(weeks=sales.shift_weeks(today))
    assert 1 <= (today - last_on).days <= 7
    assert last_on.weekday() == sales.LAST_ON.weekday()


def test_days_are_the_shops_own_and_not_utc():
    at = np.array(["2017-01-01T11:00", "2017-01-02T04:59", "2017-01-02T05:00", "2017-07-02T03:59", "2017-07-02T04:00"])
    assert sales._local_day(at.astype("datetime64[ns]")).tolist() == [0, 0, 1, 181, 182]


def test_the_totals_of_the_small_shop(shop):
    assert shop.demand.shape == (40, 3, 365)
    assert (shop.first_on, shop.last_on) == (date(2025, 11, 16), date(2026, 11, 15))
    assert shop.demand.sum() == shop.demand[shop.listed].sum()
    assert shop.demand[0].sum() == 17639, "every banana sold in the year"
    assert shop.products[0].sku == "PRO-1082185" and shop.products[0].name == "Bananas, national brand, 40 lb"


def test_what_was_paid_fits_the_price(shop):
    paid = shop.cents.sum(axis=(1, 2)) / shop.demand.sum(axis=(1, 2))
    price = np.array([100 * float(p.price) for p in shop.products])
    assert (paid > 0.5 * price).all() and (paid < 1.1 * price).all()


def test_the_largest_warehouse_takes_about_half(shop):
    share = shop.demand.sum(axis=(0, 2)) / shop.demand.sum()
    assert np.abs(share - [0.5, 0.3, 0.2]).max() < 0.04


def test_names_and_skus_are_unique(shop):
    assert len({p.sku for p in shop.products}) == len({p.name for p in shop.products}) == 40


def test_promotions_lie_within_the_year_or_are_planned_ahead(shop):
    assert all(p.starts_on <= p.ends_on and 0 < p.discount_rate < 1 for p in shop.promotions)
    assert all(shop.first_on <= p.starts_on and p.ends_on <= shop.last_on for p in shop.promotions if not p.is_planned)
    ahead = [p for p in shop.promotions if p.is_planned]
    assert ahead and all(p.starts_on > shop.last_on for p in ahead)


def test_a_real_promotion_was_paid_less(shop):
    """Bananas at 40 % off in the seventh week: the discount comes from the till, the week from the mailer."""
    bananas = [p for p in shop.promotions if p.product == 0 and p.in_mailer and not p.is_planned]
    first = bananas[0]
    assert (first.starts_on - shop.first_on).days == 36 and first.discount_rate == pytest.approx(0.40, abs=0.01)


def test_the_choice_holds_a_discontinued_and_a_new_product(shop):
    sold = shop.demand.sum(axis=1) > 0
    last, first = 364 - sold[:, ::-1].argmax(axis=1), sold.argmax(axis=1)
    assert ((last < 365 - DEAD_DAYS) & [not p.is_fresh for p in shop.products]).sum() == 1
    assert (first >= 365 - NEW_DAYS).sum() == 1


def test_slow_sellers_are_taken_evenly_from_the_rest():
    sellers = [Seller(i, 1000 - i, 0, 364, is_fresh=False) for i in range(900)]
    chosen = choose(sellers, count=10, days=365)
    assert chosen[:5] == [0, 1, 2, 3, 4] and chosen[5:] == [5, 228, 452, 675, 899]
