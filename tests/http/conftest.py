"""Servers, tokens and goods for tests over HTTP."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from django.conf import settings
from django.db import connection, connections

from inventory_site.common.models import ApiToken
from orders.models import SalesChannel
from tests.http.server import PRODUCT, Server, serving


@pytest.fixture(scope="session")
def _servers():
    """Servers outlive a test on PostgreSQL: their connections notice that the database was made anew."""
    with ExitStack() as stack:
        running: dict[str, Server] = {}

        def server(application: str) -> Server:
            if application not in running:
                running[application] = stack.enter_context(serving(application))
            return running[application]

        yield server


@pytest.fixture
def serve(transactional_db, request):
    """``serve()`` is the product; ``serve("tests.http.unguarded:without_locks()")`` the product without a guard.

    On SQLite a server lives for one test, since the file is another one in the next.
    """
    connections.close_all()
    if settings.TEST_DATABASE == "postgres":
        shared = request.getfixturevalue("_servers")
        yield lambda application=PRODUCT: shared(application)
        return
    with ExitStack() as stack:
        yield lambda application=PRODUCT: stack.enter_context(serving(application, processes=16, threads=1))


@pytest.fixture
def token(make_user) -> str:
    return ApiToken.objects.issue(user=make_user("owner"), name="races")[1]


@pytest.fixture
def web(db) -> SalesChannel:
    return SalesChannel.objects.create(code="web", name="Web")


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
