"""Changing the lines of a draft of a sales order, as a page of the admin."""

from __future__ import annotations

from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from inventory_site.common.admin_acts import Act, version_seen
from orders import services
from orders.access import require_everywhere
from orders.admin_new import new_sales_lines
from orders.models import SalesOrder
from stock.access import within
from stock.lines_page import ACT, ChangesLines, DraftLine

SELL = "orders.change_salesorder"


class ChangesSalesLines(ChangesLines):
    def draft_lines(self, row: SalesOrder) -> list[DraftLine]:
        lines = row.lines.select_related("product", "warehouse").order_by("pk")
        return [
            DraftLine(line.pk, f"{line.product} · {line.warehouse}", line.quantity, line.unit_price) for line in lines
        ]


def change_lines(request, orders: list[SalesOrder], data: dict) -> str:
    (order,), form = orders, data["form"]
    require_everywhere(request.user, SELL, orders)
    first = order.lines.select_related("warehouse").order_by("pk").first()
    services.change_sales_draft(
        order=order, actor=request.user, quantities=form.changed("line"), prices=form.changed("price"),
        added=new_sales_lines(data["added"], first.warehouse), version=version_seen(request),
        within=within(request.user, SELL),
    )  # fmt: skip
    return _g("%(number)s: its lines are changed.") % {"number": order.number}


CHANGE_LINES = Act(
    ACT, _("Change lines"), SELL, change_lines, possible=lambda order: order.state == SalesOrder.State.DRAFT,
    form=lambda request, order: None,
)  # fmt: skip
