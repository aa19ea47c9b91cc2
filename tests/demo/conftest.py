from datetime import date

import pytest

from inventory_site.demo.sales import load_shop
from inventory_site.demo.simulation import simulate

TODAY = date(2026, 11, 22)


@pytest.fixture(scope="session")
def shop():
    """A small shop: reading the files takes the same time for 40 products as for 600."""
    return load_shop(today=TODAY, count=40)


@pytest.fixture(scope="session")
def simulation(shop):
    return simulate(shop)
