"""The steps of a back-test; importing this registers them, and loads all that computes."""

from __future__ import annotations

from inventory_site.common.jobs import register_kind
from replenishment.services import backtests

register_kind(backtests.KIND, steps=backtests.STEPS, publish=backtests.finish)
