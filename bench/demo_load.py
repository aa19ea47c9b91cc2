#!/usr/bin/env python
"""How long the demo shop takes to load on a fresh SQLite file, and its peak memory, as one process.

python bench/demo_load.py [--products 600]
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOAD = """
import resource, sys
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", "load_demo", *sys.argv[1:]])
used = resource.getrusage(resource.RUSAGE_SELF)
print(f"cpu {used.ru_utime + used.ru_stime:.1f} s, peak memory {used.ru_maxrss / 1024:.0f} MiB")
"""
ROWS = """
SELECT 'movements', count(*) FROM stock_stockmovement UNION ALL
SELECT 'sales lines', count(*) FROM orders_salesorderline UNION ALL
SELECT 'days of demand', count(*) FROM orders_dailydemand UNION ALL
SELECT 'snapshots', count(*) FROM stock_stocksnapshot UNION ALL
SELECT 'purchase lines', count(*) FROM orders_purchaseorderline UNION ALL
SELECT 'promotions', count(*) FROM catalog_promotion
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", default="600")
    products = parser.parse_args().products
    with tempfile.TemporaryDirectory(prefix="shelfwise-bench-") as folder:
        os.environ |= {
            "SHELFWISE_VAR": folder,
            "DATABASE_URL": f"sqlite:///{folder}/bench.sqlite3",
            "DJANGO_SETTINGS_MODULE": "inventory_site.settings",
        }
        run([sys.executable, "manage.py", "prepare"])
        started = time.monotonic()
        print(run([sys.executable, "-c", LOAD, "--products", products]).splitlines()[-1])
        print(f"elapsed {time.monotonic() - started:.1f} s")
        print(run([sys.executable, "manage.py", "verify_ledger"]).strip())
        report(Path(folder) / "bench.sqlite3")


def run(command: list[str]) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def report(file: Path) -> None:
    print(f"file {file.stat().st_size / 2**20:.0f} MiB")
    with sqlite3.connect(file) as database:
        for name, count in database.execute(ROWS):
            print(f"{name:>15} {count:9,}")


if __name__ == "__main__":
    main()
