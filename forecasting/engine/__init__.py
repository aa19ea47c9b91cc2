"""Arrays in, arrays out: demand to mean, quantiles and lead-time demand. Knows no Django.

trained = train(panel, interval=interval, seed=0)             # once a week, over all series
trained = refresh(trained, panel)                             # on the nights between
result = forecast(panel, trained, interval, horizon=28)       # for any part of the series
data = trained.dumps(); trained = Trained.loads(data)         # between processes
"""

from __future__ import annotations

from forecasting.engine.panel import (
    GRID,
    STEP_LEVELS,
    Forecast,
    Freq,
    LeadTimeDemand,
    Panel,
    ProtectionInterval,
)
from forecasting.engine.predicting import forecast
from forecasting.engine.reuse import compared, refresh
from forecasting.engine.trained import Trained
from forecasting.engine.training import train

__all__ = [
    "GRID",
    "STEP_LEVELS",
    "Forecast",
    "Freq",
    "LeadTimeDemand",
    "Panel",
    "ProtectionInterval",
    "Trained",
    "compared",
    "forecast",
    "refresh",
    "train",
]
