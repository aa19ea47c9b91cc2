"""Who may do what with forecasts."""

from inventory_site.common.roles import EVERYONE, MANAGERS, OFFICE, grant_models, grant_shop_wide

grant_models("forecasting", "forecast", "accuracy", "accuracybyhorizon", "forecastvalueadded", view=EVERYONE)
grant_models("forecasting", "override", view=EVERYONE, change=OFFICE)
grant_models("forecasting", "anomaly", view=EVERYONE, change=OFFICE)
grant_models("forecasting", "signal", "datarule", view=EVERYONE, change=OFFICE)
grant_models("forecasting", "signalkind", view=EVERYONE, change=MANAGERS)
grant_models("forecasting", "segment", "launch", "aggregateforecast", "modelversion", view=EVERYONE)
grant_models("forecasting", "methodchoice", view=EVERYONE, change=MANAGERS)
grant_models("forecasting", "methodtrial", view=EVERYONE)
grant_shop_wide(MANAGERS, "forecasting.change_modelversion")
