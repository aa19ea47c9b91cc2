"""The project: mounts the apps and is imported by none of them (its ``common`` aside)."""

from inventory_site.celery import app as celery_app

__all__ = ["celery_app"]
