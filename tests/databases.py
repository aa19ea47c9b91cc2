"""The test database, and how it gets back to its migrated state after a test that really commits.

Never by Django's flush: the ledger's triggers refuse DELETE. A migrated template is copied instead.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections

from tests import postgres


@contextlib.contextmanager
def migrated() -> Iterator[Callable[[], None]]:
    """A migrated database for the session; yields what restores it."""
    with {"sqlite": _sqlite, "postgres": _postgres}[settings.TEST_DATABASE]() as restore:
        yield restore


@contextlib.contextmanager
def _sqlite() -> Iterator[Callable[[], None]]:
    file = Path(connection.settings_dict["NAME"])
    template = file.with_suffix(".template")
    _migrate()
    shutil.copyfile(file, template)

    def restore() -> None:
        """Through SQLite and not by copying the file: the browsers' server has it open, and must see it."""
        connections.close_all()
        with closing(sqlite3.connect(template)) as source, closing(sqlite3.connect(file, timeout=20)) as target:
            target.execute("PRAGMA synchronous=OFF")
            source.backup(target)

    yield restore
    connections.close_all()


@contextlib.contextmanager
def _postgres() -> Iterator[Callable[[], None]]:
    name = f"shelfwise_test_{os.getpid()}"
    template = f"{name}_template"
    with postgres.server(settings.GIVEN_SERVER) as url, psycopg.connect(url, autocommit=True) as admin:
        os.environ["DATABASE_URL"] = urlsplit(url)._replace(path=f"/{name}").geturl()
        connection.settings_dict.update(dj_database_url.parse(os.environ["DATABASE_URL"], conn_max_age=60))

        def restore() -> None:
            connections.close_all()
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
            admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")

        admin.execute(f"CREATE DATABASE {name}")
        try:
            _migrate()
            admin.execute(f"CREATE DATABASE {template} TEMPLATE {name}")
            yield restore
        finally:
            connections.close_all()
            for made in (name, template):
                admin.execute(f"DROP DATABASE IF EXISTS {made} WITH (FORCE)")


def _migrate() -> None:
    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
    connections.close_all()
