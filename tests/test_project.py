"""The project around the code: pins, image, compose file, sizes, migrations, and nothing fetched from elsewhere."""

from __future__ import annotations

import ast
import os
import re
import stat
from collections.abc import Iterator
from importlib import metadata
from io import StringIO

import pytest
import yaml
from django.core.management import call_command
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.source import ROOT, everything

PIN = re.compile(r"[A-Za-z0-9_.-]+(\[[a-z,]+\])?==[0-9][A-Za-z0-9.]*")
# Namespaces are names, not addresses that a browser opens.
ELSEWHERE = re.compile(r"https?://(?!www\.w3\.org/)[\w.-]+|(?:src|href|action)=[\"']//[\w.-]+")


def requirement_files():
    return sorted(ROOT.glob("requirements*.txt"))


@pytest.mark.parametrize("file", requirement_files(), ids=lambda file: file.name)
def test_every_requirement_is_pinned_exactly(file):
    lines = [line.strip() for line in file.read_text().splitlines()]
    loose = [line for line in lines if line and not line.startswith(("#", "-r ")) and not PIN.fullmatch(line)]
    assert loose == []


def requirements(file) -> Iterator[Requirement]:
    for line in file.read_text().splitlines():
        if line.startswith("-r "):
            yield from requirements(file.with_name(line[3:]))
        elif line and not line.startswith("#"):
            yield Requirement(line)


def installed(file):
    """The file as a parameter; what only the long tests install is looked at by them."""
    marks = [pytest.mark.long] if file.name == "requirements-recurrent.txt" else []
    return pytest.param(file, marks=marks, id=file.name)


@pytest.mark.parametrize("file", [installed(file) for file in requirement_files()])
def test_what_the_requirements_need_in_turn_is_pinned_too(file):
    pinned = {canonicalize_name(requirement.name) for requirement in requirements(file)}
    waiting, seen = list(requirements(file)), set()
    while waiting:
        requirement = waiting.pop()
        for extra in {"", *requirement.extras}:
            if (requirement.name, extra) not in seen:
                seen.add((requirement.name, extra))
                further = map(Requirement, metadata.requires(requirement.name) or [])
                waiting += [r for r in further if r.marker is None or r.marker.evaluate({"extra": extra})]
    assert {canonicalize_name(name) for name, _extra in seen} == pinned


def test_no_file_and_no_function_is_too_long_to_read():
    long = [f"{module.path}: {module.lines} lines" for module in everything() if module.lines > 400]
    for module in everything():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = node.end_lineno - node.lineno + 1
                if lines > 60:
                    long.append(f"{module.path}:{node.lineno} {node.name}: {lines} lines")
    assert not long, "\n".join(long)


@pytest.mark.django_db
def test_every_change_of_a_model_has_its_migration():
    report = StringIO()
    try:
        call_command("makemigrations", check=True, dry_run=True, stdout=report)
    except SystemExit:
        pytest.fail(report.getvalue())
    assert "No changes detected" in report.getvalue()


def test_pages_fetch_nothing_from_other_hosts():
    files = [f for folder in ("templates", "static") for f in (ROOT / folder).rglob("*") if f.is_file()]
    found = [
        f"{file.relative_to(ROOT)}:{number} {match[0]}"
        for file in files
        if file.suffix in (".html", ".txt", ".js", ".css", ".svg", ".webmanifest")
        for number, line in enumerate(file.read_text().splitlines(), 1)
        for match in ELSEWHERE.finditer(line)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("text", ['<script src="https://cdn.example/x.js">', '<img src="//cdn.example/x.png">'])
def test_another_host_is_seen(text):
    assert ELSEWHERE.search(text)


def compose() -> dict:
    return yaml.safe_load((ROOT / "compose.yaml").read_text())


def test_compose_starts_every_part_and_watches_it():
    services = compose()["services"]
    assert {"web", "worker", "beat", "postgres", "redis"} <= set(services)
    once = {name for name, service in services.items() if service.get("restart") == "no"}
    assert {name for name, service in services.items() if "healthcheck" not in service} == once
    assert "noeviction" in " ".join(services["redis"]["command"])


def test_compose_lets_nobody_in_but_through_the_proxy_which_speaks_https():
    services = compose()["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    told = services["web"]["environment"]
    assert (told["SECURE_COOKIES"], told["BEHIND_TLS_PROXY"]) == ("1", "1")
    assert re.fullmatch(r"caddy:\d+\.\d+\.\d+", services["proxy"]["image"])
    caddyfile = (ROOT / "Caddyfile").read_text()
    assert "reverse_proxy web:8000" in caddyfile and caddyfile.count("{") == caddyfile.count("}")
    assert set(re.findall(r"\{\$(\w+)", caddyfile)) == set(services["proxy"]["environment"])


def test_compose_starts_commands_that_exist():
    commands = {file.stem for file in ROOT.glob("**/management/commands/*.py") if ".venv" not in file.parts}
    for name, service in compose()["services"].items():
        words = service.get("command", [])
        if words[:2] == ["python", "manage.py"]:
            assert words[2] in commands, name


def test_compose_has_no_secret_of_its_own():
    text = (ROOT / "compose.yaml").read_text()
    for secret in ("SECRET_KEY", "POSTGRES_PASSWORD"):
        uses = re.findall(rf"\$\{{{secret}([^}}]*)\}}", text)
        assert uses and all(use.startswith(":?") for use in uses), f"{secret} must be refused when it is missing"


def test_each_step_of_the_image_runs_in_ci_too():
    image = [line[4:].strip() for line in (ROOT / "Dockerfile").read_text().splitlines() if line.startswith("RUN ")]
    ci = {line.strip() for line in (ROOT / ".ci" / "run").read_text().splitlines()}
    assert len(image) >= 3 and [step for step in image if step not in ci] == []
    for script in (ROOT / step.split()[0] for step in image):
        assert script.exists() and os.stat(script).st_mode & stat.S_IXUSR, script
