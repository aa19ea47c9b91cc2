"""The trail shows what was changed or removed afterwards."""

from __future__ import annotations

import pytest

from inventory_site.common import audit
from inventory_site.common.models import Audit, ShopSettings

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]


@pytest.fixture
def trail(make_user):
    shop, actor = ShopSettings.objects.create(pk=1), make_user("owner")
    for number in range(5):
        audit.record(actor=actor, action="shop.change", subject=shop, changes={"number": number})
    audit.seal()
    return list(Audit.objects.order_by("position"))


def test_sealing_chains_new_rows_behind_the_old_ones(trail, make_user):
    audit.record(actor=None, action="shop.change", subject=ShopSettings.objects.get())
    assert (audit.seal(), audit.seal()) == (1, 0)
    assert list(Audit.objects.order_by("position").values_list("position", flat=True)) == [1, 2, 3, 4, 5, 6]
    assert audit.broken_links() == []


@pytest.mark.parametrize("change", [{"action": "nothing"}, {"changes": {"number": 9}}, {"actor": None}])
def test_a_changed_row_shows(trail, change):
    Audit.objects.filter(pk=trail[2].pk).update(**change)
    assert audit.broken_links() == [trail[2].pk]


def test_a_removed_row_shows_in_the_one_behind_it(trail):
    trail[2].delete()
    assert audit.broken_links() == [trail[3].pk]
