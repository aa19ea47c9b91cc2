"""What the buttons of alerts do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextareaWidget,
    UnfoldBooleanWidget,
)

from alerts import services
from alerts.models import Alert
from inventory_site.common.admin_acts import Act
from inventory_site.common.models import ShopSettings, User

HANDLE = "alerts.change_alert"


class NoteForm(forms.Form):
    note = forms.CharField(
        label=_("note"), required=False, max_length=2000, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2})
    )


class SnoozeForm(NoteForm):
    until = forms.DateField(
        label=_("until"), required=False, widget=UnfoldAdminSingleDateWidget,
        help_text=_("It comes back earlier if it gets worse."),
    )  # fmt: skip
    on_change = forms.BooleanField(
        label=_("until it changes"), required=False, widget=UnfoldBooleanWidget,
        help_text=_("Alone, or whichever comes first."),
    )  # fmt: skip
    field_order = ("until", "on_change", "note")


class AssignForm(NoteForm):
    to = forms.ModelChoiceField(User.objects.none(), label=_("assign to"), widget=UnfoldAdminSelectWidget)
    field_order = ("to", "note")


class CommentForm(forms.Form):
    note = forms.CharField(label=_("comment"), max_length=2000, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}))


def _snooze_form(request, alert: Alert) -> SnoozeForm:
    in_a_week = ShopSettings.objects.load().today() + timedelta(days=7)
    return SnoozeForm(request.POST or None, initial={"until": in_a_week})


def _assign_form(request, alert: Alert) -> AssignForm:
    """People who have a role where it happened."""
    people = User.objects.filter(is_active=True)
    if alert.warehouse_id:
        places = Q(warehouse_access__warehouse=None) | Q(warehouse_access__warehouse=alert.warehouse_id)
        people = people.filter(Q(is_superuser=True) | (places & Q(warehouse_access__isnull=False))).distinct()
    form = AssignForm(request.POST or None, initial={"to": alert.assigned_to_id or request.user.pk})
    form.fields["to"].queryset = people.order_by("username")
    return form


def _each(service: Callable, **names: str) -> Callable:
    """An act that calls the service for each alert, with what the form said."""

    def run(request, alerts: list[Alert], data: dict) -> str:
        for alert in alerts:
            service(alert=alert, actor=request.user, **{ours: data[theirs] for ours, theirs in names.items()})
        return ngettext("%(n)d alert updated.", "%(n)d alerts updated.", len(alerts)) % {"n": len(alerts)}

    return run


def _is_live(alert: Alert) -> bool:
    return alert.state in Alert.LIVE


ACTS = (
    Act("acknowledge", _("Acknowledge"), HANDLE, _each(services.acknowledge), variant="primary", in_list=True,
        possible=lambda alert: alert.state in (Alert.State.OPEN, Alert.State.SNOOZED)),
    Act("assign", _("Assign"), HANDLE, _each(services.assign, to="to", note="note"), possible=_is_live,
        form=_assign_form),
    Act("snooze", _("Snooze"), HANDLE, _each(services.snooze, until="until", on_change="on_change", note="note"),
        possible=_is_live, form=_snooze_form),
    Act("resolve", _("Resolve"), HANDLE, _each(services.resolve), possible=_is_live, in_list=True),
    Act("reopen", _("Take back"), HANDLE, _each(services.reopen),
        possible=lambda alert: alert.state not in (Alert.State.OPEN, Alert.State.CLOSED)),
    Act("comment", _("Comment"), HANDLE, _each(services.comment, note="note"),
        form=lambda request, alert: CommentForm(request.POST or None)),
)  # fmt: skip
