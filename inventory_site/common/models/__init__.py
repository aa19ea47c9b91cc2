"""What every app leans on: settings of the shop, jobs, idempotency, outbox, audit, tokens."""

from inventory_site.common.models.audit import Audit
from inventory_site.common.models.idempotency import IdempotencyKey
from inventory_site.common.models.imports import ImportJob
from inventory_site.common.models.jobs import Heartbeat, JobPartition, JobRun
from inventory_site.common.models.lists import ColumnChoice, ConfirmedDefault, SavedFilter
from inventory_site.common.models.outbox import OutboxDelivery, OutboxEvent
from inventory_site.common.models.people import ApiToken, User
from inventory_site.common.models.shop import ShopSettings

__all__ = [
    "ApiToken",
    "Audit",
    "ColumnChoice",
    "ConfirmedDefault",
    "Heartbeat",
    "IdempotencyKey",
    "ImportJob",
    "JobPartition",
    "JobRun",
    "OutboxDelivery",
    "OutboxEvent",
    "SavedFilter",
    "ShopSettings",
    "User",
]
