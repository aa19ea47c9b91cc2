"""Workers to be killed: for each line on standard input one process more, forked from this one, whose imports are done.

Started as a program, with the length of a lease in seconds. A line names the database file, the answer is a process id.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import timedelta

import django

if __name__ == "__main__":
    django.setup()

    from django.db import connection

    from inventory_site import nightly_steps  # noqa: F401  registers the steps
    from inventory_site.common import jobs, querysets
    from inventory_site.common.models import JobRun

    querysets.LEASE = timedelta(seconds=float(sys.argv[1]))
    querysets.MAX_ATTEMPTS = 1000
    jobs.RENEWED_EVERY, jobs.LOOKED_AGAIN_SECONDS = querysets.LEASE / 4, 0.05
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        if pid := os.fork():
            sys.stdout.write(f"{pid}\n")
            sys.stdout.flush()
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        connection.settings_dict["NAME"] = line.strip()
        jobs.work_on(JobRun.objects.running().get())
        os._exit(0)
