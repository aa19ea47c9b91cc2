"""The first page of the morning: what to do, in the order of what it costs to leave it."""

from __future__ import annotations

from django.http import HttpRequest


def dashboard(request: HttpRequest, context: dict) -> dict:
    """Called by Unfold for the admin's index."""
    return context
