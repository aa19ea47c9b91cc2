"""What is known of customers, and forgetting it."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from inventory_site.common import audit
from inventory_site.common.models import User
from orders.errors import WrongState
from orders.models import Customer, SalesOrder
from orders.services.lines import UNFINISHED


@transaction.atomic
def forget_customer(*, customer: Customer, actor: User | None) -> Customer:
    """Blank the name, the e-mail and the addresses; refused while an order still has to be sent.

    The orders stay, since stock and demand are made of them.
    """
    orders = list(SalesOrder.objects.filter(customer=customer).locked())
    unfinished = [order for order in orders if order.state in UNFINISHED]
    if unfinished:
        raise WrongState(
            _("%(number)s of this customer is not finished. Ship or cancel it, then forget the customer.")
            % {"number": unfinished[0].number}
        )
    for order in orders:
        order.ship_to = ""
        order.version += 1
    SalesOrder.objects.bulk_update(orders, ["ship_to", "version"])
    customer.name = customer.email = ""
    customer.save(update_fields=["name", "email"])
    audit.record(actor=actor, action="customer.forget", subject=customer, changes={"orders": len(orders)})
    return customer
