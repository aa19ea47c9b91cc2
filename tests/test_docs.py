"""The docs name every setting, command, alert rule, forecast method and API route; what they don't name fails here."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest
from django.core.management import get_commands, load_command_class
from django.urls import URLPattern, URLResolver, get_resolver

from tests.source import APPS, ROOT, modules

VARIABLE = re.compile(r"[A-Z][A-Z_]+")
READERS = ("flag", "names", "number", "os.getenv", "os.environ.get")


@cache
def docs(name: str = "*") -> str:
    return "\n".join(file.read_text() for file in sorted((ROOT / "docs").glob(f"{name}.md")))


def variables() -> set[str]:
    """The environment variables that the product reads."""
    found = set()
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = str(node.args[0].value)
                if VARIABLE.fullmatch(name) and ast.unparse(node.func) in READERS:
                    found.add(name)
            elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
                name = str(node.slice.value)
                if VARIABLE.fullmatch(name) and ast.unparse(node.value) == "os.environ":
                    found.add(name)
    return found - {"DJANGO_SETTINGS_MODULE"} | {"DATABASE_URL"}  # read by dj_database_url


def commands() -> set[str]:
    files = [file for app in (*APPS, "inventory_site") for file in (ROOT / app / "management/commands").glob("*.py")]
    return {file.stem for file in files} - {"__init__"}


def registered(folder: str, attribute: str) -> set[str]:
    """What the classes under ``@register`` in a folder's files call themselves."""
    found = set()
    for module in (m for m in modules() if m.path.startswith(folder)):
        for node in (n for n in module.tree.body if isinstance(n, ast.ClassDef) and n.decorator_list):
            for line in (n for n in node.body if isinstance(n, ast.Assign)):
                targets = [t for target in line.targets for t in getattr(target, "elts", [target])]
                values = getattr(line.value, "elts", [line.value])
                found |= {v.value for t, v in zip(targets, values, strict=False) if ast.unparse(t) == attribute}
    return found


def routes(resolver: URLResolver | None = None, before: str = "") -> Iterator[str]:
    """The addresses under /api/, without the parts that vary."""
    for pattern in (resolver or get_resolver()).url_patterns:
        address = before + re.sub(r"[\^$?\\]|\(\?P.*?\)", "", str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, address)
        elif isinstance(pattern, URLPattern) and address.startswith("api/"):
            yield address


def resources() -> set[str]:
    """The first part of each route after its version: ``stock-levels`` of ``api/v1/stock-levels/…``."""
    parts = {re.sub(r"^api/(v1/)?", "", address).split("/")[0] for address in routes()}
    return {part.removesuffix(".") for part in parts if re.fullmatch(r"[a-z][a-z-]+", part)}


def unnamed(names: set[str], text: str) -> list[str]:
    """The names that do not stand in the text as code."""
    return sorted(
        name for name in names if not re.search(rf"`[^`\n]*(?<![\w-]){re.escape(name)}(?![\w-])[^`\n]*`", text)
    )


def test_a_name_that_is_missing_is_seen():
    assert unnamed({"stock", "REDIS_URL", "serve"}, "`stock-levels`, `REDIS_URL=…`, serve") == ["serve", "stock"]


def test_every_environment_variable_is_explained():
    assert {"REDIS_URL", "SECRET_KEY", "DEBUG"} <= variables()
    assert unnamed(variables(), docs("settings")) == []


def test_every_command_is_explained():
    assert "prepare" in commands()
    assert unnamed(commands(), docs()) == []


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_explains_itself(name, capsys):
    load_command_class(get_commands()[name], name).print_help("manage.py", name)
    assert f"manage.py {name}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("folder", "attribute", "page"),
    [("alerts/rules/", "code", "alerts"), ("forecasting/methods/", "name", "methods")],
)
def test_every_rule_and_every_method_is_explained(folder, attribute, page):
    names = registered(folder, attribute)
    assert len(names) >= 5
    assert unnamed(names, docs(page)) == []


def test_every_api_route_is_explained():
    assert "stock-levels" in resources()
    assert unnamed(resources(), docs("api")) == []


def test_links_between_the_docs_lead_somewhere():
    broken = []
    for page in [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
            if not target.startswith(("http:", "https:", "mailto:")) and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert not broken, "\n".join(broken)


def test_every_make_target_is_listed_by_make_help():
    makefile = (ROOT / "Makefile").read_text()
    phony = set(re.findall(r"^\.PHONY: ([\w-]+)", makefile, re.M))
    helped = set(re.findall(r"^([\w-]+):.*## ", makefile, re.M))
    assert phony == helped
