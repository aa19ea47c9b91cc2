"""The product with one of its guards off, for the negative controls: what the tests find must be the guard's doing."""

from __future__ import annotations

import socket

from inventory_site.wsgi import application


def without_locks():
    """Levels are read and not locked."""
    from stock.querysets import StockLevelQuerySet

    StockLevelQuerySet.locked = lambda self: self.order_by("pk")
    return application


def without_document_locks():
    """Orders, transfers and returns are read again and not locked."""
    from orders import querysets as orders
    from stock.querysets import TransferQuerySet

    for rows in (orders.SalesOrderQuerySet, orders.PurchaseOrderQuerySet, orders.ReturnQuerySet, TransferQuerySet):
        rows.locked = lambda self: self.order_by("pk")
    return application


def in_any_order():
    """Levels are locked in another order each time, as they would be in the order of the request."""
    from django.conf import settings

    from stock.querysets import StockLevelQuerySet

    settings.DATABASES["default"].setdefault("OPTIONS", {})["options"] = "-c deadlock_timeout=20ms"

    StockLevelQuerySet.locked = lambda self: self.order_by("?").select_for_update(of=("self",), no_key=True)
    return application


def without_keys():
    """No key is remembered."""
    from inventory_site.common import idempotency

    class Unguarded:
        is_new, status, answer = True, 0, None

        def store(self, status, answer):
            self.status, self.answer = status, answer

    idempotency.claim = lambda **_fields: Unguarded()
    return application


def cut_off():
    """The guarded product behind a line that breaks when a request asks for it: after the commit, before the answer."""

    def serve(environ, start_response):
        answer = application(environ, start_response)
        if environ.get("HTTP_X_CUT"):
            environ["gunicorn.socket"].shutdown(socket.SHUT_RDWR)
        return answer

    return serve


def cut_off_without_keys():
    without_keys()
    return cut_off()


def without_immediate():
    """SQLite's own way: a transaction becomes a writer at its first write, when what it read may be old already."""
    from django.conf import settings

    settings.DATABASES["default"]["OPTIONS"]["transaction_mode"] = "DEFERRED"
    return application


def with_torn_totals():
    """What is in transit is read after what is on hand."""
    from stock.querysets import StockLevelQuerySet

    in_one = StockLevelQuerySet.totals

    def in_two(self, user, skus=None):
        rows = list(in_one(self, user, skus))
        later = {row["product"]: row["in_transit"] for row in in_one(self, user, skus)}
        return [
            row | {"in_transit": later[row["product"]], "total": row["on_hand"] + later[row["product"]]} for row in rows
        ]

    StockLevelQuerySet.totals = in_two
    return application
