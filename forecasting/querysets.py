"""Reads of forecasts."""

from __future__ import annotations

from stock.querysets import InWarehouse


class ForecastQuerySet(InWarehouse):
    def of_run(self, run):
        """Of one run; none where there is no run."""
        return self.filter(run=run) if run else self.none()


class AccuracyQuerySet(InWarehouse):
    def of_run(self, run):
        return self.filter(run=run) if run else self.none()
