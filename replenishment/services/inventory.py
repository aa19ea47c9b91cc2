"""One product in one warehouse, said in one sentence: how many are there, the least, the usual order."""

from __future__ import annotations

from django.db import transaction

from catalog.models import Product
from inventory_site.common import audit
from inventory_site.common.models import User
from replenishment.services.policies import ensure_policies
from replenishment.services.positions import refresh_positions
from stock.models import StockLevel, Warehouse
from stock.services import ensure_levels, set_on_hand


@transaction.atomic
def record_inventory(
    *,
    product: Product | None,
    warehouse: Warehouse,
    actor: User,
    new_product: dict | None = None,
    current_stock: int | None = None,
    minimum_stock: int | None = None,
    order_quantity: int | None = None,
) -> StockLevel:
    """Post the stock as a count, set the least and the order by hand; what is None stays as it is."""
    product = product or Product.objects.create(**new_product)
    level_id = ensure_levels([(product.pk, warehouse.pk)])[product.pk, warehouse.pk]
    if current_stock is not None:
        set_on_hand(product=product, warehouse=warehouse, counted=current_stock, actor=actor, reference="inventory")
    by_hand = {"minimum_stock": minimum_stock, "order_quantity": order_quantity}
    by_hand = {name: value for name, value in by_hand.items() if value is not None}
    if by_hand:
        _set_by_hand(product, warehouse, by_hand)
    refresh_positions(level_ids=[level_id])
    level = StockLevel.objects.get(pk=level_id)
    audit.record(
        actor=actor, action="inventory.record", subject=level, changes=by_hand | {"current_stock": current_stock}
    )
    return level


def _set_by_hand(product: Product, warehouse: Warehouse, by_hand: dict[str, int]) -> None:
    scope = {"product": product, "category": None, "abc": "", "xyz": "", "supplier": None, "warehouse": warehouse}
    policy, _is_new = ensure_policies([scope], target="")[0]
    for name, value in by_hand.items():
        setattr(policy, name, value)
    policy.version += 1
    policy.save(update_fields=[*by_hand, "version"])
