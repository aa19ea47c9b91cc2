"""The product with guards that a request can switch off, for the negative controls: what the tests find must be
the guard's doing.

``X-Without`` names the guard, ``X-Cut`` breaks the line after the commit and before the answer.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextvars import ContextVar

from django.conf import settings
from django.db.backends.sqlite3.base import DatabaseWrapper

from inventory_site import wsgi
from inventory_site.common import audit, idempotency
from orders.querysets import PurchaseOrderQuerySet, ReturnQuerySet, SalesOrderQuerySet
from stock.querysets import StockLevelQuerySet, TransferQuerySet

OFF: ContextVar[str] = ContextVar("OFF", default="")

# A deadlock is told at once instead of after a second.
if "postgresql" in settings.DATABASES["default"]["ENGINE"]:
    settings.DATABASES["default"].setdefault("OPTIONS", {})["options"] = "-c deadlock_timeout=20ms"


def application(environ, start_response):
    token = OFF.set(environ.get("HTTP_X_WITHOUT", ""))
    try:
        answer = wsgi.application(environ, start_response)
    finally:
        OFF.reset(token)
    if environ.get("HTTP_X_CUT"):
        environ["gunicorn.socket"].shutdown(socket.SHUT_RDWR)
    return answer


def switch(owner, name: str, **unguarded: Callable) -> None:
    """Let a request without the guard of that name call the other function."""
    guarded = getattr(owner, name)
    setattr(owner, name, lambda *args, **fields: unguarded.get(OFF.get(), guarded)(*args, **fields))


def read_unlocked(rows):
    return rows.order_by("pk")


def lock_in_any_order(rows):
    """As it would be in the order of the request."""
    return rows.order_by("?").select_for_update(of=("self",), no_key=True)


class UnknownKey:
    is_new, status, answer = True, 0, None

    def store(self, status, answer):
        self.status, self.answer = status, answer


def begin_as_reader(connection):
    """SQLite's own way: a transaction becomes a writer at its first write, when what it read may be old already.

    The pause lets others commit in between on any machine, however quick.
    """
    cursor = connection.cursor()
    cursor.execute("BEGIN")
    cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")
    time.sleep(0.1)


_totals = StockLevelQuerySet.totals


def totals_in_two_statements(levels, user, skus=None):
    """What is in transit is read after what is on hand."""
    rows = list(_totals(levels, user, skus))
    later = {row["product"]: row["in_transit"] for row in _totals(levels, user, skus)}
    return [
        row | {"in_transit": later[row["product"]], "total": row["on_hand"] + later[row["product"]]} for row in rows
    ]


_record = audit.record


def record_slowly(**fields):
    """The last act before the commit takes longer, so that others come in between more often."""
    _record(**fields)
    time.sleep(0.05)


switch(StockLevelQuerySet, "locked", locks=read_unlocked, order=lock_in_any_order)
for documents in (SalesOrderQuerySet, PurchaseOrderQuerySet, ReturnQuerySet, TransferQuerySet):
    switch(documents, "locked", document_locks=read_unlocked)
switch(audit, "record", document_locks=record_slowly)
switch(idempotency, "claim", keys=lambda **_fields: UnknownKey())
switch(DatabaseWrapper, "_start_transaction_under_autocommit", immediate=begin_as_reader)
switch(StockLevelQuerySet, "totals", one_statement=totals_in_two_statements)
