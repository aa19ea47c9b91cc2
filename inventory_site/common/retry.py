"""Try again what lost a race for rows; give up with a sentence."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError, OperationalError, connection
from django.utils.translation import gettext as _

from inventory_site.common.errors import Busy

T = TypeVar("T")

TRIES = 3
#: PostgreSQL: deadlock, lock not available, serialization failure.
BUSY_STATES = {"40P01", "55P03", "40001"}


def is_busy(error: OperationalError) -> bool:
    state = getattr(error.__cause__, "sqlstate", None)
    return state in BUSY_STATES or "database is locked" in str(error)


def retry_when_busy(attempt: Callable[[], T]) -> T:
    """Call ``attempt``, which opens its own transaction, up to three times; then raise ``Busy``.

    Inside a transaction there is nothing to retry: the database has already thrown it away.
    """
    for number in range(1, TRIES + 1):
        try:
            return attempt()
        except OperationalError as error:
            if connection.in_atomic_block or not is_busy(error):
                raise
            if number == TRIES:
                raise Busy(_("Others are writing to the same stock. Nothing was changed; try again.")) from error
            time.sleep(random.uniform(0.02, 0.1) * number)
    raise AssertionError("unreachable")


def retry_when_taken(attempt: Callable[[], T]) -> T:
    """Call ``attempt``, which checks its row and writes it, once more where somebody wrote the same row in between.

    The second time its own checks find that row, and say so.
    """
    try:
        return attempt()
    except IntegrityError:
        return attempt()
