"""Write very many rows at once, past the ORM's cost per row.

On SQLite a bulk_create inside a savepoint also keeps a copy of every page that each of its statements touches,
until the savepoint ends: several KB per row. One prepared statement for single rows keeps none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import Field, Model


def insert_rows(model: type[Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert tuples of Python values in the order of ``columns`` (field names, ``product_id`` for a foreign key).

    Defaults of the model are not filled in and primary keys are not read back; the database checks its constraints.
    """
    fields = _fields(model, columns)
    quoted = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    table = connection.ops.quote_name(model._meta.db_table)
    values = _prepared(fields, rows)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({quoted}) FROM STDIN") as copy:
                for row in values:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(fields))
            cursor.executemany(f"INSERT INTO {table} ({quoted}) VALUES ({marks})", values)


def update_rows(model: type[Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Set ``columns`` of the rows whose primary key comes last in each tuple, in the order given."""
    fields = _fields(model, (*columns, model._meta.pk.attname))
    *assigned, key = (f"{connection.ops.quote_name(field.column)} = %s" for field in fields)
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {table} SET {', '.join(assigned)} WHERE {key}", _prepared(fields, rows))


def _fields(model: type[Model], columns: Sequence[str]) -> list[Field]:
    by_name = {field.attname: field for field in model._meta.concrete_fields}
    return [by_name[name] for name in columns]


def _prepared(fields: Sequence[Field], rows: Iterable[Sequence[Any]]) -> Iterator[tuple]:
    prepare = [field.get_db_prep_save for field in fields]
    database = connections[DEFAULT_DB_ALIAS]  # itself: looking it up for every value takes longer than the value
    return (tuple(to(value, database) for to, value in zip(prepare, row, strict=True)) for row in rows)
