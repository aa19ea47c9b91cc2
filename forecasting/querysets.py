"""Reads of forecasts, overrides and accuracies."""

from __future__ import annotations

from datetime import date, datetime

from django.db import models
from django.db.models import Q, Sum

from forecasting.accuracy import SUMS
from stock.models import Warehouse
from stock.querysets import InWarehouse


class SharedOrInWarehouse(InWarehouse):
    """Rows of one warehouse, or of all of them where it is empty."""

    def visible_to(self, user, permission: str | None = None):
        """Their own warehouses' rows and the shared ones; shared ones may be changed by who has all warehouses."""
        if user.is_authenticated and user.is_superuser:
            return self
        warehouses = Warehouse.objects.visible_to(user, permission)
        if not warehouses.query.where:
            return self
        own = Q(warehouse__in=warehouses.values("pk"))
        return self.filter(own if permission else own | Q(warehouse=None))


class ForecastQuerySet(InWarehouse):
    def of_run(self, run):
        """Of one run; none where there is no run."""
        return self.filter(run=run) if run else self.none()


class AccuracyQuerySet(InWarehouse):
    def of_run(self, run):
        return self.filter(run=run) if run else self.none()


class OverrideQuerySet(InWarehouse):
    def known_at(self, moment: datetime):
        """Said by then, and not taken back by then."""
        standing = Q(withdrawn_at=None) | Q(withdrawn_at__gt=moment)
        return self.filter(standing, made_at__lte=moment)

    def standing(self):
        """Not withdrawn."""
        return self.filter(withdrawn_at=None)

    def between(self, first_on: date, last_on: date):
        """With at least one day from the first to the last."""
        return self.filter(first_on__lte=last_on, last_on__gte=first_on)


class ValueAddedQuerySet(InWarehouse):
    def due(self, closed_on: date):
        """Not compared yet, and over by that day."""
        return self.filter(evaluated_on=None, last_on__lte=closed_on)

    def evaluated(self):
        return self.filter(evaluated_on__isnull=False)


class AccuracyByHorizonQuerySet(InWarehouse):
    def of_source(self, source: str):
        return self.filter(source=source)

    def summed(self, *by: str):
        """Dicts of the names in ``by`` and the sums of errors, one for each group, in the order of the names."""
        return self.order_by(*by).values(*by).annotate(**{f"total_{name}": Sum(name) for name in SUMS})


class SegmentQuerySet(InWarehouse):
    def judged_in(self, month: date):
        """Judged in the month of that day."""
        return self.filter(judged_on__year=month.year, judged_on__month=month.month)


class MethodTrialQuerySet(InWarehouse):
    def of_run(self, run):
        return self.filter(run=run) if run else self.none()


class LaunchQuerySet(InWarehouse):
    def of_run(self, run):
        return self.filter(run=run) if run else self.none()


class ModelVersionQuerySet(models.QuerySet):
    def before(self, run):
        """Of earlier runs of the same kind, the newest first."""
        return self.filter(run__kind=run.kind, run__lt=run.pk).order_by("-run__business_date", "-run")

    def pinned(self):
        return self.exclude(pinned_by="")


class AggregateForecastQuerySet(InWarehouse):
    """What spans warehouses is seen by those who see all of them."""

    def of_run(self, run):
        return self.filter(run=run) if run else self.none()


class AnomalyQuerySet(InWarehouse):
    def open(self):
        return self.filter(state="open")

    def open_on(self, day: date):
        """Found by that day and not explained by then; what has ended since was open for as long as it was seen."""
        later = Q(state__in=["one_off", "new_level"], explained_on__gt=day) | Q(state="over", seen_on__gte=day)
        return self.filter(Q(state="open") | later, found_on__lte=day)

    def explained_by(self, day: date):
        """About demand, and explained by the end of that day: what forecasts made then knew."""
        return self.filter(about="demand", state__in=["one_off", "new_level"], explained_on__lte=day)
