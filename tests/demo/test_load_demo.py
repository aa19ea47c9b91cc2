"""The command: once on an empty database, and harmless on any other."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from catalog.models import Product
from inventory_site.common.models import User
from inventory_site.demo.loader import ShopNotEmpty, load_demo, logins
from stock.models import StockMovement

pytestmark = pytest.mark.django_db


def test_a_begun_shop_is_left_alone(shop, make_product):
    make_product()
    with pytest.raises(ShopNotEmpty, match="holds products"):
        load_demo(shop=shop, step=lambda name: None)
    assert Product.objects.count() == 1 and not User.objects.exists()


def test_loading_twice_changes_nothing_and_shows_the_logins_again():
    first, second = StringIO(), StringIO()
    call_command("load_demo", products=8, stdout=first)
    before = (Product.objects.count(), StockMovement.objects.count(), User.objects.count())
    call_command("load_demo", products=8, stdout=second)
    assert (Product.objects.count(), StockMovement.objects.count(), User.objects.count()) == before
    assert before[0] == 8 and "loaded already" in second.getvalue()
    assert all(f"Login: {x.username}, password: {x.password}" in second.getvalue() for x in logins())
    logins_only = StringIO()
    call_command("load_demo", logins=True, stdout=logins_only)
    assert logins_only.getvalue().splitlines() == second.getvalue().splitlines()[-3:]
    begun, again = StringIO(), StringIO()
    call_command("load_demo", open_work=True, stdout=begun)
    call_command("load_demo", open_work=True, stdout=again)
    assert "wait in the halls" in begun.getvalue() and again.getvalue() == ""


def test_open_work_wants_the_demo_shop():
    with pytest.raises(CommandError, match="Load the demo shop first"):
        call_command("load_demo", open_work=True)
