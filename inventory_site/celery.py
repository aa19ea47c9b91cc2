"""The Celery application; workers start with ``celery -A inventory_site worker``."""

import os

from celery import Celery
from kombu import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "inventory_site.settings")

app = Celery("shelfwise")
app.config_from_object("django.conf:settings", namespace="CELERY")
# A worker takes from both in turn, so that a long run does not keep the small tasks of every few seconds waiting.
app.conf.task_queues = [Queue(name, routing_key=name) for name in ("celery", "night")]
LONG_TASKS = ("inventory_site.tasks.work_partition", "orders.tasks.work_import")
app.conf.task_routes = {name: {"queue": "night"} for name in LONG_TASKS}
app.autodiscover_tasks()
