"""Which bins an item lies in. A bin is a label: this moves no stock, and saying it again changes nothing."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from catalog.models import Product
from inventory_site.common import audit
from inventory_site.common.models import User
from stock.errors import WrongBin
from stock.models import Bin, StockLevel
from stock.services.levels import ensure_levels


@transaction.atomic
def put_in_bin(*, product: Product, place: Bin, actor: User | None, instead_of: Bin | None = None) -> StockLevel:
    """The item lies in this bin too, or ``instead_of`` another one of the same warehouse."""
    if instead_of is not None and instead_of.warehouse_id != place.warehouse_id:
        raise WrongBin(
            _("%(one)s and %(other)s are not in the same warehouse. Send a transfer.")
            % {"one": instead_of.code, "other": place.code}
        )
    level = _level(product, place)
    place.levels.add(level)
    if instead_of is not None and instead_of.pk != place.pk:
        instead_of.levels.remove(level)
    told = {"sku": product.sku, "to": place.code, "from": instead_of.code if instead_of else ""}
    audit.record(actor=actor, action="stock.put_in_bin", subject=place, changes=told)
    return level


@transaction.atomic
def take_from_bin(*, product: Product, place: Bin, actor: User | None) -> StockLevel:
    """The item lies in this bin no more."""
    level = _level(product, place)
    if not place.levels.filter(pk=level.pk).exists():
        raise WrongBin(_("%(sku)s does not lie in %(bin)s.") % {"sku": product.sku, "bin": place.code})
    place.levels.remove(level)
    audit.record(actor=actor, action="stock.take_from_bin", subject=place, changes={"sku": product.sku})
    return level


def _level(product: Product, place: Bin) -> StockLevel:
    ids = ensure_levels([(product.pk, place.warehouse_id)])
    return StockLevel.objects.select_related("product").get(pk=ids[product.pk, place.warehouse_id])
