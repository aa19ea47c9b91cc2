"""Bring the database up to this version: safe to run at every start."""

from __future__ import annotations

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection


class Command(BaseCommand):
    help = "Migrate, make the cache table and, unless this is a laptop's SQLite, gather the static files."

    def handle(self, *args, **options):
        verbosity = options["verbosity"]
        call_command("migrate", interactive=False, verbosity=max(0, verbosity - 1))
        call_command("createcachetable", verbosity=max(0, verbosity - 1))
        if connection.vendor == "sqlite":
            settings.STATIC_ROOT.mkdir(exist_ok=True)  # WhiteNoise finds the files themselves, and warns without it
        else:
            call_command("collectstatic", interactive=False, verbosity=max(0, verbosity - 1))
        self.stdout.write(f"Database ready: {connection.vendor}, {connection.settings_dict['NAME']}")
