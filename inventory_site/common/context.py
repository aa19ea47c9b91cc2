"""What every page needs to know of the shop."""

from __future__ import annotations

from inventory_site.common.models import ShopSettings


def shop(request) -> dict:
    """Asked for by each template of a page, answered by one query."""
    if not hasattr(request, "shop"):
        request.shop = ShopSettings.objects.load()
    return {"shop": request.shop}
