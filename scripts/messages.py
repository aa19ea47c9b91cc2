"""Gather the texts to translate into locale/, and compile them; needs Babel, not the gettext programs."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ("zh_Hans",)
FOLDERS = ("inventory_site", "catalog", "stock", "orders", "forecasting", "replenishment", "alerts", "templates")
KEYWORDS = DEFAULT_KEYWORDS | {
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
}


def texts(root: Path) -> Iterator[tuple[str, int, str | tuple[str, ...], list[str], str | None]]:
    """File, line, text (or singular and plural), translators' comments and context of everything to translate."""
    for file in sorted(path for folder in FOLDERS for path in (root / folder).rglob("*")):
        if file.suffix not in (".py", ".html", ".txt") or "migrations" in file.parts:
            continue
        source = file.read_text()
        if file.suffix != ".py":
            source = _as_python(source)
        for line, function, text, comments in extract_python(
            io.BytesIO(source.encode()), KEYWORDS, ["Translators"], {}
        ):
            parts = text if isinstance(text, tuple) else (text,)
            context = parts[0] if "pgettext" in function else None
            found = tuple(part for part in parts[1 if context else 0 :] if part)
            if found:
                name = file.relative_to(root).as_posix()
                yield name, line, found[:2] if "ngettext" in function else found[0], comments, context


def _as_python(template: str) -> str:
    """A template's texts as calls of gettext, on the same lines."""
    from django.utils.translation.template import templatize

    return "\n".join(line.strip() for line in templatize(template).split("\n"))


def gather(root: Path, language: str) -> Catalog:
    """The language's catalogue with today's texts; what is translated stays, what is no longer said goes."""
    file = root / "locale" / language / "LC_MESSAGES" / "django.po"
    said = Catalog(creation_date=datetime(2026, 1, 1, tzinfo=UTC))
    for name, line, text, comments, context in texts(root):
        flags = ["python-format"] if "%(" in str(text) else []
        said.add(text, locations=[(name, line)], auto_comments=comments, context=context, flags=flags)
    catalog = Catalog(locale=language, project="Shelfwise", fuzzy=False)
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
        catalog = gather(ROOT, language)
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
