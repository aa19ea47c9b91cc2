"""A code and JSON terms become a sentence in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from alerts.rules import RULES


def sentence(code: str, terms: Mapping[str, Any], currency: str = "", *, shows_money: bool = True) -> str:
    """The alert in words; an unknown code (its rule was removed) is shown as it is, with its terms.

    Who may not see costs (``shows_money`` off) reads a dash for each sum of money.
    """
    shown = {
        name: "–" if name.endswith("_money") and not shows_money else _shown(name, value, currency)
        for name, value in terms.items()
    }
    for rule in RULES.values():
        if code in rule.sentences:
            return str(rule.sentences[code]) % shown
    return _("%(code)s: %(terms)s") % {"code": code, "terms": ", ".join(f"{k} {v}" for k, v in shown.items())}


def _shown(name: str, value: Any, currency: str) -> str:
    if name.endswith("_on") and value and isinstance(value, str):
        return date_format(date.fromisoformat(value), "DATE_FORMAT")
    if name.endswith("_money"):
        return f"{number_format(Decimal(value), 2, use_l10n=True, force_grouping=True)} {currency}".strip()
    return str(value)
