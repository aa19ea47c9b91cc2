"""``manage.py serve`` as a person starts it: real processes, a real port, Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection

from inventory_site.common.models import Heartbeat

ROOT = Path(__file__).resolve().parents[2]
LONGEST_SECONDS = 90

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc"),
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + LONGEST_SECONDS
    while not true():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.1)


class Shop:
    def __init__(self, folder: Path, *arguments: str, database: Path | None = None):
        self.folder, self.port = folder, free_port()
        folder.mkdir(exist_ok=True)
        environment = os.environ | {"SHELFWISE_VAR": str(folder), "SECRET_KEY": "x" * 60}
        environment.pop("REDIS_URL")
        if database:
            environment["DATABASE_URL"] = f"sqlite:///{database}"
        connection.close()
        self.valkey = 0
        self.log = (folder / "log").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--port", str(self.port), *arguments],
            cwd=ROOT, env=environment, stdout=self.log, stderr=self.log, start_new_session=True,
        )  # fmt: skip

    def said(self) -> str:
        return (self.folder / "log").read_text()

    def get(self, path: str) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            return answer.status

    def is_answering(self) -> bool:
        try:
            return self.get("/admin/login/") == 200
        except OSError:
            return False

    def processes(self) -> dict[int, str]:
        """Whatever has this shop's folder in its environment, and its command; Valkey writes its name over that."""
        found = {}
        for place in Path("/proc").glob("[0-9]*"):
            try:
                if f"SHELFWISE_VAR={self.folder}".encode() in (place / "environ").read_bytes().split(b"\0"):
                    found[int(place.name)] = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
        if self.valkey and (command := Path(f"/proc/{self.valkey}/cmdline")).exists():
            found[self.valkey] = command.read_text()
        return {pid: command for pid, command in found.items() if command}

    def pid_of(self, word: str) -> int:
        return min(pid for pid, command in self.processes().items() if word in command)


@contextmanager
def serving(folder: Path, *arguments: str, database: Path | None = None) -> Iterator[Shop]:
    """With another database than the test's, where one is named."""
    shop = Shop(folder, *arguments, database=database)
    try:
        until(lambda: "Shelfwise is at" in shop.said() or shop.process.poll() is not None)
        if (folder / "valkey/server.json").exists():
            shop.valkey = json.loads((folder / "valkey/server.json").read_text())["pid"]
        yield shop
    finally:
        shop.process.kill()
        shop.process.wait()
        for pid in shop.processes():
            os.kill(pid, signal.SIGKILL)
        shop.log.close()


def test_it_answers_works_starts_the_dead_again_and_leaves_nothing_behind_at_ctrl_c(tmp_path):
    with serving(tmp_path) as shop:
        assert f"Shelfwise is at http://127.0.0.1:{shop.port}/ (Ctrl-C stops it)." in shop.said()
        assert shop.get("/admin/login/") == 200
        until(lambda: Heartbeat.objects.exists())
        commands = " ".join(shop.processes().values())
        assert all(program in commands for program in ("gunicorn", " worker ", " beat ", "valkey-server"))
        web = shop.pid_of("gunicorn")
        os.kill(web, signal.SIGKILL)
        until(lambda: "web ended with -9; it starts again in 1 s." in shop.said())
        until(lambda: any("gunicorn" in command and pid > web for pid, command in shop.processes().items()))
        until(shop.is_answering)
        shop.process.send_signal(signal.SIGINT)
        assert shop.process.wait(LONGEST_SECONDS) == 0
        assert shop.processes() == {} and shop.said().rstrip().endswith("Stopped.")


@pytest.mark.parametrize(
    ("arguments", "programs"),
    [
        (["--no-worker"], {"gunicorn", "valkey-server"}),
        pytest.param([], {"gunicorn", "valkey-server", " worker ", " beat "}, marks=pytest.mark.long),
    ],
)
def test_when_it_is_killed_its_children_stop_by_themselves(tmp_path, arguments, programs):
    with serving(tmp_path, *arguments) as shop:
        if " worker " in programs:
            until(lambda: Heartbeat.objects.exists())
        commands = " ".join(shop.processes().values())
        assert all(program in commands for program in programs) and shop.valkey in shop.processes()
        shop.process.kill()
        shop.process.wait()
        until(lambda: not shop.processes())


def test_a_port_that_is_taken_is_said_in_a_sentence(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with serving(tmp_path, "--port", str(port)) as shop:
            assert shop.process.wait() == 3
            assert f"Can't listen on 127.0.0.1:{port}: Address already in use. Try --port {port + 1}." in shop.said()
            assert shop.processes() == {}


@pytest.mark.long
def test_web_alone_starts_no_worker(tmp_path):
    with serving(tmp_path, "--no-worker") as shop:
        assert shop.get("/admin/login/") == 200
        assert not any(" worker " in command or " beat " in command for command in shop.processes().values())
