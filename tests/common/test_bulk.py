"""Bulk writes put in what bulk_create would, and leave checks to the database."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from catalog.models import Product
from inventory_site.common.bulk import insert_rows, update_rows
from stock import services
from stock.models import StockLevel, StockMovement
from stock.services.ledger import BULK_ROWS

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]

AT = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
COLUMNS = ("sku", "name", "category_id", "barcode", "unit", "price", "unit_cost", "accepts_backorders", "is_active",
           "source", "created_at")  # fmt: skip


def test_values_come_back_as_they_went_in(make_product):
    category = make_product(sku="A").category_id
    insert_rows(Product, COLUMNS, [
        ("B", "tab\tand “quotes”\\N", category, "", "piece", Decimal("1.20"), Decimal("0.1234"), True, False, "t", AT)
    ])  # fmt: skip
    row = Product.objects.get(sku="B")
    assert (row.name, row.category_id, row.price, row.unit_cost) == (
        "tab\tand “quotes”\\N", category, Decimal("1.20"), Decimal("0.1234")
    )  # fmt: skip
    assert (row.accepts_backorders, row.is_active, row.created_at) == (True, False, AT)


def test_updates_reach_the_rows_that_they_name(make_product):
    first, second, third = (make_product() for _ in range(3))
    update_rows(Product, ("name", "price"), [("x", Decimal(1), first.pk), ("y", Decimal(2), third.pk)])
    assert list(Product.objects.order_by("pk").values_list("name", "price")) == [
        ("x", Decimal(1)), (second.name, Decimal(second.price)), ("y", Decimal(2))
    ]  # fmt: skip


def test_the_database_still_checks(make_product, warehouse, receive):
    level = receive(make_product(), 5).level
    with pytest.raises(IntegrityError), transaction.atomic():
        update_rows(StockLevel, ("on_hand",), [(-1, level.pk)])
    assert StockLevel.objects.get().on_hand == 5


def test_many_movements_post_like_few(make_product, warehouse):
    product = make_product()
    entry = services.Entry(product.pk, warehouse.pk, 2, StockMovement.Reason.RECEIPT, "many", AT)
    services.post_movements(entries=[entry] * BULK_ROWS)
    assert StockLevel.objects.get().on_hand == 2 * BULK_ROWS
    assert not StockLevel.objects.differing_from_ledger().exists()
    movement = StockMovement.objects.last()
    assert (movement.quantity, movement.reference, movement.effective_at) == (2, "many", AT)
    assert movement.recorded_at is not None and StockMovement.objects.count() == BULK_ROWS
