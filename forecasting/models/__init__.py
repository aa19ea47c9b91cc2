"""Forecasts and how right they were, and what people tell the forecast besides demand."""

from forecasting.models.accuracy import AccuracyByHorizon
from forecasting.models.forecasts import Accuracy, Forecast, TrainedModel
from forecasting.models.overrides import ForecastValueAdded, Override

__all__ = ["Accuracy", "AccuracyByHorizon", "Forecast", "ForecastValueAdded", "Override", "TrainedModel"]
