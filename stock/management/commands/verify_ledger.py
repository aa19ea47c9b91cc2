"""Prove that the levels are the sums of the ledger. Repairs nothing."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from inventory_site.common import audit
from stock import triggers
from stock.models import StockLevel


class Command(BaseCommand):
    help = "Compare every stock level with its movements, allocations and set-asides; exit 1 where they differ."

    def add_arguments(self, parser):
        parser.add_argument("--most", type=int, default=20, help="differences to print (default 20)")

    @transaction.atomic
    def handle(self, *args, most: int, **options):
        differing = StockLevel.objects.differing_from_ledger().select_related("product", "warehouse")
        found = differing.count()
        for level in differing.order_by("pk")[:most]:
            self.stdout.write(
                f"{level.product.sku} in {level.warehouse.code}: on hand {level.on_hand}, movements {level.moved}; "
                f"allocated {level.allocated}, open allocations {level.promised}; "
                f"unsellable {level.unsellable}, set-asides {level.aside}"
            )
        gone = triggers.missing()
        for name in sorted(gone):
            self.stdout.write(f"trigger {name} is missing: run migrate")
        broken = audit.broken_links()
        for pk in broken[:most]:
            self.stdout.write(f"audit row {pk} was changed, or one before it is gone")
        self.stdout.write(f"{StockLevel.objects.count()} levels, {found} differences")
        if found or gone or broken:
            raise CommandError(f"{found} differences, {len(gone)} missing triggers, {len(broken)} broken audit rows")
