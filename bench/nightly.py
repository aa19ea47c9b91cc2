#!/usr/bin/env python
"""How long a night takes from PostgreSQL to PostgreSQL, by step, with its processor time and peak memory.

python bench/nightly.py --data SALES.parquet --series 10000 30000 100000 --plot docs/img/nightly.svg
python bench/nightly.py --small      (a hundred made-up series of 120 days, to see that it works)

Each size is a shop of its own: SALES (sku, date, quantity) tiled over products in four warehouses, a price on every
day with a sale, two years by default. Two nights are run by --workers processes: the first trains everything and judges
all items, the second is an ordinary one, which uses the models again. PostgreSQL is the one that DATABASE_URL names
(databases are made in it), or a private one, which waits for no disk. Memory is the sum of what all processes of the
night hold (proportional set size), those of PostgreSQL told apart where it is the private one.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from bench import nightly_shop

ROOT = Path(__file__).resolve().parent.parent

LOOKED_AGAIN_SECONDS = 0.5


@dataclass
class Night:
    """What one night took: wall-clock seconds, also by step, seconds of processor time, MiB at the highest."""

    series: int
    kind: str
    workers: int
    rows: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    database_cpu: float = 0.0
    memory: float = 0.0
    database_memory: float = 0.0
    steps: dict[str, float] = field(default_factory=dict)

    def line(self) -> str:
        return (
            f"{self.series:>8,} {self.rows:>11,} {self.kind:<9} {self.seconds:>7.0f} {self.cpu:>7.0f} "
            f"{self.database_cpu:>7.0f} {1000 * self.seconds / self.series:>9.2f} {self.memory:>8.0f} "
            f"{self.database_memory:>8.0f}   "
            + " ".join(f"{name} {seconds:.0f}" for name, seconds in self.steps.items() if seconds >= 0.5)
        )


HEAD = (
    f"{'series':>8} {'rows':>11} {'night':<9} {'seconds':>7} {'cpu s':>7} {'db cpu':>7} {'ms/series':>9} {'MiB':>8} "
    f"{'db MiB':>8}   seconds by step"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--series", type=int, nargs="+", default=[10_000])
    parser.add_argument("--days", type=int, default=730)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--plot", type=Path, help="write the seconds of all sizes to this SVG file")
    parser.add_argument("--small", action="store_true")
    told = parser.parse_args()
    if told.small:
        told.series, told.days = [100], 120
    from tests import postgres

    base, nights = nightly_shop.base_of(told.data), []
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n{HEAD}", flush=True)
    with postgres.server(os.environ.get("DATABASE_URL", "")) as url:
        for series in told.series:
            for night in measured(url, base, series, told.days, told.workers):
                nights.append(night)
                print(night.line(), flush=True)
    if told.plot:
        told.plot.write_text(plot(nights))


def measured(url: str, base: np.ndarray, series: int, days: int, workers: int) -> Iterator[Night]:
    """Two nights of a shop of that size."""
    with tempfile.TemporaryDirectory(prefix="shelfwise-bench-") as var, database(url, series) as address:
        own = {"DATABASE_URL": address, "SHELFWISE_VAR": var, "DJANGO_SETTINGS_MODULE": "inventory_site.settings"}
        filling = get_context("spawn").Process(target=nightly_shop.write, args=(own, base, series, days))
        filling.start()
        filling.join()
        if filling.exitcode:
            sys.exit("The shop was not written.")
        with psycopg.connect(address, autocommit=True) as connection:
            for kind, back in (("first", 1), ("ordinary", 0)):
                day = nightly_shop.UNTIL - timedelta(days=back)
                connection.execute("UPDATE common_shopsettings SET demo_until = %s", [day])
                yield run(connection, own, Night(series, kind, workers))


@contextmanager
def database(url: str, series: int) -> Iterator[str]:
    name = f"shelfwise_bench_{os.getpid()}_{series}"
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        try:
            yield urlsplit(url)._replace(path=f"/{name}").geturl()
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def run(connection: psycopg.Connection, own: dict[str, str], night: Night) -> Night:
    """The night that is due, by its workers; each takes what the others have not."""
    server = postmaster(connection)
    own_before, server_before = own_cpu(), cpu_of(server)
    command = [sys.executable, "manage.py", "run_nightly"]
    silent = {
        "cwd": ROOT,
        "env": os.environ | own,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.STDOUT,
        "text": True,
    }
    workers = [subprocess.Popen(command, **silent) for _ in range(night.workers)]
    while any(worker.poll() is None for worker in workers):
        night.memory = max(night.memory, sum(memory_of(worker.pid) for worker in workers))
        night.database_memory = max(night.database_memory, memory_of(server))
        time.sleep(LOOKED_AGAIN_SECONDS)
    for worker in workers:
        heard = worker.communicate()[0]
        if worker.returncode:
            sys.exit(heard)
    night.cpu, night.database_cpu = own_cpu() - own_before, cpu_of(server) - server_before
    read_steps(connection, night)
    return night


def read_steps(connection: psycopg.Connection, night: Night) -> None:
    """Seconds from the end of one step to that of the next; publishing lies between two of them."""
    newest = "(SELECT max(id) FROM common_jobrun)"
    started, published, finished = connection.execute(
        f"SELECT started_at, published_at, finished_at FROM common_jobrun WHERE id = {newest}"
    ).fetchone()
    aside = connection.execute(
        f"SELECT step, number, error FROM common_jobpartition WHERE run_id = {newest} AND state = 'quarantined'"
    ).fetchall()
    if aside:
        sys.exit(f"Set aside: {aside}")
    ends = connection.execute(
        f"SELECT step, max(finished_at) FROM common_jobpartition WHERE run_id = {newest} GROUP BY step"
    ).fetchall()
    night.seconds = (finished - started).total_seconds()
    for name, end in sorted([*ends, ("publish", published)], key=lambda row: row[1]):
        night.steps[name], started = (end - started).total_seconds(), end
    night.rows = connection.execute("SELECT count(*) FROM orders_dailydemand").fetchone()[0]


def own_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def postmaster(connection: psycopg.Connection) -> int | None:
    """The process of the server, where it runs on this machine."""
    folder = connection.execute("SHOW data_directory").fetchone()[0]
    try:
        return int((Path(folder) / "postmaster.pid").read_text().split()[0])
    except OSError:
        return None


def tree(pid: int | None) -> list[int]:
    """The process and all below it."""
    if pid is None:
        return []
    try:
        below = [
            int(child) for thread in Path(f"/proc/{pid}/task").iterdir()
            for child in (thread / "children").read_text().split()
        ]  # fmt: skip
    except OSError:
        return []
    return [pid, *(one for child in below for one in tree(child))]


def memory_of(pid: int | None) -> float:
    """MiB that the tree holds; what is shared counts for each by its share."""
    total = 0
    for one in tree(pid):
        with suppress(OSError):
            total += sum(
                int(n) for n in re.findall(r"^Pss: +(\d+)", Path(f"/proc/{one}/smaps_rollup").read_text(), re.M)
            )
    return total / 1024


def cpu_of(pid: int | None) -> float:
    """Seconds of the tree so far, those that have ended included."""
    total = 0
    for one in tree(pid):
        with suppress(OSError):
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            total += sum(int(n) for n in (fields[11:15] if one == pid else fields[11:13]))
    return total / os.sysconf("SC_CLK_TCK")


def plot(nights: list[Night]) -> str:
    """Seconds by series of both kinds of night, and the straight line through zero and the largest size."""
    width, height, edge = 520, 320, 50
    most, slowest = max(n.series for n in nights), max(n.seconds for n in nights)

    def at(series: float, seconds: float) -> str:
        x, y = edge + series / most * (width - 2 * edge), height - edge - seconds / slowest * (height - 2 * edge)
        return f"{x:.0f},{y:.0f}"

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif">']
    parts.append('<rect width="100%" height="100%" fill="white"/>')
    for kind, colour, below in (("first", "#b45309", -8), ("ordinary", "#0369a1", 18)):
        own = sorted((n for n in nights if n.kind == kind), key=lambda n: n.series)
        parts.append(
            f'<polyline points="{" ".join(at(n.series, n.seconds) for n in own)}" fill="none" stroke="{colour}"/>'
        )
        parts.append(
            f'<line stroke="{colour}" stroke-dasharray="3" x1="{at(0, 0).split(",")[0]}" y1="{at(0, 0).split(",")[1]}" '
            f'x2="{at(own[-1].series, 0).split(",")[0]}" y2="{at(0, own[-1].seconds).split(",")[1]}"/>'
        )
        for n in own:
            x, y = at(n.series, n.seconds).split(",")
            parts.append(f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>')
            label = f'<text x="{x}" y="{int(y) + below}" font-size="11" fill="{colour}" text-anchor="middle">'
            parts.append(f"{label}{n.seconds:.0f} s</text>")
            parts.append(
                f'<text x="{x}" y="{height - edge + 16}" font-size="11" text-anchor="middle">{n.series:,}</text>'
            )
        x, y = at(most * 0.02, slowest * (1.0 if kind == "first" else 0.92)).split(",")
        parts.append(f'<text x="{x}" y="{y}" font-size="12" fill="{colour}">{kind} night</text>')
    parts.append(f'<text x="{width / 2}" y="{height - 12}" font-size="12" text-anchor="middle">series</text></svg>')
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    main()
