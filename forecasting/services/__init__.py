"""What the nightly job does for forecasts: learn once, forecast by parts, keep what came out."""

from forecasting.services.evaluating import evaluate, split_accuracy
from forecasting.services.issuing import Issued, issue
from forecasting.services.learning import pin_version, train_models, unpin_version
from forecasting.services.saving import save_forecasts
from forecasting.services.training import HORIZON, panel_for, trained_of, training_series

__all__ = [
    "HORIZON",
    "Issued",
    "evaluate",
    "issue",
    "panel_for",
    "pin_version",
    "save_forecasts",
    "split_accuracy",
    "train_models",
    "trained_of",
    "training_series",
    "unpin_version",
]
