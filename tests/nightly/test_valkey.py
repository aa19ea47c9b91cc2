"""The embedded Valkey: one for each folder, never a stranger's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import redis

from inventory_site.serve import valkey
from inventory_site.serve.valkey import ValkeyFailed, embedded


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "with a space" / "valkey"


def client(url: str) -> closing:
    return closing(redis.Redis.from_url(url))


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].startswith(" Z")


def recorded(folder: Path) -> dict:
    return json.loads((folder / "server.json").read_text())


def test_what_was_queued_is_there_after_a_restart_and_nothing_runs_in_between(folder):
    with embedded(folder) as url, client(url) as server:
        server.rpush("celery", "message")
        assert server.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        pid = recorded(folder)["pid"]
    assert not is_running(pid) and not (folder / "server.json").exists()
    with embedded(folder) as url, client(url) as server:
        assert server.lrange("celery", 0, -1) == [b"message"]


def test_nobody_gets_in_without_the_password_which_no_list_of_processes_shows(folder):
    with embedded(folder) as url:
        record = recorded(folder)
        with client(f"redis://127.0.0.1:{record['port']}/0") as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
        shown = subprocess.run(
            ["ps", "-ww", "-o", "command=", "-p", str(record["pid"])], capture_output=True, text=True
        )
        assert "valkey-server" in shown.stdout and record["password"] not in shown.stdout
        assert record["password"] in url and (folder / "server.json").stat().st_mode & 0o077 == 0


def test_a_living_owners_server_is_used_and_left_running(folder):
    with embedded(folder) as first:
        with embedded(folder) as second:
            assert second == first
        with client(first) as server:
            assert server.ping()


def outlived(folder: Path) -> int:
    """The pid of a server whose owner is gone: started by a process that has ended since."""
    folder.mkdir(parents=True)
    code = (
        "import sys; from pathlib import Path; from inventory_site.serve import valkey; "
        "valkey._die_with_parent = None; valkey._started(Path(sys.argv[1]))"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code, str(folder)], check=True)
    return recorded(folder)["pid"]


def test_a_server_that_outlived_its_owner_is_stopped_and_its_queue_kept(folder):
    stale = outlived(folder)
    record = recorded(folder)
    with client(valkey.Server(**record).url) as server:
        server.rpush("celery", "message")
    with embedded(folder) as url, client(url) as server:
        assert not is_running(stale) and recorded(folder)["pid"] != stale
        assert server.lrange("celery", 0, -1) == [b"message"]


def test_a_recorded_pid_that_is_somebody_elses_by_now_is_left_alone(folder):
    folder.mkdir(parents=True)
    with subprocess.Popen(["sleep", "60"]) as stranger:
        valkey._record(folder, valkey.Server(stranger.pid, 1, "secret"))
        with embedded(folder) as url, client(url) as server:
            assert server.ping() and stranger.poll() is None
        stranger.kill()


def test_a_broken_record_does_not_keep_it_from_starting(folder):
    folder.mkdir(parents=True)
    (folder / "server.json").write_text("{")
    with embedded(folder) as url, client(url) as server:
        assert server.ping()


def test_a_server_that_cannot_start_says_where_its_log_is(folder):
    folder.mkdir(parents=True)
    (folder / "appendonlydir").write_text("in the way")
    with pytest.raises(ValkeyFailed, match=r"does not start; its log is .*valkey\.log"), embedded(folder):
        pass
    assert "appendonlydir" in (folder / "valkey.log").read_text()
