from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class StockConfig(AppConfig):
    name = "stock"
    verbose_name = _("Stock")

    def ready(self) -> None:
        from stock import roles, triggers  # noqa: F401  roles registers the permission ladder

        post_migrate.connect(triggers.install_after_migrate, sender=self, dispatch_uid="stock.triggers")
