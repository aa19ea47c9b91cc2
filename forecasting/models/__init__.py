"""Forecasts and how right they were, and what people tell the forecast besides demand."""

from forecasting.models.forecasts import Accuracy, Forecast, Override, TrainedModel

__all__ = ["Accuracy", "Forecast", "Override", "TrainedModel"]
