from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AlertsConfig(AppConfig):
    name = "alerts"
    verbose_name = _("Warnings")

    def ready(self) -> None:
        from alerts import roles  # noqa: F401  registers the permission ladder
        from inventory_site.common import outbox

        # After replenishment's own consumer, so that one sweep carries a movement through to its alert.
        outbox.register_consumer("alerts.positions", ["positions.changed"], hear_of_positions)
        outbox.register_consumer(
            "alerts.documents",
            ["stock.changed", "stock.coming", "orders.changed", "anomalies.changed"],
            hear_of_movements,
        )


def hear_of_positions(payloads: list[dict]) -> None:
    """Imported when something is heard, as the services bring much that the web and beat do not need at once."""
    from alerts import services

    services.hear_of_positions(payloads)


def hear_of_movements(payloads: list[dict]) -> None:
    from alerts import services

    services.hear_of_movements(payloads)
