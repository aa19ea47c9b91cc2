"""Wrong goods of a delivery: kept beside the purchase order until somebody cleared them up with the supplier."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from catalog.models import Product
from inventory_site.common import audit
from inventory_site.common.models import ShopSettings, User
from inventory_site.common.photos import keep_photo
from orders.errors import WrongState
from orders.models import DeliveryFinding, PurchaseOrder
from orders.services.common import check_quantity


@transaction.atomic
def report_wrong_goods(
    *,
    order: PurchaseOrder,
    code: str,
    quantity: int,
    actor: User | None,
    note: str = "",
    photo: bytes | None = None,
    product: Product | None = None,
) -> DeliveryFinding:
    """Keep what came and was not ordered; it moves no stock. ``code`` is what its label says."""
    check_quantity(quantity, code)
    if order.state == PurchaseOrder.State.DRAFT:
        raise WrongState.of(order, _("received"))
    row = DeliveryFinding.objects.create(
        order=order, code=code, product=product, quantity=quantity, note=note, actor=actor,
        photo=keep_photo(photo) if photo is not None else "", found_at=ShopSettings.objects.load().now(),
    )  # fmt: skip
    told = {"order": order.number, "code": code, "quantity": quantity, "note": note}
    audit.record(actor=actor, action="purchase_order.wrong_goods", subject=row, changes=told)
    return row


@transaction.atomic
def settle_wrong_goods(*, finding: DeliveryFinding, actor: User, note: str = "") -> DeliveryFinding:
    """It was cleared up with the supplier; said once."""
    finding = DeliveryFinding.objects.select_for_update(of=("self",)).get(pk=finding.pk)
    if finding.settled_at is not None:
        raise WrongState(_("These goods were settled before."))
    finding.settled_at, finding.settled_by = ShopSettings.objects.load().now(), actor
    finding.save(update_fields=["settled_at", "settled_by"])
    audit.record(actor=actor, action="purchase_order.settle_wrong_goods", subject=finding, changes={"note": note})
    return finding
