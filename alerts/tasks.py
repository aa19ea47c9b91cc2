"""What the workers do for alerts. A message is only a wake-up: lost or doubled, it does no harm."""

from __future__ import annotations

from celery import shared_task


@shared_task(expires=10)
def dispatch() -> None:
    """Write and send what is due; several at once share the work."""
    from alerts import services  # they bring much that beat and the worker's main process can do without

    services.dispatch()
