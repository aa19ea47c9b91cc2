from django.apps import AppConfig
from django.contrib.admin import apps


class InventorySiteConfig(AppConfig):
    name = "inventory_site"
    verbose_name = "Shelfwise"
    default = True


class ShelfAdminConfig(apps.AdminConfig):
    default = False
    default_site = "inventory_site.site.ShelfAdminSite"
