"""Prove that every inventory position is what its stock, its orders and its plan make it. Repairs nothing."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError

from replenishment.models import InventoryPosition
from replenishment.services import differing_positions


class Command(BaseCommand):
    help = "Recompute every inventory position and compare; exit 1 where they differ. Run it when the outbox is empty."

    def add_arguments(self, parser):
        parser.add_argument("--most", type=int, default=20, help="differences to print (default 20)")

    def handle(self, *args, most: int, **options):
        found = 0
        for found, difference in enumerate(differing_positions(), start=1):
            if found <= most:
                row = difference.position
                self.stdout.write(
                    f"{row.product.sku} in {row.warehouse.code}: {difference.field} is {difference.stored}, "
                    f"computed {difference.computed}"
                )
        self.stdout.write(f"{InventoryPosition.objects.count()} positions, {found} differences")
        if found:
            raise CommandError(f"{found} differences")
