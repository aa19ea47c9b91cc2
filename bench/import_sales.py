#!/usr/bin/env python
"""How long a file of sales takes to import, and its peak memory, on fresh databases; then the same file once more.

python bench/import_sales.py SALES.parquet [--format online_retail] [--kinds csv,xlsx] [--databases sqlite,postgres]

SALES may be CSV or XLSX too; a parquet file is first written as both into a scratch folder.
Each import is one process of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

COMMAND = """
import resource, sys
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", *sys.argv[1:]])
used = resource.getrusage(resource.RUSAGE_SELF)
print(f"cpu {used.ru_utime + used.ru_stime:.1f} s, peak memory {used.ru_maxrss / 1024:.0f} MiB")
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--format", default="online_retail")
    parser.add_argument("--kinds", default="csv,xlsx")
    parser.add_argument("--databases", default="sqlite,postgres")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="shelfwise-bench-") as folder:
        for file in files(told.file, told.kinds.split(","), Path(folder)):
            for name in told.databases.split(","):
                with database(name, Path(folder)) as address:
                    measure(file, told.format, name, address, Path(folder) / f"var-{name}-{file.suffix[1:]}")


def files(source: Path, kinds: list[str], folder: Path) -> list[Path]:
    if source.suffix != ".parquet":
        return [source]
    import pandas as pd

    sales = pd.read_parquet(source)
    made = [folder / f"sales.{kind}" for kind in kinds]
    for path in made:
        if path.suffix == ".csv":
            sales.to_csv(path, index=False)
        else:
            write_workbook(sales, path)
    return made


def write_workbook(sales, path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Sales")
    sheet.append(list(sales.columns))
    for row in sales.astype(object).where(sales.notna(), None).itertuples(index=False):
        sheet.append([value.to_pydatetime() if hasattr(value, "to_pydatetime") else value for value in row])
    book.save(path)


@contextlib.contextmanager
def database(name: str, folder: Path) -> Iterator[str]:
    if name == "postgres":
        from tests import postgres

        with postgres.server(os.environ.get("DATABASE_URL", "")) as url:
            yield url
    else:
        file = folder / f"bench-{time.monotonic_ns()}.sqlite3"
        yield f"sqlite:///{file}"
        for leftover in folder.glob(f"{file.name}*"):
            leftover.unlink()


def measure(file: Path, format: str, name: str, address: str, var: Path) -> None:
    environment = os.environ | {
        "SHELFWISE_VAR": str(var), "DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": "inventory_site.settings",
    }  # fmt: skip
    run(["migrate", "-v0"], environment)
    for time_name in ("first", "again"):
        started = time.monotonic()
        out = run(["import_sales", str(file), "--format", format], environment)
        elapsed, load = time.monotonic() - started, os.getloadavg()[0]
        print(
            f"{file.suffix[1:]} {name} {time_name}: {elapsed:.0f} s elapsed at load {load:.1f}, {out[-1]}", flush=True
        )
        if time_name == "first":
            print("\n".join(f"    {line}" for line in out[:-1]))


def run(arguments: list[str], environment: dict) -> list[str]:
    command = [sys.executable, "-c", COMMAND, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.splitlines()


if __name__ == "__main__":
    main()
