from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrdersConfig(AppConfig):
    name = "orders"
    verbose_name = _("Orders")

    def ready(self) -> None:
        from inventory_site.common import outbox
        from orders import roles  # noqa: F401  registers the permission ladder
        from orders.services import backorders

        outbox.register_consumer("orders.fulfil", ["stock.changed"], backorders.hear_of_stock)
