"""Who may do what in the catalogue."""

from inventory_site.common.roles import EVERYONE, OFFICE, grant, grant_models

grant_models(
    "catalog", "category", "product", "supplier", "supplierclosure", "supplierproduct", "promotion",
    view=EVERYONE, change=OFFICE,
)  # fmt: skip
grant_models("catalog", "pricebreak", view=OFFICE, change=OFFICE)
grant(OFFICE, "catalog.view_cost")
