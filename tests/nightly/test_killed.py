"""Workers of a real night, killed with -9 at random moments: what is left behind is that of an undisturbed night."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from django.db import connection, connections
from django.db.models import Count, Sum

from inventory_site import nightly
from inventory_site.common.models import JobPartition
from tests.nightly.shop import open_shop, outcomes
from tests.nightly.test_serve import serving

KILLS, LEASE_SECONDS = 6, 0.6
ROOT = Path(__file__).resolve().parents[2]


class Farm:
    """Real worker processes."""

    def __init__(self, process: subprocess.Popen):
        self.process = process

    def start_worker(self, file: Path) -> int:
        self.process.stdin.write(f"{file}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def finish(self, file: Path) -> None:
        self.start_worker(file)
        deadline = time.monotonic() + 120
        while state(file) == "running" and time.monotonic() < deadline:
            time.sleep(0.1)
        assert state(file) == "published"


def state(file: Path) -> str:
    with closing(sqlite3.connect(file, timeout=20)) as database:
        return database.execute("SELECT state FROM common_jobrun").fetchone()[0]


@pytest.fixture
def farm() -> Iterator[Farm]:
    # The console is where the answers come from, so the digest's mail must not go there.
    environment = os.environ | {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.nightly.worker_farm", str(LEASE_SECONDS)], env=environment, cwd=ROOT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    with process:
        yield Farm(process)
        process.stdin.close()


@contextmanager
def database_in(file: Path) -> Iterator[None]:
    """Let this process look into another database file."""
    before = connection.settings_dict["NAME"]
    connections.close_all()
    connection.settings_dict["NAME"] = str(file)
    try:
        yield
    finally:
        connections.close_all()
        connection.settings_dict["NAME"] = before


@pytest.fixture
def evenings(transactional_db, tmp_path, settings) -> list[Path]:
    """Two database files with the same small shop, its run just begun."""
    if settings.TEST_DATABASE != "sqlite":
        pytest.skip("copies database files; tests/common/test_jobs.py kills workers on PostgreSQL")
    open_shop()
    nightly.request_run(requested_by="test")
    files = [tmp_path / name for name in ("undisturbed.sqlite3", "disturbed.sqlite3")]
    with connection.cursor() as cursor:
        for file in files:
            cursor.execute("VACUUM INTO %s", [str(file)])
    return files


def test_a_night_whose_worker_is_killed_at_random_moments_ends_as_an_undisturbed_one(evenings, farm):
    undisturbed, disturbed = evenings
    began = time.monotonic()
    farm.finish(undisturbed)
    length = time.monotonic() - began
    chance, kills = random.Random(), 0
    while kills < KILLS:
        pid = farm.start_worker(disturbed)
        time.sleep(chance.uniform(0, length / 5))
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            break  # it had time enough to finish the night
        kills += 1
    assert kills > 0
    farm.finish(disturbed)
    with database_in(undisturbed):
        expected = outcomes()
    with database_in(disturbed):
        assert outcomes() == expected
    assert all(expected[name] for name in expected)


@pytest.mark.long
def test_the_demo_shop_whose_worker_is_killed_five_times_finishes_by_itself(
    transactional_db, tmp_path, settings, monkeypatch
):
    """The whole system: serve, beat, the broker and leases as they are; only the run is asked for."""
    monkeypatch.setenv("SITE_URL", "http://shop.example")  # where digests link to, else serve's own port
    if settings.TEST_DATABASE != "sqlite":
        pytest.skip("copies database files")
    undisturbed, disturbed = tmp_path / "undisturbed.sqlite3", tmp_path / "disturbed.sqlite3"
    manage("prepare", database=undisturbed)
    manage("load_demo", database=undisturbed)
    with closing(sqlite3.connect(undisturbed)) as database:
        database.execute("VACUUM INTO ?", [str(disturbed)])
    manage("run_nightly", database=undisturbed)
    with database_in(undisturbed):
        expected = outcomes()
    with database_in(disturbed):
        nightly.request_run(requested_by="test")
    chance, kills, seen = random.Random(), 0, 0
    with serving(tmp_path / "var", database=disturbed) as shop:
        deadline = time.monotonic() + 1800
        while state(disturbed) == "running" and time.monotonic() < deadline:
            time.sleep(0.5)
            if kills < 5 and claims(disturbed) > seen:
                time.sleep(chance.uniform(0.2, 15))
                os.killpg(shop.pid_of(" worker "), signal.SIGKILL)
                kills, seen = kills + 1, claims(disturbed)
    assert (kills, state(disturbed)) == (5, "published")
    with database_in(disturbed):
        assert outcomes() == expected
        attempts = JobPartition.objects.aggregate(Sum("attempts"), Count("pk"))
        assert attempts["attempts__sum"] > attempts["pk__count"]
        assert not JobPartition.objects.exclude(state="done").exists()


def manage(*arguments: str, database: Path) -> None:
    environment = os.environ | {"DATABASE_URL": f"sqlite:///{database}"}
    subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, check=True)


def claims(file: Path) -> int:
    with closing(sqlite3.connect(file, timeout=20)) as database:
        return database.execute("SELECT coalesce(sum(attempts), 0) FROM common_jobpartition").fetchone()[0]
