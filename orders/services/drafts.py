"""The lines of a sales order that is still a draft."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from inventory_site.common import audit
from inventory_site.common.models import User
from orders.errors import InvalidLines
from orders.models import SalesOrder, SalesOrderLine
from orders.money import line_amount
from orders.services.common import check_quantity
from orders.services.lines import State, claims_of, lines_of, lock_levels_for, locked_order, strategy_of, touch
from orders.services.sales import NewLine, check_lines, line_row
from stock.services import allocate, release


@transaction.atomic
def change_sales_draft(
    *,
    order: SalesOrder,
    actor: User | None,
    quantities: Mapping[int, int] | None = None,
    prices: Mapping[int, Decimal] | None = None,
    added: Sequence[NewLine] = (),
    version: int | None = None,
    within: Collection[int] | None = None,
) -> SalesOrder:
    """Change pieces and prices of these lines (0 pieces take one off) and add others; the rest stays as it is.

    Of a draft that is reserved, what is taken off is free again, and what is added is reserved too; ``within``
    are the warehouses whose stock the caller may promise.
    """
    order = locked_order(order, _("changed"), states=(State.DRAFT,), version=version)
    lines = {line.pk: line for line in lines_of(order)}
    before = {pk: line.quantity for pk, line in lines.items()}
    _set(lines, quantities or {}, prices or {})
    kept = [line for line in lines.values() if line.quantity]
    wishes = [NewLine(line.product, line.warehouse, line.quantity, line.unit_price) for line in kept]
    if not wishes and not added:
        raise InvalidLines(_("%(number)s would have no line left: cancel it instead.") % {"number": order.number})
    check_lines([*wishes, *added], order.shipping_charge, order.discount)
    new = SalesOrderLine.objects.bulk_create(line_row(order, line) for line in added)
    _reserve(order, list(lines.values()), new, within)
    SalesOrderLine.objects.bulk_update(kept, ["quantity", "unit_price", "amount"])
    SalesOrderLine.objects.filter(pk__in=[pk for pk, line in lines.items() if not line.quantity]).delete()
    touch(order)
    told = {pk: [before[pk], line.quantity] for pk, line in lines.items()}
    more = [[line.product.sku, line.quantity] for line in added]
    audit.record(actor=actor, action="sales_order.change_lines", subject=order, changes={"lines": told, "added": more})
    return order


def _set(lines: Mapping[int, SalesOrderLine], quantities: Mapping[int, int], prices: Mapping[int, Decimal]) -> None:
    for pk in {*quantities, *prices}:
        if pk not in lines:
            raise InvalidLines(_("Line %(line)s is not on this order.") % {"line": pk})
        line, quantity = lines[pk], quantities.get(pk, lines[pk].quantity)
        if quantity != 0 or isinstance(quantity, bool):
            check_quantity(quantity, line.product.sku)
        line.quantity, line.unit_price = quantity, prices.get(pk, line.unit_price)
        line.amount = line_amount(quantity, line.unit_price)


def _reserve(
    order: SalesOrder,
    lines: Sequence[SalesOrderLine],
    new: Sequence[SalesOrderLine],
    within: Collection[int] | None,
) -> None:
    """Free what is promised beyond the lines' quantities now; promise what a reserved draft misses."""
    over = {line: line.allocated_now - line.quantity for line in lines if line.allocated_now > line.quantity}
    wanted = {}
    if order.reserved_until:
        wanted = {line: line.quantity - line.allocated_now for line in lines if line.quantity > line.allocated_now}
        wanted |= {line: line.quantity for line in new}
    how = strategy_of(order)
    claims = claims_of(order, wanted, strategy=how, within=within)
    lock_levels_for(lines=lines, claims=claims)
    if over:
        release(quantities={line.holder: pieces for line, pieces in over.items()})
    if claims:
        allocate(claims=claims, strategy=how)
