"""What every page needs to know of the shop."""

from __future__ import annotations

from inventory_site.common.models import ShopSettings


def shop(request) -> dict:
    return {"shop": ShopSettings.objects.load()}
