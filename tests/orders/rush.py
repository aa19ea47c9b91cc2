"""Several people at once, each on a connection of their own."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import DatabaseError, connection

from inventory_site.common.errors import DomainError
from inventory_site.common.retry import retry_when_busy

CLIENTS = 8
#: Tries that a control has to show the bug.
ROUNDS = 10


def at_once(*works) -> Counter:
    """Start all of these together in threads of their own connection; count the kinds of answers."""
    start = Barrier(len(works))

    def guarded(work) -> str:
        try:
            start.wait()
            retry_when_busy(work)
            return "done"
        except (DomainError, DatabaseError) as error:
            return type(error).__name__
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return Counter(pool.map(guarded, works))
