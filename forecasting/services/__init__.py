"""What the nightly job does for forecasts: learn once, forecast by parts, keep what came out."""

from forecasting.services.aggregating import forecast_aggregates, split_aggregates
from forecasting.services.anomalies import find_anomalies, split_anomalies
from forecasting.services.asking import asked_series, save_left_out, save_trials, with_asked, within_budget
from forecasting.services.evaluating import evaluate, split_accuracy
from forecasting.services.explaining import explain_anomalies, explain_anomaly, widened, withdraw_explanations
from forecasting.services.issuing import Issued, issue
from forecasting.services.launching import forecast_new, learned_launches, save_launches
from forecasting.services.learning import pin_version, train_models, unpin_version, uses_models_again
from forecasting.services.saving import save_forecasts
from forecasting.services.training import HORIZON, panel_for, trained_of, training_series

__all__ = [
    "HORIZON",
    "Issued",
    "asked_series",
    "evaluate",
    "explain_anomalies",
    "explain_anomaly",
    "find_anomalies",
    "forecast_aggregates",
    "forecast_new",
    "issue",
    "learned_launches",
    "panel_for",
    "pin_version",
    "save_forecasts",
    "save_launches",
    "save_left_out",
    "save_trials",
    "split_accuracy",
    "split_aggregates",
    "split_anomalies",
    "train_models",
    "trained_of",
    "training_series",
    "unpin_version",
    "uses_models_again",
    "widened",
    "with_asked",
    "withdraw_explanations",
    "within_budget",
]
