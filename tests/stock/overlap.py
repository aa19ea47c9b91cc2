"""Two acts of which one begins in the midst of the other, so that a race shows each time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

from django.db import connection, transaction

#: So long the first waits for the second, who waits for the first's lock: then the first goes on.
SECONDS = 1


def overlapped(first: Callable[[], Any], second: Callable[[], Any]) -> list:
    """What each says, where the second begins while the first has done all and committed nothing."""
    is_done, is_over = Event(), Event()

    def held() -> Any:
        try:
            with transaction.atomic():
                said = first()
                is_done.set()
                is_over.wait(SECONDS)
        finally:
            connection.close()
        return said

    def meeting() -> Any:
        try:
            is_done.wait(30)
            return second()
        finally:
            is_over.set()
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        return [waiting.result() for waiting in (pool.submit(held), pool.submit(meeting))]
