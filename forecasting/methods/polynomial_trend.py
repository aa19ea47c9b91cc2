"""Least-squares trend: a polynomial over time."""

from __future__ import annotations

from forecasting.methods.base import register
from forecasting.methods.linear_trend import LinearTrend


@register
class PolynomialTrend(LinearTrend):
    """A polynomial of the degree (0 to 3) that pays; it goes on for a tenth of the time that it was seen."""

    name = "polynomial_trend"
    nightly = False
    degree = 3
    reach = 0.1
