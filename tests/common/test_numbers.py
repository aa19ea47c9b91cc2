"""Numbers as people write and read them."""

from __future__ import annotations

import doctest
from decimal import Decimal

import pytest
from django.utils import translation

from inventory_site.common import numbers


def test_the_examples_hold():
    found = doctest.testmod(numbers)
    assert found.attempted > 0 and found.failed == 0


@pytest.mark.parametrize(("language", "told"), [("en", "98.5 %"), ("de", "98,5 %"), ("zh-hans", "98.5%")])
def test_rates_stand_as_the_readers_locale_writes_them(language, told):
    with translation.override(language):
        assert numbers.percent(0.985) == told


def test_a_rate_may_be_exact():
    assert numbers.per_cent(Decimal("0.125")) == "12.5" and numbers.percent(Decimal("-0.00001")) == "0.0 %"
