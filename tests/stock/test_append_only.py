"""A posted movement stays as it is, whoever tries to change it and how; the proof names what was changed behind it."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from stock import services, triggers
from stock.models import SetAside, StockLevel, StockMovement

pytestmark = [pytest.mark.django_db, pytest.mark.ledger, pytest.mark.full]


@pytest.fixture
def movement(make_product, receive):
    return receive(make_product("CUP"), 7)


@pytest.fixture
def aside(movement, warehouse):
    return services.set_aside(
        product=movement.level.product, warehouse=warehouse, quantity=3, reason=SetAside.Reason.DAMAGED, actor=None
    )


def save(row):
    row.quantity = 9
    row.save()


def update(row):
    type(row).objects.filter(pk=row.pk).update(quantity=9)


def delete(row):
    row.delete()


def delete_many(row):
    type(row).objects.all().delete()


def bulk_update(row):
    row.quantity = 9
    type(row).objects.bulk_update([row], ["quantity"])


def run(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


def raw_update(row):
    run(f"UPDATE {row._meta.db_table} SET quantity = 9 WHERE id = {row.pk}")


def raw_delete(row):
    run(f"DELETE FROM {row._meta.db_table}")


def replace_or_truncate(row):
    """The statement of each database that passes by the triggers of single rows."""
    table = row._meta.db_table
    if connection.vendor == "postgresql":
        run("SET CONSTRAINTS ALL IMMEDIATE")  # what this test wrote is still to be checked, and would be in the way
        return run(f"TRUNCATE {table} CASCADE")
    columns = ", ".join(field.column for field in row._meta.concrete_fields)
    return run(f"REPLACE INTO {table} ({columns}) SELECT {columns} FROM {table}")


ROUTES = [save, update, delete, delete_many, bulk_update, raw_update, raw_delete, replace_or_truncate]


@pytest.mark.parametrize("route", ROUTES)
def test_no_way_through_the_database_changes_a_movement(route, movement):
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        route(movement)
    assert StockMovement.objects.get().quantity == 7


@pytest.mark.parametrize("route", ROUTES)
def test_no_way_through_the_database_changes_a_set_aside(route, aside):
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        route(aside)
    assert SetAside.objects.get().quantity == 3


@pytest.mark.parametrize("verb", ["put", "patch", "delete"])
def test_the_api_has_no_verb_to_change_a_movement(verb, movement, api_of, make_user):
    client = api_of(make_user("owner"))
    answer = getattr(client, verb)(f"/api/v1/stock-movements/{movement.pk}/", {"quantity": 9}, format="json")
    assert answer.status_code == 405
    assert StockMovement.objects.get().quantity == 7


@pytest.mark.parametrize("page", ["change", "delete"])
def test_the_admin_changes_no_movement_even_for_a_superuser(page, movement, client_of, make_user):
    client = client_of(make_user("owner", is_superuser=True))
    answer = client.post(f"/admin/stock/stockmovement/{movement.pk}/{page}/", {"quantity": "9", "post": "yes"})
    assert answer.status_code == 403
    assert StockMovement.objects.get().quantity == 7


@pytest.mark.parametrize("table", triggers.TABLES)
def test_a_missing_trigger_fails_the_check_and_the_proof(table, movement):
    for name in sorted(triggers.names(connection.vendor, table)):
        run(f"DROP TRIGGER {name}" + ("" if connection.vendor == "sqlite" else f" ON {table}"))
        assert [error.id for error in triggers.check_triggers(None, ["default"])] == ["stock.E001"]
        with pytest.raises(CommandError, match="1 missing triggers"):
            call_command("verify_ledger", verbosity=0)
        triggers.install("default")
        assert triggers.check_triggers(None, ["default"]) == []


@pytest.mark.parametrize(
    ("planted", "named"),
    [
        ({"on_hand": 8}, "CUP in riga: on hand 8, movements 7; allocated 0, open allocations 0; unsellable 3"),
        ({"allocated": 1}, "allocated 1, open allocations 0"),
        ({"unsellable": 2}, "unsellable 2, set-asides 3"),
    ],
)
def test_the_proof_names_a_level_that_was_changed_behind_the_ledger(planted, named, aside, capsys):
    call_command("verify_ledger")
    StockLevel.objects.update(**planted)
    with pytest.raises(CommandError, match="1 differences"):
        call_command("verify_ledger")
    assert named in capsys.readouterr().out
