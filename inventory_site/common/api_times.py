"""Moments in the bodies of requests."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.timezone import is_naive
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from inventory_site.common.models import ShopSettings

#: What is told later than this has lost its moment; more likely the clock is wrong.
OLDEST = timedelta(days=90)


def of_device(at: datetime | None) -> datetime | None:
    """A moment that a device told; where its clock cannot be right, now.

    None, which means now as well, where the shop's day stands still: counts are dated by the real clock there too.
    """
    shop = ShopSettings.objects.load()
    if at is None or shop.demo_until:
        return None
    now = shop.now()
    return at if now - OLDEST <= at <= now else now


class ZonedTime(serializers.DateTimeField):
    """A time with its zone. One without is refused: the caller's clock and ours need not agree which one is meant."""

    default_error_messages = {
        "naive": _("“%(written)s” does not tell its zone. Write a time with its zone (2026-03-29T18:00Z)."),
    }

    def enforce_timezone(self, value: datetime) -> datetime:
        if is_naive(value):
            raise serializers.ValidationError(self.error_messages["naive"] % {"written": value.isoformat()})
        return super().enforce_timezone(value)
