"""Numbers as people write and read them."""

from __future__ import annotations

import doctest

from inventory_site.common import numbers


def test_examples_of_amounts_hold():
    found = doctest.testmod(numbers)
    assert found.attempted > 0 and found.failed == 0
