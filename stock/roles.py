"""Who may do what in the warehouses. Nobody changes a level or a movement: stock moves through services only."""

from inventory_site.common.roles import (
    EVERYONE,
    FLOOR,
    MANAGERS,
    OFFICE,
    Role,
    every_permission,
    grant,
    grant_models,
    grant_shop_wide,
)

grant(
    EVERYONE,
    "stock.view_warehouse",
    "stock.view_stocklevel",
    "stock.view_stockmovement",
    "stock.view_allocation",
    "stock.view_stocksnapshot",
    "stock.view_setaside",
    "stock.view_transfer",
    "stock.view_transferline",
)
grant(FLOOR, "stock.add_stockmovement")  # adjust, write off, reverse
grant(FLOOR, "stock.add_setaside")  # set aside, put back, write off what is set aside
grant(OFFICE | FLOOR, "stock.add_transfer")  # draft one, give a draft up
grant(FLOOR, "stock.change_transfer")  # ship, receive, close, send back
grant(EVERYONE, "stock.view_stockcount", "stock.view_countline", "stock.view_countentry")
grant(EVERYONE, "stock.view_countneed")
grant(FLOOR, "stock.add_stockcount", "stock.change_stockcount")  # open, count, post, give up
grant(MANAGERS, "stock.approve_stockcount", "stock.settle_countentry")
grant_models("stock", "bin", view=EVERYONE, change=FLOOR)
grant(MANAGERS, "stock.over_receive_transfer")  # more than was sent, within the shop's tolerance
grant(MANAGERS, "stock.change_warehouse", "stock.view_warehouseaccess")
grant_models("stock", "closedday", view=EVERYONE, change=OFFICE)
grant_shop_wide(frozenset({Role.OWNER}), "stock.add_warehouse", *every_permission("stock.warehouseaccess"))
