"""Gather the texts to translate into locale/, and compile them; needs Babel, not the gettext programs.

Those of code and pages are the domain "django", those of the phone's scripts "djangojs".
"""

from __future__ import annotations

import ast
import io
import json
import re
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from itertools import product
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ("zh_Hans",)
SCRIPTS = "static/hall"
LITERAL = r'"(?:[^"\\\n]|\\.)*"'
TEXT = rf"({LITERAL}(?:\s*\+\s*{LITERAL})*)"  # a long one is put together of several lines
SAID = re.compile(rf"\b(?:t\(\s*{TEXT}|nt\(\s*{TEXT}\s*,\s*{TEXT})")  # what scripts call to say something
FOLDERS = ("inventory_site", "catalog", "stock", "orders", "forecasting", "replenishment", "alerts", "templates")
# Parts of packages that people see here and that bring no Chinese of their own.
PACKAGES = {
    "unfold": ("admin.py", "forms.py", "widgets.py", "mixins", "templates", "templatetags", "contrib/filters",
               "contrib/import_export"),
    "axes": (".",),
}  # fmt: skip
PLAIN = ("gettext", "ngettext", "pgettext", "npgettext")
NAMES = {"gettext_noop", *PLAIN, *(f"{name}_lazy" for name in PLAIN)}
Found = tuple[str, int, str | tuple[str, ...], str | None]
Call = tuple[int, str, tuple[str, ...]]


def texts(root: Path, folders: Iterable[str] = FOLDERS) -> Iterator[Found]:
    """File, line, text (or singular and plural) and context of everything to translate."""
    for file in sorted(path for folder in folders for path in _files(root / folder)):
        if file.suffix not in (".py", ".html", ".txt") or "migrations" in file.parts:
            continue
        calls = _in_python if file.suffix == ".py" else _in_template
        for line, function, parts in calls(file.read_text()):
            context, *said = parts if parts and "pgettext" in function else (None, *parts)
            if said:
                text = tuple(said[:2]) if function.startswith("n") else said[0]
                yield file.relative_to(root).as_posix(), line, text, context


def _files(path: Path) -> Iterable[Path]:
    return [path] if path.is_file() else path.rglob("*")


def borrowed() -> Iterator[Found]:
    """The same of packages whose pages are ours to show."""
    for package, parts in PACKAGES.items():
        root = Path(find_spec(package).origin).parent.parent
        yield from texts(root, [f"{package}/{part}" for part in parts])


def everything() -> Iterator[Found]:
    yield from texts(ROOT)
    yield from borrowed()


def spoken(root: Path = ROOT) -> Iterator[Found]:
    """The same of the phone's scripts, whose texts are literal. Babel loses those behind a / in a template."""
    for file in sorted((root / SCRIPTS).rglob("*.js")):
        source = "" if "vendor" in file.parts else file.read_text()
        for call in SAID.finditer(source):
            said = (re.findall(LITERAL, part) for part in call.groups() if part is not None)
            one, *many = ("".join(map(json.loads, parts)) for parts in said)
            line = source.count("\n", 0, call.start()) + 1
            yield file.relative_to(root).as_posix(), line, (one, *many) if many else one, None


#: What each catalogue holds.
DOMAINS = {"django": everything, "djangojs": spoken}


def _in_python(source: str) -> Iterator[Call]:
    """Line, function and texts of each call of gettext, in f-strings too, by whatever name the file imports it."""
    tree = ast.parse(source)
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    imported = [name for node in imports if node.module == "django.utils.translation" for name in node.names]
    functions = {name.asname or name.name: name.name for name in imported if name.name in NAMES}
    named = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name))
    for node in sorted(named, key=lambda node: (node.lineno, node.col_offset)):
        if node.func.id in functions:
            parts = (arg.value for arg in node.args if isinstance(arg, ast.Constant))
            yield node.lineno, functions[node.func.id], tuple(part for part in parts if isinstance(part, str) and part)


def _in_template(source: str) -> Iterator[Call]:
    """The same of a template, which Django turns into lines that call gettext."""
    from django.utils.translation.template import templatize

    lines = "\n".join(line.strip() for line in templatize(source).split("\n"))
    for line, function, found, _comments in extract_python(io.BytesIO(lines.encode()), DEFAULT_KEYWORDS, [], {}):
        parts = found if isinstance(found, tuple) else (found,)
        yield line, function, tuple(part for part in parts if part)


def gather(language: str, domain: str) -> Catalog:
    """The language's catalogue with today's texts; what is translated stays, what is no longer said goes."""
    file = ROOT / "locale" / language / "LC_MESSAGES" / f"{domain}.po"
    said = Catalog(creation_date=datetime(2026, 1, 1, tzinfo=UTC))
    for name, line, text, context in DOMAINS[domain]():
        flags = ["python-format"] if "%(" in str(text) else []
        said.add(text, locations=[(name, line)], context=context, flags=flags)
    nobody = {"msgid_bugs_address": "", "last_translator": "", "language_team": ""}
    catalog = Catalog(
        locale=language, header_comment="# Texts of Shelfwise.", project="Shelfwise", version="1", **nobody
    )
    if file.exists():
        with file.open("rb") as source:
            catalog = read_po(source, locale=language)
    catalog.update(said, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    return catalog


def main() -> None:
    from django.conf import settings

    settings.configure(USE_I18N=True)
    for language, domain in product(LANGUAGES, DOMAINS):
        catalog = gather(language, domain)
        folder = ROOT / "locale" / language / "LC_MESSAGES"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{domain}.po").open("wb") as target:
            write_po(target, catalog, width=110, include_lineno=False)
        with (folder / f"{domain}.mo").open("wb") as target:
            write_mo(target, catalog)
        translated = sum(1 for message in catalog if message.id and any(message.string or ()))
        sys.stdout.write(f"{language}, {domain}: {translated} of {len(catalog)} texts translated\n")


if __name__ == "__main__":
    main()
