"""Who may do what with forecasts."""

from inventory_site.common.roles import EVERYONE, OFFICE, grant_models

grant_models("forecasting", "forecast", "accuracy", "accuracybyhorizon", "forecastvalueadded", view=EVERYONE)
grant_models("forecasting", "override", view=EVERYONE, change=OFFICE)
