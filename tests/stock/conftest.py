"""A count of ten cups, and who counts them."""

from __future__ import annotations

import pytest

from stock import services
from stock.models import Bin, StockLevel
from stock.services import CountRules


@pytest.fixture
def clerk(make_user):
    return make_user("clerk")


@pytest.fixture
def other(make_user):
    return make_user("clerk", username="other")


@pytest.fixture
def cup(make_product, receive):
    cup = make_product("CUP", unit_cost=4, barcode="4006381333931")
    receive(cup, 10)
    return cup


@pytest.fixture
def opened(cup, warehouse, clerk):
    def opened(**rules):
        return services.open_count(warehouse=warehouse, actor=clerk, rules=CountRules(**rules))

    return opened


@pytest.fixture
def in_bins(cup, warehouse):
    """The cups lie in these bins."""

    def in_bins(*codes: str) -> None:
        level = StockLevel.objects.get(product=cup)
        for code in codes:
            Bin.objects.get_or_create(warehouse=warehouse, code=code)[0].levels.add(level)

    return in_bins
