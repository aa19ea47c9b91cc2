"""Syntetos-Boylan approximation."""

from __future__ import annotations

from forecasting.methods.base import register
from forecasting.methods.croston import Croston


@register
class SBA(Croston):
    """Croston's rate times 1 - weight/2, which takes out its upward bias (Syntetos and Boylan 2005)."""

    name = "sba"

    @property
    def correction(self) -> float:
        return 1 - self.weight / 2
