"""Who may do what with alerts: everybody sees and handles those of their warehouses, managers set the rules."""

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

grant(EVERYONE, "alerts.view_alert")
grant(OFFICE | FLOOR, "alerts.change_alert")  # acknowledge, snooze, assign, resolve
grant_models("alerts", "rulesetting", view=OFFICE, change=MANAGERS)
# Everybody chooses what they are told themselves; managers also for the people of their warehouses.
grant_models("alerts", "subscription", view=EVERYONE, change=EVERYONE)
grant(EVERYONE, "alerts.view_delivery", "alerts.change_delivery")
grant(MANAGERS, "alerts.manage_subscription")
grant_shop_wide(frozenset({Role.OWNER}), *every_permission("alerts.channel"))
