"""One cell of the grid saved by several people at once, from real connections, beside a control with the lock off."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from forecasting.models import Override
from forecasting.services import overrides
from inventory_site.common.errors import StaleVersion
from tests.forecasting.test_overrides import cell

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

PEOPLE = 6


@pytest.fixture
def save_at_once(shop, make_product, warehouse, make_user):
    def save_at_once() -> int:
        """How many were told that somebody else was faster."""
        product, people = make_product(), [make_user("buyer") for _ in range(PEOPLE)]
        together = Barrier(PEOPLE)

        def save(number: int) -> bool:
            try:
                together.wait()
                overrides.save_cells(
                    warehouse=warehouse, cells=[cell(product, str(10 + number))], reason="fair", actor=people[number]
                )
            except StaleVersion:
                return True
            finally:
                connection.close()
            return False

        with ThreadPoolExecutor(PEOPLE) as pool:
            return sum(pool.map(save, range(PEOPLE)))

    return save_at_once


def test_of_those_who_fill_one_cell_at_once_one_is_heard(save_at_once):
    assert save_at_once() == PEOPLE - 1
    assert Override.objects.count() == 1


def test_without_the_lock_several_words_stand_for_one_cell(save_at_once, monkeypatch):
    together = Barrier(PEOPLE, timeout=30)  # all have looked before anybody writes
    monkeypatch.setattr(overrides, "_lock", lambda products: (list(products), together.wait()))
    assert save_at_once() == 0
    assert Override.objects.standing().count() > 1
