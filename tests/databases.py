"""The test database, and how it gets back to its migrated state after a test that really commits.

Never by Django's flush: the ledger's triggers refuse DELETE. A migrated template is copied instead.
"""

from __future__ import annotations

import contextlib
import hashlib
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
    file, template = Path(connection.settings_dict["NAME"]), _template()
    own = file.with_name("migrated.template")  # another run with newer code throws the common one away
    is_new = False
    try:
        shutil.copyfile(template, own)
    except FileNotFoundError:
        is_new = True
        _migrate()
        shutil.copyfile(file, own)
        _keep(own, template)

    def restore() -> None:
        """Through SQLite and not by copying the file: the browsers' server has it open, and must see it."""
        connections.close_all()
        with closing(sqlite3.connect(own)) as source, closing(sqlite3.connect(file, timeout=20)) as target:
            target.execute("PRAGMA synchronous=OFF")
            source.backup(target)

    if not is_new:
        restore()
    yield restore
    connections.close_all()


def _template() -> Path:
    """Where the migrated database of this very code is kept: the runs of one ``make test`` migrate once."""
    digest = hashlib.sha256((settings.BASE_DIR / "requirements.txt").read_bytes())
    for file in sorted(settings.BASE_DIR.glob("[a-z]*/**/*.py")):
        if "tests" not in file.parts:
            digest.update(file.read_bytes())
    return settings.BASE_DIR / "var" / "tests" / f"{digest.hexdigest()[:20]}.template"


def _keep(file: Path, template: Path) -> None:
    """Whole or not at all, and instead of those of older code."""
    template.parent.mkdir(parents=True, exist_ok=True)
    for old in template.parent.glob("*.template"):
        old.unlink(missing_ok=True)
    made = template.with_suffix(f".{os.getpid()}")
    shutil.copyfile(file, made)
    made.replace(template)


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
