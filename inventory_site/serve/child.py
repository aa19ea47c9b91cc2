"""Run web, worker or beat inside this process, and end it when whoever started it is gone.

Standard input is a pipe that the parent never writes to: it ends when the parent does, however that dies.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
import warnings

#: What to send when the parent is gone, and how long to wait before the next.
LAST_WORDS = ((signal.SIGTERM, 5), (signal.SIGQUIT, 5), (signal.SIGKILL, 0))


def watch_parent(pipe: int = 0) -> None:
    def watch() -> None:
        with contextlib.suppress(OSError):
            os.read(pipe, 1)
        for kind, seconds in LAST_WORDS:
            os.kill(os.getpid(), kind)
            time.sleep(seconds)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def main(program: str, arguments: list[str]) -> None:
    """``program`` is gunicorn or celery; both read ``sys.argv``."""
    watch_parent()
    warnings.filterwarnings("ignore", message="You're running the worker with superuser privileges")
    sys.argv = [program, *arguments]
    if program == "gunicorn":
        from gunicorn.app.wsgiapp import run
    else:
        from celery.__main__ import main as run
    sys.exit(run())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
