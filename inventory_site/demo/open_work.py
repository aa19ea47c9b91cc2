"""What waits in the demo's hall on its last evening: orders to pick, a transfer on its way, a return to inspect.

Begun after the night and of few pieces, so that neither the forecasts nor the year's figures know of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from inventory_site.common.models import ShopSettings, User
from inventory_site.common.roles import Role
from orders.models import SalesChannel, SalesOrder, Source
from orders.services import NewLine, place_sales_order, register_return
from stock.models import StockLevel, Warehouse
from stock.services import TransferWish, create_transfer, ship_transfer

CHANNEL = "web"
#: Pieces of each line of each order, in the clerk's warehouse and in another.
HERE, THERE = ((1, 2), (3,), (2, 1, 1, 2), (1,)), ((2, 1),)
SENT, CAME_BACK = (6, 4, 8), (1, 2)
GOODS = 20


@transaction.atomic
def begin_open_work() -> bool:
    """Once, by the services that people use; whether it was done now."""
    if SalesChannel.objects.filter(code=CHANNEL).exists():
        return False
    owner = User.objects.get(username=Role.OWNER)
    here, there = Warehouse.objects.order_by("priority")[:2]
    channel = SalesChannel.objects.create(code=CHANNEL, name=_("Web shop (simulated)"))
    goods = {place: _plenty(place) for place in (here, there)}
    for place, orders in ((here, HERE), (there, THERE)):
        for pieces in orders:
            goods_of_order = zip(pieces, goods[place], strict=False)
            lines = [NewLine(level.product, place, n, level.product.price) for n, level in goods_of_order]
            place_sales_order(channel=channel, lines=lines, actor=owner)
    _send(there, here, goods[there], owner)
    _announce(here, owner)
    return True


def _plenty(place: Warehouse) -> Iterator[StockLevel]:
    """The fullest shelves, where a few pieces less are no news."""
    levels = StockLevel.objects.with_available().filter(warehouse=place, product__is_active=True)
    return iter(levels.select_related("product").order_by("-available_now", "pk")[:GOODS])


def _send(source: Warehouse, destination: Warehouse, goods: Iterator[StockLevel], actor: User) -> None:
    lines = [TransferWish(level.product, n) for n, level in zip(SENT, goods, strict=False)]
    transfer = create_transfer(
        source=source, destination=destination, lines=lines, actor=actor, reference=_("simulated"),
        expected_on=ShopSettings.objects.load().today() + timedelta(days=1),
    )  # fmt: skip
    ship_transfer(transfer=transfer, actor=actor)


def _announce(place: Warehouse, actor: User) -> None:
    """Pieces of what the tills sold last."""
    sold = SalesOrder.objects.filter(source=Source.IMPORT, lines__warehouse=place, lines__shipped__gte=max(CAME_BACK))
    order = sold.order_by("-placed_at", "-pk").first()
    lines = order.lines.filter(shipped__gte=max(CAME_BACK)).order_by("pk")
    quantities = {line.pk: n for n, line in zip(CAME_BACK, lines, strict=False)}
    register_return(order=order, quantities=quantities, actor=actor, reason=_("dented (simulated)"))
