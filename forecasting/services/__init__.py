"""What the nightly job does for forecasts: learn once, forecast by parts, keep what came out."""

from forecasting.services.issuing import Issued, issue
from forecasting.services.saving import save_forecasts
from forecasting.services.training import HORIZON, panel_for, train_models, trained_of, training_series

__all__ = [
    "HORIZON",
    "Issued",
    "issue",
    "panel_for",
    "save_forecasts",
    "train_models",
    "trained_of",
    "training_series",
]
