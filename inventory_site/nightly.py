"""The nightly job: when it is due, and how people start it. What it does stands in ``nightly_steps``."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _

from inventory_site.common.errors import DomainError
from inventory_site.common.jobs import start_run
from inventory_site.common.models import JobRun, ShopSettings
from stock.models import Warehouse

KIND = "nightly"
ONE_DAY = timedelta(days=1)


class DayNotOver(DomainError):
    """Somewhere the day goes on, so its demand is not known yet."""

    code = "day_not_over"


class NewerRun(DomainError):
    """A later day was planned already: an older plan would replace it."""

    code = "newer_run"


def last_over(now: datetime | None = None) -> date:
    """The last business day that is over in every warehouse; in the demo the day on which its calendar stands still."""
    shop = ShopSettings.objects.load()
    if shop.demo_until:
        return shop.demo_until
    now = now or timezone.now()
    zones = {shop.time_zone, *Warehouse.objects.active().values_list("time_zone", flat=True)}
    return min(now.astimezone(ZoneInfo(zone)).date() for zone in zones) - ONE_DAY


def due_date(now: datetime | None = None) -> date | None:
    """The day that should be run now; None before ``night_at``, and where that day or a later one has its run."""
    shop = ShopSettings.objects.load()
    now = now or timezone.now()
    day = last_over(now)
    if not shop.demo_until:
        local = now.astimezone(shop.zone)
        nights_begun = local.date() if local.time() >= shop.night_at else local.date() - ONE_DAY
        day = min(day, nights_begun - ONE_DAY)
    return None if JobRun.objects.filter(kind=KIND, business_date__gte=day).exists() else day


def start_if_due() -> JobRun | None:
    """Start the run that is due; none while another is unfinished."""
    day = due_date()
    if day is None or JobRun.objects.running().filter(kind=KIND).exists():
        return None
    return start_run(kind=KIND, business_date=day, requested_by="beat")


def request_run(*, requested_by: str, business_date: date | None = None, force: bool = False) -> JobRun:
    """Start the run of that day (the last one that is over), or return the one that is there.

    Raises ``DayNotOver``, ``NewerRun`` or ``RunUnderWay``. Then ``wake_workers``, or work on it yourself.
    """
    newest = last_over()
    day = business_date or newest
    if day > newest:
        raise DayNotOver(
            _("%(day)s is not over in every warehouse. The last day that can be run is %(newest)s.")
            % {"day": day, "newest": newest}
        )
    later = JobRun.objects.published().filter(kind=KIND, business_date__gt=day).order_by("business_date").last()
    if later:
        raise NewerRun(
            _("%(later)s was planned already, so %(day)s can't be run any more.")
            % {"later": later.business_date, "day": day}
        )
    return start_run(kind=KIND, business_date=day, requested_by=requested_by, force=force)
