"""Servers, tokens and goods for tests over HTTP."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from django.conf import settings
from django.db import connection, connections

from inventory_site.common.models import ApiToken
from orders.models import SalesChannel
from tests.http.server import PRODUCT, UNGUARDED, Server, serving


@pytest.fixture(scope="session")
def _servers():
    """A server outlives a test: it takes long to start."""
    size = {"postgres": {"processes": 4, "threads": 4}, "sqlite": {"processes": 16, "threads": 1}}
    with ExitStack() as stack:
        running: dict[str, Server] = {}

        def server(application: str) -> Server:
            if application not in running:
                running[application] = stack.enter_context(serving(application, **size[settings.TEST_DATABASE]))
            return running[application]

        yield server


@pytest.fixture
def serve(transactional_db, _servers):
    """``serve()`` is the product, ``serve("locks")`` the product without that guard: see ``unguarded``.

    On PostgreSQL connections notice that the database was made anew; a SQLite file that is gone can still be read.
    """
    connections.close_all()
    renewed: set[Server] = set()

    def serve(guard: str | None = None) -> Server:
        server = _servers(PRODUCT if guard is None else UNGUARDED)
        if settings.TEST_DATABASE == "sqlite" and server not in renewed:
            server.renew()
            renewed.add(server)
        return server.without_guard(guard or "")

    return serve


@pytest.fixture
def token(make_user) -> str:
    return ApiToken.objects.issue(user=make_user("owner"), name="races")[1]


@pytest.fixture
def web(db) -> SalesChannel:
    return SalesChannel.objects.create(code="web", name="Web")


@pytest.fixture
def stocked(web, make_product, receive):
    """``stocked(sku, units)`` puts a new product on the shelf."""
    return lambda sku, units: receive(make_product(sku), units)


@pytest.fixture
def ogre(make_warehouse):
    """A second warehouse, to send goods to."""
    return make_warehouse("ogre")


@pytest.fixture
def deadlocks():
    """How many PostgreSQL has counted in this database. Ends the idle servers' connections, which hold back counts."""

    def deadlocks() -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
            return cursor.fetchone()[0]

    return deadlocks
