"""What the buttons of suggestions do."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminSingleDateWidget, UnfoldAdminTextInputWidget

from inventory_site.common.admin_acts import Act
from replenishment import services
from replenishment.models import Suggestion

DECIDE = "replenishment.change_suggestion"


class DismissForm(forms.Form):
    because = forms.ChoiceField(
        label=_("why"), choices=Suggestion.Dismissal.choices, widget=UnfoldAdminSelectWidget,
        initial=Suggestion.Dismissal.OTHER,
    )  # fmt: skip
    note = forms.CharField(
        label=_("note"), required=False, max_length=200, widget=UnfoldAdminTextInputWidget,
        help_text=_("Shown when it is proposed again."),
    )  # fmt: skip
    until = forms.DateField(
        label=_("until"), required=False, widget=UnfoldAdminSingleDateWidget,
        help_text=_("Empty: four weeks. It comes back earlier if much more is at stake."),
    )  # fmt: skip


def accept(request, suggestions: list[Suggestion], data: dict) -> str:
    """Of several, those that need a decision of their own are left as they are."""
    chosen = suggestions if len(suggestions) == 1 else [row for row in suggestions if not row.needs_decision]
    made = services.accept_suggestions(suggestions=chosen, actor=request.user)
    told = ngettext("%(n)d suggestion accepted: %(made)s.", "%(n)d suggestions accepted: %(made)s.", len(chosen))
    text = told % {"n": len(chosen), "made": ", ".join(str(document) for document in made[:10]) or "–"}
    if left := len(suggestions) - len(chosen):
        left_out = ngettext(
            "%(n)d left open: it needs a decision of its own.",
            "%(n)d left open: each needs a decision of its own.",
            left,
        )
        text += " " + left_out % {"n": left}
    return text


def dismiss(request, suggestions: list[Suggestion], data: dict) -> str:
    for suggestion in suggestions:
        services.dismiss_suggestion(
            suggestion=suggestion, actor=request.user, because=data.get("because") or Suggestion.Dismissal.OTHER,
            note=data.get("note", ""), until=data.get("until"),
        )  # fmt: skip
    return _g("Dismissed; it will not be proposed again for a while.")


def reopen(request, suggestions: list[Suggestion], data: dict) -> str:
    services.reopen_suggestions(suggestions=suggestions, actor=request.user)
    return _g("Taken back: the suggestion is open again.")


def is_open(suggestion: Suggestion) -> bool:
    return suggestion.state == Suggestion.State.OPEN


def is_decided(suggestion: Suggestion) -> bool:
    return suggestion.state in (Suggestion.State.ACCEPTED, Suggestion.State.DISMISSED)


ACCEPT = Act("accept", _("Accept"), DECIDE, accept, possible=is_open, variant="primary")
DISMISS = Act(
    "dismiss", _("Dismiss"), DECIDE, dismiss, possible=is_open,
    form=lambda request, suggestion: DismissForm(request.POST or None),
)  # fmt: skip
REOPEN = Act("reopen", _("Take back"), DECIDE, reopen, possible=is_decided, in_list=True)
ACTS = (ACCEPT, DISMISS, REOPEN)
