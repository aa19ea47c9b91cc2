from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReplenishmentConfig(AppConfig):
    name = "replenishment"
    verbose_name = _("Replenishment")

    def ready(self) -> None:
        from inventory_site.common import outbox
        from replenishment import roles  # noqa: F401  registers the permission ladder

        outbox.register_consumer("positions", ["stock.changed", "orders.changed", "policies.changed"], hear_of_changes)


def hear_of_changes(payloads: list[dict]) -> None:
    """Imported when something is heard: what computes positions brings numpy and scipy, which take time to load."""
    from replenishment import services

    services.hear_of_changes(payloads)
