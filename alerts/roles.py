"""Who may do what with alerts: everybody sees and handles those of their warehouses, managers set the rules."""

from inventory_site.common.roles import EVERYONE, FLOOR, MANAGERS, OFFICE, grant, grant_models

grant(EVERYONE, "alerts.view_alert")
grant(OFFICE | FLOOR, "alerts.change_alert")  # acknowledge, snooze, assign, resolve
grant_models("alerts", "rulesetting", view=OFFICE, change=MANAGERS)
grant_models("alerts", "subscription", "delivery", view=MANAGERS, change=MANAGERS)
