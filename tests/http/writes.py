"""Eight write endpoints, each with a request that changes one thing and a count of how often it did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from django.db.models import Sum

from orders.models import PurchaseOrder, Receipt, SalesOrder, SalesOrderLine
from stock.models import SetAside, StockMovement
from tests.http.clients import Client


def order_of(*lines: tuple[str, int], warehouse: str = "riga") -> dict:
    """The body of a sales order of (SKU, quantity) lines."""
    return {
        "channel": "web",
        "lines": [{"product": sku, "warehouse": warehouse, "quantity": quantity} for sku, quantity in lines],
    }


@dataclass(frozen=True)
class Write:
    name: str
    path: str
    effects: Callable[[], int]
    body: dict = field(default_factory=dict)


def _pieces(rows, name: str) -> int:
    return abs(rows.aggregate(total=Sum(name))["total"] or 0)


def _made(client: Client, path: str, body: dict | None = None) -> dict:
    answer = client.post(path, body)
    assert answer.status in (200, 201), answer
    return answer.body


def eight_writes(client: Client, most: int) -> list[Write]:
    """Make the documents that they act upon. Repeated ``most`` times each would do as much again, and could."""
    sold = _made(client, "sales-orders", order_of(("CUP", most)))
    other = _made(client, "sales-orders", order_of(("CUP", most)))
    purchase = {"supplier": "S1", "warehouse": "riga", "lines": [{"product": "CUP", "quantity": most}]}
    bought = _made(client, "purchase-orders", purchase)
    _made(client, f"purchase-orders/{bought['number']}/confirm")
    one_of = {"product": "CUP", "warehouse": "riga", "quantity": 1}
    _made(client, "set-asides", one_of | {"reason": "held", "quantity": most})
    return [
        Write("place", "sales-orders", SalesOrder.objects.filter(lines__quantity=1).count, order_of(("CUP", 1))),
        Write(
            "ship", f"sales-orders/{sold['number']}/ship",
            lambda: _pieces(SalesOrderLine.objects.all(), "shipped"), _one(sold),
        ),
        Write(
            "cancel", f"sales-orders/{other['number']}/cancel",
            lambda: _pieces(SalesOrderLine.objects.all(), "cancelled"), _one(other),
        ),
        Write("buy", "purchase-orders", PurchaseOrder.objects.filter(state="draft").count, purchase),
        Write(
            "receive", f"purchase-orders/{bought['number']}/receive",
            lambda: _pieces(Receipt.objects.all(), "quantity"), _one(bought),
        ),
        Write(
            "adjust", "stock-movements",
            lambda: _pieces(StockMovement.objects.filter(reason="adjustment"), "quantity"),
            one_of | {"reason": "adjustment"},
        ),
        Write(
            "set aside", "set-asides",
            lambda: _pieces(SetAside.objects.filter(reason="damaged"), "quantity"), one_of | {"reason": "damaged"},
        ),
        Write(
            "put back", "set-asides/put-back",
            lambda: _pieces(SetAside.objects.filter(reason="put_back"), "quantity"), one_of,
        ),
    ]  # fmt: skip


def _one(document: dict) -> dict:
    """One piece of its first line."""
    return {"lines": [{"line": document["lines"][0]["id"], "quantity": 1}]}
