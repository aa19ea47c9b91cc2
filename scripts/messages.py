"""Gather the texts to translate into locale/, and compile them; needs Babel, not the gettext programs."""

from __future__ import annotations

import ast
import io
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ("zh_Hans",)
FOLDERS = ("inventory_site", "catalog", "stock", "orders", "forecasting", "replenishment", "alerts", "templates")
# Parts of packages that people see here and that bring no Chinese of their own.
PACKAGES = {
    "unfold": ("admin.py", "forms.py", "widgets.py", "mixins", "templates", "templatetags", "contrib/filters",
               "contrib/import_export"),
    "axes": (".",),
}  # fmt: skip
KEYWORDS = DEFAULT_KEYWORDS | {
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
}


Found = tuple[str, int, str | tuple[str, ...], list[str], str | None]


def texts(root: Path, folders: Iterable[str] = FOLDERS) -> Iterator[Found]:
    """File, line, text (or singular and plural), translators' comments and context of everything to translate."""
    for file in sorted(path for folder in folders for path in _files(root / folder)):
        if file.suffix not in (".py", ".html", ".txt") or "migrations" in file.parts:
            continue
        source = file.read_text()
        if file.suffix != ".py":
            source = _as_python(source)
        aliases = _aliases(source) if file.suffix == ".py" else {}
        keywords = KEYWORDS | {alias: KEYWORDS[name] for alias, name in aliases.items()}
        for line, function, text, comments in extract_python(
            io.BytesIO(source.encode()), keywords, ["Translators"], {}
        ):
            function = aliases.get(function, function)
            parts = text if isinstance(text, tuple) else (text,)
            context = parts[0] if "pgettext" in function else None
            found = tuple(part for part in parts[1 if context else 0 :] if part)
            if found:
                name = file.relative_to(root).as_posix()
                yield name, line, found[:2] if "ngettext" in function else found[0], comments, context


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


def _aliases(source: str) -> dict[str, str]:
    """What the file calls Django's functions, if not by their names: ``_g`` for ``gettext``."""
    imports = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom))
    names = [name for node in imports if node.module == "django.utils.translation" for name in node.names]
    return {name.asname: name.name for name in names if name.asname and name.name in KEYWORDS}


def _as_python(template: str) -> str:
    """A template's texts as calls of gettext, on the same lines."""
    from django.utils.translation.template import templatize

    return "\n".join(line.strip() for line in templatize(template).split("\n"))


def gather(language: str) -> Catalog:
    """The language's catalogue with today's texts; what is translated stays, what is no longer said goes."""
    file = ROOT / "locale" / language / "LC_MESSAGES" / "django.po"
    said = Catalog(creation_date=datetime(2026, 1, 1, tzinfo=UTC))
    for name, line, text, comments, context in everything():
        flags = ["python-format"] if "%(" in str(text) else []
        said.add(text, locations=[(name, line)], auto_comments=comments, context=context, flags=flags)
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
    for language in LANGUAGES:
        catalog = gather(language)
        folder = ROOT / "locale" / language / "LC_MESSAGES"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "django.po").open("wb") as target:
            write_po(target, catalog, width=110, include_lineno=False)
        with (folder / "django.mo").open("wb") as target:
            write_mo(target, catalog)
        translated = sum(1 for message in catalog if message.id and any(message.string or ()))
        sys.stdout.write(f"{language}: {translated} of {len(catalog)} texts translated\n")


if __name__ == "__main__":
    main()
