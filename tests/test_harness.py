"""The tests' own ground: each starts from the migrated database, and none leaves this machine."""

from __future__ import annotations

import socket

import pytest
import redis
from django.db import connection

from catalog.models import Product
from stock.models import StockMovement


@pytest.mark.ledger
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_a_test_that_commits_movements_leaves_nothing_behind(turn, make_product, receive):
    assert Product.objects.count() == 0
    receive(make_product(), turn)
    assert list(StockMovement.objects.values_list("quantity", flat=True)) == [turn]


@pytest.mark.ledger
@pytest.mark.django_db
def test_the_database_is_the_one_asked_for(settings):
    assert {"sqlite": "sqlite", "postgres": "postgresql"}[settings.TEST_DATABASE] == connection.vendor


def test_other_machines_are_out_of_reach():
    with pytest.raises(PermissionError, match=r"192\.0\.2\.1"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    with pytest.raises(PermissionError, match=r"example\.org"):
        socket.getaddrinfo("example.org", 443)


def test_the_broker_is_a_real_one(broker):
    with redis.Redis.from_url(broker) as client:
        assert client.set("here", 1) and client.get("here") == b"1"


def test_people_get_in_by_their_login(make_user, client_of, client):
    address = "/admin/jsi18n/"  # a page behind the login that needs no other part
    assert client.get(address).status_code == 302
    assert client_of(make_user("owner")).get(address).status_code == 200
