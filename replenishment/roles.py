"""Who may do what in replenishment: everybody reads the plan, the office decides."""

from inventory_site.common.roles import EVERYONE, OFFICE, grant, grant_models, grant_shop_wide

grant_models(
    "replenishment", "leadtime", "reorderpoint", "inventoryposition", "kpisnapshot", "suggestion", "supplierscore",
    view=EVERYONE,
)  # fmt: skip
grant_models("replenishment", "backtest", "keyfigures", view=EVERYONE)
grant_shop_wide(OFFICE, "replenishment.add_backtest")
grant(OFFICE, "replenishment.change_suggestion")  # accept, dismiss, take back
grant_models("replenishment", "policy", "transferlane", view=EVERYONE, change=OFFICE)
grant_models("replenishment", "policymeasure", "policymodechange", view=EVERYONE)
