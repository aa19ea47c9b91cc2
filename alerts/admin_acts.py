"""What the buttons of alerts do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.widgets import UnfoldAdminSingleDateWidget

from alerts import services
from alerts.models import Alert
from inventory_site.common.admin_acts import Act
from inventory_site.common.models import ShopSettings

HANDLE = "alerts.change_alert"


class SnoozeForm(forms.Form):
    until = forms.DateField(
        label=_("until"), widget=UnfoldAdminSingleDateWidget, help_text=_("It comes back earlier if it gets worse.")
    )


def _snooze_form(request, alert: Alert) -> SnoozeForm:
    in_a_week = ShopSettings.objects.load().today() + timedelta(days=7)
    return SnoozeForm(request.POST or None, initial={"until": in_a_week})


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
    Act("snooze", _("Snooze"), HANDLE, _each(services.snooze, until="until"), possible=_is_live, form=_snooze_form),
    Act("resolve", _("Resolve"), HANDLE, _each(services.resolve), possible=_is_live, in_list=True),
    Act("reopen", _("Take back"), HANDLE, _each(services.reopen),
        possible=lambda alert: alert.state not in (Alert.State.OPEN, Alert.State.CLOSED)),
)  # fmt: skip
