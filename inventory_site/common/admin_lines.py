"""Forms that ask how many pieces of each line of a document."""

from __future__ import annotations

from collections.abc import Iterable

from django import forms
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminTextInputWidget


class LinesForm(forms.Form):
    """One quantity for each line (key, label, most possible), filled with the most; empty is none."""

    def __init__(self, data, lines: Iterable[tuple[int, str, int]], *, is_filled: bool = True, is_capped: bool = True):
        super().__init__(data)
        for pk, label, most in lines:
            self.fields[f"line_{pk}"] = forms.IntegerField(
                label=label, required=False, min_value=0, max_value=most if is_capped else None,
                initial=most if is_filled else None, help_text=_("At most %(most)d.") % {"most": most},
                widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric", "autocomplete": "off"}),
            )  # fmt: skip


def quantities_in(data: dict) -> dict[int, int]:
    """What a LinesForm asks for: {line: pieces}."""
    return {int(name.removeprefix("line_")): n for name, n in data.items() if name.startswith("line_") and n}
