from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReplenishmentConfig(AppConfig):
    name = "replenishment"
    verbose_name = _("Replenishment")

    def ready(self) -> None:
        from inventory_site.common import outbox
        from replenishment import roles  # noqa: F401  registers the permission ladder

        topics = ["stock.changed", "stock.coming", "orders.changed", "policies.changed"]
        outbox.register_consumer("positions", topics, hear_of_changes)


def hear_of_changes(payloads: list[dict]) -> None:
    """Imported when something is heard: what computes positions brings numpy and scipy, which take time to load."""
    from replenishment import services

    services.hear_of_changes(payloads)
