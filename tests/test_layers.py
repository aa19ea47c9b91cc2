"""The house stands: imports point down only, arithmetic knows no Django, and nothing happens behind one's back."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.source import APPS, ROOMS, ROOT, Module, modules

NAMED = re.compile(rf"(?:admin:)?({'|'.join(['common', *APPS])})(?:[.:]\w+)+|admin:({'|'.join(APPS)})_\w+")
MIGRATION = re.compile(r"\d{4}_\w+")
PURE = (
    "forecasting/engine/",
    "forecasting/methods/",
    "replenishment/backtest/",
    "replenishment/formulas.py",
    "replenishment/optimise/",
    "replenishment/simulate.py",
    "stock/choosing.py",
    "stock/count_errors.py",
    "stock/count_plan.py",
    "stock/counting.py",
    "stock/walks.py",
)
CLOCK = re.compile(r".*\.(now|today|localdate|localtime|utcnow)|time\.\w+")
QUERY = re.compile(r".*\.objects\..*\b(get|count|exists|first|last|load|create|update|delete|aggregate|get_or_create)")


def imported(tree: ast.AST, path: str = "") -> Iterator[tuple[int, str]]:
    """Line and dotted name of every import, wherever it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = ".".join(path.split("/")[: -node.level]) if node.level else ""
            base = ".".join(filter(None, (package, node.module)))
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def named(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and room of every string that names a model, permission, task, route or migration of a room."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and (match := NAMED.fullmatch(node.value)):
            yield node.lineno, match[1] or match[2]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("get_model", "get_app_config")):
            label = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else ""
            if label in ROOMS:
                yield node.lineno, label
        elif (
            isinstance(node, ast.Tuple) and len(node.elts) == 2 and all(isinstance(e, ast.Constant) for e in node.elts)
        ):
            label, migration = (element.value for element in node.elts)
            if label in ROOMS and isinstance(migration, str) and MIGRATION.fullmatch(migration):
                yield node.lineno, label


def room_of(name: str) -> str | None:
    """The room that a dotted name belongs to; None for other people's packages."""
    if name == "inventory_site.common" or name.startswith("inventory_site.common."):
        return "common"
    first = name.split(".")[0]
    return first if first in ROOMS else None


def upward(module: Module) -> list[str]:
    found = [(line, room_of(name)) for line, name in imported(module.tree, module.path)] + list(named(module.tree))
    height = ROOMS.index(module.room)
    return [
        f"{module.path}:{line} {module.room} reaches up to {room}"
        for line, room in found
        if room is not None and ROOMS.index(room) > height
    ]


def test_imports_point_down():
    found = [line for module in modules() for line in upward(module)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "source",
    [
        "import orders.models",
        "from orders import models",
        "def later():\n    from orders.models import SalesOrder",
        "from inventory_site import tasks",
        "key = models.ForeignKey('orders.SalesOrder', models.CASCADE)",
        "apps.get_model('orders', 'SalesOrder')",
        "reverse('orders:list')",
        "reverse('admin:orders_salesorder_changelist')",
        "user.has_perm('orders.view_salesorder')",
        "dependencies = [('orders', '0001_initial')]",
    ],
)
def test_each_way_of_reaching_up_is_seen(source):
    assert upward(Module("stock/services/ledger.py", ast.parse(source), 1)) != []


@pytest.mark.parametrize(
    "source", ["from catalog.models import Product", "from inventory_site.common import audit", "'Orders are late.'"]
)
def test_reaching_down_is_free(source):
    assert upward(Module("stock/services/ledger.py", ast.parse(source), 1)) == []


def test_every_package_of_the_product_is_a_room():
    packages = {file.parent.name for file in ROOT.glob("*/apps.py")}
    assert packages == {*APPS, "inventory_site"}


def test_the_product_does_not_import_its_tests():
    found = [
        f"{module.path}:{line} {name}"
        for module in modules()
        for line, name in imported(module.tree, module.path)
        if name.split(".")[0] in ("tests", "bench", "scripts")
    ]
    assert not found, "\n".join(found)


def test_arithmetic_knows_no_django():
    found = []
    for module in (m for m in modules() if m.path.startswith(PURE)):
        for line, name in imported(module.tree, module.path):
            pure = f"{name.replace('.', '/')}/".startswith(tuple(part.removesuffix(".py") for part in PURE))
            if name.split(".")[0] in ("django", "rest_framework", "celery") or (room_of(name) and not pure):
                found.append(f"{module.path}:{line} {name}")
    assert not found, "\n".join(found)


def test_nothing_happens_behind_ones_back():
    """No signal but the one that installs the ledger's triggers, no ``save`` that does more, no drawer of odds."""
    found = [f"{m.path}: no utils.py" for m in modules() if m.path.endswith("/utils.py")]
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef) and node.name == "save" and module.path.split("/")[-1] != "admin.py":
                found.append(f"{module.path}:{node.lineno} save() is overridden")
        for line, name in imported(module.tree, module.path):
            signal = name.startswith(("django.dispatch", "django.db.models.signals", "django.core.signals"))
            if signal and not name.endswith(".post_migrate"):
                found.append(f"{module.path}:{line} {name}")
    assert not found, "\n".join(found)


def at_import(node: ast.AST) -> Iterator[ast.Call]:
    """The calls that run when a module is imported: outside functions and lambdas."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.Call):
            yield child
        yield from at_import(child)


def test_importing_a_module_asks_neither_clock_nor_database():
    found = []
    for module in modules():
        for call in at_import(module.tree):
            function = ast.unparse(call.func)
            if CLOCK.fullmatch(function) or QUERY.fullmatch(function):
                found.append(f"{module.path}:{call.lineno} {function}()")
    assert not found, "\n".join(found)
