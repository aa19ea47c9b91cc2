from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReplenishmentConfig(AppConfig):
    name = "replenishment"
    verbose_name = _("Replenishment")

    def ready(self) -> None:
        from replenishment import roles  # noqa: F401  registers the permission ladder
