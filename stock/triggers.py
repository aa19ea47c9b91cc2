"""Database triggers that keep the ledger append-only, whoever writes SQL.

SQLite drops a table's triggers whenever Django rebuilds it, so they are installed after every migrate.
"""

from __future__ import annotations

from django.core.checks import Error, Tags, register
from django.db import connections

#: What may only be added to, and the sentence that a refused change ends in.
TABLES = {
    "stock_stockmovement": "stock movements are append-only: post a reversal",
    "stock_setaside": "set-asides are append-only: put the pieces back",
}
#: SQLite's REPLACE deletes without asking the DELETE trigger: a row that would take another's place is refused.
SAME_ROW = {
    "stock_stockmovement": "id = NEW.id OR reverses_id = NEW.reverses_id",
    "stock_setaside": "id = NEW.id",
}
VERBS = {"sqlite": ("no_update", "no_delete", "no_replace"), "postgresql": ("append_only", "no_truncate")}


def names(vendor: str, table: str) -> set[str]:
    return {f"{table}_{verb}" for verb in VERBS[vendor]}


def _sqlite(table: str, sentence: str) -> list[str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
    taken = f"EXISTS (SELECT 1 FROM {table} WHERE {SAME_ROW[table]})"
    return [
        f"CREATE TRIGGER IF NOT EXISTS {table}_no_update BEFORE UPDATE ON {table} {refuse}",
        f"CREATE TRIGGER IF NOT EXISTS {table}_no_delete BEFORE DELETE ON {table} {refuse}",
        f"CREATE TRIGGER IF NOT EXISTS {table}_no_replace BEFORE INSERT ON {table} WHEN {taken} {refuse}",
    ]


def _postgresql(table: str, sentence: str) -> list[str]:
    return [
        f"""CREATE OR REPLACE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '{sentence}' USING ERRCODE = 'restrict_violation'; END $$""",
        f"""CREATE OR REPLACE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
        FOR EACH ROW EXECUTE FUNCTION {table}_refuse()""",
        f"""CREATE OR REPLACE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()""",
    ]


def install(using: str) -> None:
    """Put the triggers in place; doing it again changes nothing."""
    connection = connections[using]
    statements = _sqlite if connection.vendor == "sqlite" else _postgresql
    with connection.cursor() as cursor:
        for table in _present(using):
            for statement in statements(table, TABLES[table]):
                cursor.execute(statement)


def missing(using: str = "default") -> set[str]:
    """Names of the triggers that are not there."""
    connection, gone = connections[using], set()
    query = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE tgrelid = to_regclass(%s) AND tgenabled IN ('O', 'A')",
    }[connection.vendor]
    with connection.cursor() as cursor:
        for table in _present(using):
            cursor.execute(query, [table])
            gone |= names(connection.vendor, table) - {row[0] for row in cursor.fetchall()}
    return gone


def _present(using: str) -> list[str]:
    found = connections[using].introspection.table_names()
    return [table for table in TABLES if table in found]


def install_after_migrate(sender, using, **kwargs) -> None:
    install(using)


@register(Tags.database)
def check_triggers(app_configs, databases, **kwargs):
    """Fail where the ledger could be changed in silence."""
    return [
        Error(
            f"The ledger's trigger {name} is missing in “{using}”.",
            hint="Run “manage.py migrate --skip-checks”: it installs the triggers. Then “manage.py verify_ledger”.",
            id="stock.E001",
        )
        for using in databases or []
        for name in sorted(missing(using))
    ]
