"""Database triggers that keep the ledger append-only, whoever writes SQL.

SQLite drops a table's triggers whenever Django rebuilds it, so they are installed after every migrate.
"""

from __future__ import annotations

from django.core.checks import Error, Tags, register
from django.db import connections

TABLE = "stock_stockmovement"
NAMES = {
    "sqlite": {f"{TABLE}_no_update", f"{TABLE}_no_delete"},
    "postgresql": {f"{TABLE}_append_only", f"{TABLE}_no_truncate"},
}

SQLITE = [
    f"""CREATE TRIGGER IF NOT EXISTS {TABLE}_no_{verb} BEFORE {verb.upper()} ON {TABLE}
    BEGIN SELECT RAISE(ABORT, 'stock movements are append-only: post a reversal'); END"""
    for verb in ("update", "delete")
]
POSTGRESQL = [
    f"""CREATE OR REPLACE FUNCTION {TABLE}_refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'stock movements are append-only: post a reversal'
    USING ERRCODE = 'restrict_violation'; END $$""",
    f"""CREATE OR REPLACE TRIGGER {TABLE}_append_only BEFORE UPDATE OR DELETE ON {TABLE}
    FOR EACH ROW EXECUTE FUNCTION {TABLE}_refuse()""",
    f"""CREATE OR REPLACE TRIGGER {TABLE}_no_truncate BEFORE TRUNCATE ON {TABLE}
    FOR EACH STATEMENT EXECUTE FUNCTION {TABLE}_refuse()""",
]


def install(using: str) -> None:
    """Put the triggers in place; doing it again changes nothing."""
    connection = connections[using]
    if TABLE not in connection.introspection.table_names():
        return
    with connection.cursor() as cursor:
        for statement in SQLITE if connection.vendor == "sqlite" else POSTGRESQL:
            cursor.execute(statement)


def missing(using: str = "default") -> set[str]:
    """Names of the triggers that are not there."""
    connection = connections[using]
    query = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE tgrelid = to_regclass(%s) AND tgenabled IN ('O', 'A')",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(query, [TABLE])
        return NAMES[connection.vendor] - {row[0] for row in cursor.fetchall()}


def install_after_migrate(sender, using, **kwargs) -> None:
    install(using)


@register(Tags.database)
def check_triggers(app_configs, databases, **kwargs):
    """Fail where the ledger could be changed in silence."""
    return [
        Error(
            f"The ledger's trigger {name} is missing in “{using}”.",
            hint="Run “manage.py migrate”: it installs the triggers. Then “manage.py verify_ledger”.",
            id="stock.E001",
        )
        for using in databases or []
        if TABLE in connections[using].introspection.table_names()
        for name in sorted(missing(using))
    ]
