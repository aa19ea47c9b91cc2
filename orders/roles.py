"""Who may do what with orders: the floor ships and receives, the office buys."""

from inventory_site.common.roles import EVERYONE, FLOOR, MANAGERS, OFFICE, grant, grant_models

grant_models(
    "orders", "demandseries", "dailydemand", "demandcorrection", "receipt", "salesorderline", "purchaseorderline",
    "reshaping", "returnline", "cartevent", "dailyinterest",
    "promiseddate", "reminder",
    view=EVERYONE,
)  # fmt: skip
grant_models("orders", "saleschannel", view=EVERYONE, change=MANAGERS)
grant_models("orders", "customer", view=OFFICE | FLOOR, change=OFFICE | FLOOR)
grant(EVERYONE, "orders.view_salesorder", "orders.view_purchaseorder")
grant(OFFICE | FLOOR, "orders.add_salesorder", "orders.change_salesorder")  # place, allocate, ship, cancel
grant(EVERYONE, "orders.view_return")
grant(OFFICE | FLOOR, "orders.add_return")  # announce one, give it up
grant(FLOOR, "orders.change_return")  # inspect, undo
grant(OFFICE, "orders.add_purchaseorder", "orders.change_purchaseorder")  # draft, confirm, cancel
grant(OFFICE | FLOOR, "orders.receive_purchaseorder")
grant(EVERYONE, "orders.view_deliveryfinding")
grant(OFFICE, "orders.change_deliveryfinding")  # cleared up with the supplier
grant(MANAGERS, "orders.over_receive_purchaseorder")  # more than was ordered, within the shop's tolerance
grant(OFFICE | FLOOR, "orders.add_cartevent")  # a shop's front end tells what visitors look at
