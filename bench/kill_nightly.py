#!/usr/bin/env python
"""Kill the worker of a nightly run at random moments: does it finish by itself, with the outputs of a calm night?

Two copies of one shop: in the first the run is undisturbed; in the second `manage.py serve` works on it, and its
worker, or only the process that computes, is ended by kill -9 at moments drawn from the undisturbed run's clock.
Nobody helps: the supervisor starts the worker again, leases run out, beat sends what is left. Then every output row is
compared, but for primary keys and times.

python bench/kill_nightly.py [--kills 5] [--seed 1]      (loads a demo shop of its own)
python bench/kill_nightly.py --shop FOLDER               (a SHELFWISE_VAR with SQLite; it is copied)
python bench/kill_nightly.py --small
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import django
from django.db.models import DateTimeField, Model, QuerySet

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

DATABASE = "shelfwise.sqlite3"
#: The digests hold links, so both shops must have one address.
SITE_URL = "http://shop.example"
LOOKED_AGAIN_SECONDS = 0.1
GIVEN_UP_AFTER_SECONDS = 1800
#: How often it was tried to send, and under which name, is no output.
NO_OUTPUT = {"attempts", "message_id", "token"}


@dataclass(frozen=True)
class Moment:
    """So many seconds into the work on one partition."""

    step: str
    number: int
    seconds: float


def environment(folder: Path) -> dict[str, str]:
    own = {"SHELFWISE_VAR": str(folder), "DATABASE_URL": f"sqlite:///{folder / DATABASE}", "SITE_URL": SITE_URL}
    return {name: value for name, value in os.environ.items() if name != "REDIS_URL"} | own


def manage(folder: Path, *arguments: str) -> None:
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment(folder), capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{done.stdout}{done.stderr}\nmanage.py {' '.join(arguments)} ended with {done.returncode}.")


def copy_shop(shop: Path, folder: Path) -> None:
    """Database and key; SQLite copies the database, since files may lag behind its journal."""
    folder.mkdir()
    shutil.copy(shop / "secret_key", folder)
    with sqlite3.connect(shop / DATABASE) as source, sqlite3.connect(folder / DATABASE) as target:
        source.backup(target)


def moments(kills: int, seed: int, using: str) -> list[Moment]:
    """Evenly drawn from the clock of the newest run, in the order of its partitions."""
    from inventory_site.common.models import JobRun

    run = JobRun.objects.using(using).latest("pk")
    ends = list(run.partitions.order_by("finished_at").values_list("step", "number", "finished_at"))
    total, dice, found = (ends[-1][2] - run.started_at).total_seconds(), random.Random(seed), []
    for drawn in sorted(dice.uniform(0, total) for _ in range(kills)):
        begun = 0.0
        for step, number, finished_at in ends:
            end = (finished_at - run.started_at).total_seconds()
            if drawn < end:
                found.append(Moment(step, number, drawn - begun))
                break
            begun = end
    return found


@contextmanager
def served(folder: Path) -> Iterator[subprocess.Popen]:
    """`manage.py serve` with a broker, worker and beat of its own; what it says goes to serve.log."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "manage.py", "serve", "--port", str(port)]
    with (folder / "serve.log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment(folder), stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def children(parent: int, word: str = "") -> list[int]:
    """Processes that ``parent`` has started and whose command holds ``word``."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,command="], capture_output=True, text=True, check=True)
    rows = [line.split(None, 2) for line in listed.stdout.splitlines()]
    return [int(pid) for pid, ppid, command in rows if int(ppid) == parent and word in command]


def kill_worker(serve: int, dice: random.Random) -> str:
    """End the worker with all that belongs to it, or only the process that computes; says which."""
    deadline = time.monotonic() + GIVEN_UP_AFTER_SECONDS
    while time.monotonic() < deadline:
        for worker in children(serve, " worker "):
            computing = children(worker)
            if computing and dice.random() < 0.5:
                os.kill(computing[0], signal.SIGKILL)
                return f"process {computing[0]} that computes"
            if computing:
                os.killpg(worker, signal.SIGKILL)
                return f"worker {worker} with its processes"
        time.sleep(LOOKED_AGAIN_SECONDS)
    sys.exit("The worker is not started again.")


def kill_at(plan: list[Moment], serve: int, seed: int) -> None:
    """Wait for each moment and kill. Where the partition was quicker this time, the next one is killed."""
    from inventory_site.common.models import JobPartition, JobRun

    run, dice = JobRun.objects.latest("pk"), random.Random(seed)
    dead: set[UUID] = set()

    def in_work() -> QuerySet:
        return JobPartition.objects.filter(run=run, state="claimed").exclude(token__in=dead)

    for count, moment in enumerate(plan, 1):
        part = JobPartition.objects.filter(run=run, step=moment.step, number=moment.number)
        wait_for(lambda part=part: in_work().filter(pk__in=part).exists() or is_over(part))
        until = time.monotonic() + moment.seconds
        while time.monotonic() < until and not is_over(part):
            time.sleep(LOOKED_AGAIN_SECONDS)
        wait_for(lambda: in_work().exists() or not JobRun.objects.running().filter(pk=run.pk).exists())
        what = kill_worker(serve, dice)
        lost = list(in_work())
        dead.update(row.token for row in lost)
        print(
            f"kill -9 {count}: {what}; in work: {', '.join(map(str, lost)) or 'nothing'} "
            f"(drawn: {moment.step} {moment.number} after {moment.seconds:.1f} s)",
            flush=True,
        )


def is_over(part: QuerySet) -> bool:
    return part.exclude(state__in=["open", "claimed"]).exists()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + GIVEN_UP_AFTER_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"Given up after {GIVEN_UP_AFTER_SECONDS} s.")
        time.sleep(LOOKED_AGAIN_SECONDS)


def outputs() -> list[type[Model]]:
    """The tables that a nightly run writes."""
    from alerts.models import Alert, Delivery
    from forecasting.models import Accuracy, Forecast, TrainedModel
    from orders.models import DailyDemand
    from replenishment.models import InventoryPosition, KpiSnapshot, LeadTime, ReorderPoint, Suggestion
    from stock.models import StockSnapshot

    planned = [LeadTime, TrainedModel, Forecast, Accuracy, ReorderPoint, Suggestion, InventoryPosition, KpiSnapshot]
    return [DailyDemand, StockSnapshot, *planned, Alert, Delivery]


def digest(model: type[Model], using: str) -> tuple[int, str]:
    """How many rows, and a hash of all of them in an order of their own, but for primary keys and times."""
    fields = [
        field.attname
        for field in model._meta.concrete_fields
        if not (field.primary_key or isinstance(field, DateTimeField) or field.name in NO_OUTPUT)
    ]
    rows = sorted(map(repr, model._base_manager.using(using).values_list(*fields).iterator()))
    return len(rows), hashlib.sha256("\n".join(rows).encode()).hexdigest()


def compare() -> bool:
    """Print each table's digests; whether all are alike."""
    total, hashes = 0, {"calm": hashlib.sha256(), "default": hashlib.sha256()}
    print(f"{'':20}{'rows':>9}  {'undisturbed':14}{'killed':14}")
    for model in outputs():
        calm, killed = digest(model, "calm"), digest(model, "default")
        total += calm[0]
        hashes["calm"].update(calm[1].encode())
        hashes["default"].update(killed[1].encode())
        verdict = "" if calm == killed else f"DIFFERENT ({killed[0]:,} rows)"
        print(f"{model.__name__:20}{calm[0]:9,}  {calm[1][:12]:14}{killed[1][:12]:14}{verdict}")
    calm, killed = (made.hexdigest()[:12] for made in hashes.values())
    print(f"{'all':20}{total:9,}  {calm:14}{killed:14}{'identical' if calm == killed else 'DIFFERENT'}")
    return calm == killed


def disturb(folder: Path, plan: list[Moment], seed: int) -> bool:
    """Start the run, let `serve` work and die on it, and wait; False where something was set aside."""
    from inventory_site.common.models import JobRun
    from inventory_site.nightly import request_run

    run = request_run(requested_by="bench", force=True)
    started = time.monotonic()
    with served(folder) as serve:
        kill_at(plan, serve.pid, seed)
        wait_for(lambda: JobRun.objects.get(pk=run.pk).state != JobRun.State.RUNNING)
    run = JobRun.objects.get(pk=run.pk)
    attempts = list(run.partitions.values_list("attempts", flat=True))
    aside = run.partitions.filter(state="quarantined").count()
    print(
        f"Killed: {run} {run.get_state_display()} by itself after {time.monotonic() - started:.0f} s, "
        f"{len(attempts)} parts in {sum(attempts)} attempts, {aside} set aside."
    )
    return run.state == JobRun.State.PUBLISHED and not aside


def tell_calm() -> None:
    from inventory_site.common.models import JobRun

    run = JobRun.objects.using("calm").latest("pk")
    seconds = (run.finished_at - run.started_at).total_seconds()
    print(
        f"Undisturbed: {run} {run.get_state_display()} in {seconds:.0f} s, {run.partitions.count()} parts.", flush=True
    )


def run_both(folder: Path, options: argparse.Namespace) -> bool:
    shop, calm, killed = options.shop or folder / "shop", folder / "calm", folder / "killed"
    if not options.shop:
        shop.mkdir()
        manage(shop, "prepare")
        manage(shop, "load_demo", "--products", str(options.products))
    copy_shop(shop, calm)
    copy_shop(shop, killed)
    manage(calm, "run_nightly", "--force")
    os.environ |= environment(killed) | {"DJANGO_SETTINGS_MODULE": "inventory_site.settings"}
    django.setup()
    from django.db import connections

    connections.databases["calm"] = connections.databases["default"] | {"NAME": calm / DATABASE}
    tell_calm()
    is_finished = disturb(killed, moments(options.kills, options.seed, "calm"), options.seed)
    is_alike = compare()
    connections.close_all()
    return is_finished and is_alike


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shop", type=Path)
    parser.add_argument("--products", type=int, default=600, help="of the demo shop that is loaded where none is given")
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--small", action="store_true", help="60 products, 2 kills")
    options = parser.parse_args()
    if options.small:
        options.products, options.kills = 60, 2
    with tempfile.TemporaryDirectory(prefix="shelfwise-bench-") as folder:
        sys.exit(0 if run_both(Path(folder), options) else 1)


if __name__ == "__main__":
    main()
