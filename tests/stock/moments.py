"""Moments that are so many days ago by Riga's calendar, whatever hour it is."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone


def at_noon(days_ago: int) -> datetime:
    """Noon there, so many days before its today."""
    return timezone.now().astimezone(ZoneInfo("Europe/Riga")).replace(hour=12) - timedelta(days=days_ago)
