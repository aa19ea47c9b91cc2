"""The product behind a real gunicorn, of several processes with several threads, on the test's database."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPException
from pathlib import Path

from tests.http.clients import Client

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = "inventory_site.wsgi:application"
UNGUARDED = "tests.http.unguarded:application"
STARTS_WITHIN_SECONDS = 60


@dataclass(frozen=True)
class Server:
    port: int
    pid: int
    log: Path
    without: str = ""

    def client(self, token: str) -> Client:
        """A connection of its own, for one thread."""
        return Client(self.port, token, self.without)

    def without_guard(self, name: str) -> Server:
        """The same, asked to switch a guard off; needs the application ``UNGUARDED``."""
        return replace(self, without=name)

    def renew(self) -> None:
        """New workers, which know no connection to the database that was there before."""
        workers = subprocess.run(["pgrep", "-P", str(self.pid)], capture_output=True, text=True).stdout.split()
        for worker in workers:
            os.kill(int(worker), signal.SIGKILL)
        _wait(self.port, lambda: True, self.log)

    def said(self) -> str:
        """The end of what it wrote to its log, to explain a failure."""
        return self.log.read_text()[-4000:]


@contextmanager
def serving(application: str = PRODUCT, *, processes: int = 2, threads: int = 8) -> Iterator[Server]:
    """Serve until the block ends. The database must outlive it, and be one file or name all the while."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="shelfwise-http-") as folder:
        log = Path(folder) / "log"
        options = ["--workers", processes, "--threads", threads, "--worker-class", "gthread", "--preload"]
        options += ["--bind", f"127.0.0.1:{port}", "--keep-alive", 60, "--timeout", 120, "--log-level", "warning"]
        with log.open("w") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", application, *map(str, options)],
                cwd=ROOT, env=os.environ | {"API_RATE": "100000000/hour"}, stdout=out, stderr=out,
                start_new_session=True,
            )  # fmt: skip
        try:
            _wait(port, lambda: process.poll() is None, log)
            yield Server(port, process.pid, log)
        finally:
            _stop(process)


def _wait(port: int, is_alive: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while is_alive() and time.monotonic() < deadline:
        client = Client(port, "")
        try:
            client.get("/api/v1/")
            return
        except (OSError, HTTPException):
            time.sleep(0.05)
        finally:
            client.close()
    raise RuntimeError(f"gunicorn did not answer: {log.read_text()[-4000:]}")


def _stop(process: subprocess.Popen) -> None:
    """At once, with its workers: asked kindly, they wait for connections that nobody uses any more."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
