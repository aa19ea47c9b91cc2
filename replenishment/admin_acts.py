"""What the buttons of suggestions do."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from inventory_site.common.admin_acts import Act
from replenishment import services
from replenishment.models import Suggestion

DECIDE = "replenishment.change_suggestion"


class DismissForm(forms.Form):
    reason = forms.CharField(
        label=_("why"), required=False, max_length=200, widget=UnfoldAdminTextInputWidget,
        help_text=_("It stays away for four weeks, or until much more is missing."),
    )  # fmt: skip


def accept(request, suggestions: list[Suggestion], data: dict) -> str:
    orders = services.accept_suggestions(suggestions=suggestions, actor=request.user)
    numbers = ", ".join(order.number for order in orders)
    return _g("Accepted: see the draft orders %(numbers)s.") % {"numbers": numbers}


def dismiss(request, suggestions: list[Suggestion], data: dict) -> str:
    for suggestion in suggestions:
        services.dismiss_suggestion(suggestion=suggestion, actor=request.user, reason=data.get("reason", ""))
    return _g("Dismissed; it will not be proposed again for a while.")


def reopen(request, suggestions: list[Suggestion], data: dict) -> str:
    services.reopen_suggestions(suggestions=suggestions, actor=request.user)
    return _g("Taken back: the suggestion is open again.")


def _is_open(suggestion: Suggestion) -> bool:
    return suggestion.state == Suggestion.State.OPEN


ACTS = (
    Act("accept", _("Accept"), DECIDE, accept, possible=_is_open, variant="primary", in_list=True),
    Act("dismiss", _("Dismiss"), DECIDE, dismiss, possible=_is_open, in_list=True,
        form=lambda request, suggestion: DismissForm(request.POST or None)),
    Act("reopen", _("Take back"), DECIDE, reopen,
        possible=lambda suggestion: suggestion.state in (Suggestion.State.ACCEPTED, Suggestion.State.DISMISSED)),
)  # fmt: skip
