"""Every text is said in every language, with the same facts in it, and compiled as it stands in its catalogue."""

from __future__ import annotations

import io
import re
from collections import Counter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from scripts import messages

#: %(name)s and %(n).1f, %s and %d, {name} and {}, %% as such, and %%name%%, which a page's script fills in.
FACT = re.compile(r"%%\w+%%|%%|%\(\w+\)[-+ #0]*[\d.]*[a-z]|%[sd]|\{\w*\}")
LANGUAGES = {language: messages.ROOT / "locale" / language / "LC_MESSAGES" for language in messages.LANGUAGES}


@pytest.fixture(scope="module")
def catalogues() -> dict[tuple[str, str], Catalog]:
    return {
        (language, domain): read_po(io.BytesIO((folder / f"{domain}.po").read_bytes()))
        for language, folder in LANGUAGES.items()
        for domain in messages.DOMAINS
    }


def _texts(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def _forms(text: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def faults_of(message: Message, plurals: int) -> list[str]:
    """What is wrong with one translation."""
    said, told = _forms(message.id), _forms(message.string)
    if message.fuzzy or not all(told):
        return ["is not translated"]
    if message.pluralizable and len(told) != plurals:
        return [f"has {len(told)} forms, not {plurals}"]
    wanted = Counter(FACT.findall(said[-1]))
    return [f"has other facts: {form}" for form in told if Counter(FACT.findall(form)) != wanted]


def test_the_texts_of_code_and_pages_are_found(tmp_path):
    (tmp_path / "stock").mkdir()
    (tmp_path / "templates").mkdir()
    source = "from django.utils.translation import gettext as _, gettext_lazy as _lazy\n\n"
    (tmp_path / "stock" / "models.py").write_text(source + '_("on hand")\n_lazy("allocated")\nf"{_(\'short\')}!"\n')
    (tmp_path / "templates" / "list.html").write_text(
        "{% load i18n %}<p>\n   {% translate 'late' %}</p>\n"
        "{% blocktranslate count n=n %}{{ n }} day{% plural %}{{ n }} days{% endblocktranslate %}\n"
    )
    found = {(name, line, text) for name, line, text, _context in messages.texts(tmp_path)}
    assert found == {
        ("stock/models.py", 3, "on hand"),
        ("stock/models.py", 4, "allocated"),
        ("stock/models.py", 5, "short"),
        ("templates/list.html", 2, "late"),
        ("templates/list.html", 3, ("%(n)s day", "%(n)s days")),
    }


def test_the_texts_of_scripts_are_found(tmp_path):
    (tmp_path / "static" / "hall").mkdir(parents=True)
    script = 'say(t("late"));\nconst f = () => nt("one day", "%(n)s days", n, { n });\nh("p", {}, t(name));\n'
    script += 'go(`#/${to}`, t("say on"), `${nt(\n  "one", "%(n)s", n)}`);\n'
    (tmp_path / "static" / "hall" / "x.js").write_text(script)
    found = {(name, line, text) for name, line, text, _context in messages.spoken(tmp_path)}
    said = [(1, "late"), (2, ("one day", "%(n)s days")), (4, "say on"), (4, ("one", "%(n)s"))]
    assert found == {("static/hall/x.js", line, text) for line, text in said}


def test_every_text_of_code_and_pages_is_in_the_catalogues(catalogues):
    for (language, domain), catalogue in catalogues.items():
        said = {(_forms(text), context) for _file, _line, text, context in messages.DOMAINS[domain]()}
        known = {(_forms(message.id), message.context) for message in _texts(catalogue)}
        assert said
        assert said - known == set(), f"{language} lacks them: make messages, then translate"


def test_every_text_is_translated_with_the_same_facts(catalogues):
    for language, catalogue in catalogues.items():
        faults = [
            f"{language}: {message.id!r} {fault}"
            for message in _texts(catalogue)
            for fault in faults_of(message, catalogue.num_plurals)
        ]
        assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    ("said", "told", "flags", "fault"),
    [
        ("%(n)d pieces", "%(n)d 件", (), None),
        ("%(n)d pieces", "", (), "is not translated"),
        ("%(n)d pieces", "%(n)d 件", ("fuzzy",), "is not translated"),
        ("%(n)d pieces", "%(m)d 件", (), "has other facts: %(m)d 件"),
        ("%(share)s %%", "%(share)s%", (), "has other facts: %(share)s%"),
        ("“{value}”", "“value”", (), "has other facts: “value”"),
        ("5 % of %s", "%s 的 5%", (), None),
        (("%(n)s day", "%(n)s days"), ("%(n)s 天",), (), None),
        (("%(n)s day", "%(n)s days"), ("%(n)s 天", "%(n)s 天"), (), "has 2 forms, not 1"),
    ],
)
def test_a_wrong_translation_is_seen(said, told, flags, fault):
    assert faults_of(Message(said, told, flags=flags), plurals=1) == ([fault] if fault else [])


def test_compiled_texts_are_those_of_the_catalogues(catalogues):
    for (language, domain), catalogue in catalogues.items():
        written = {(_forms(m.id), m.context): _forms(m.string) for m in _texts(catalogue) if any(_forms(m.string))}
        with (LANGUAGES[language] / f"{domain}.mo").open("rb") as file:
            compiled = {(_forms(m.id), m.context): _forms(m.string) for m in _texts(read_mo(file))}
        assert compiled == written, f"{language} has changed: make messages"
