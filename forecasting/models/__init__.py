"""Forecasts and how right they were, and what people tell the forecast besides demand."""

from forecasting.models.accuracy import AccuracyByHorizon
from forecasting.models.anomalies import Anomaly
from forecasting.models.data import DataRule, Signal, SignalKind
from forecasting.models.forecasts import Accuracy, Forecast, TrainedModel
from forecasting.models.items import Launch, SeasonalShape, Segment
from forecasting.models.learning import AggregateForecast, LevelModel, ModelVersion, StockOutRegression
from forecasting.models.methods import MethodChoice, MethodTrial
from forecasting.models.overrides import ForecastValueAdded, Override

__all__ = [
    "Accuracy",
    "AccuracyByHorizon",
    "AggregateForecast",
    "Anomaly",
    "DataRule",
    "Forecast",
    "ForecastValueAdded",
    "Launch",
    "LevelModel",
    "MethodChoice",
    "MethodTrial",
    "ModelVersion",
    "Override",
    "SeasonalShape",
    "Segment",
    "Signal",
    "SignalKind",
    "StockOutRegression",
    "TrainedModel",
]
