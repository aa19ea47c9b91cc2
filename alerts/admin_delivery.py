"""Messages in the admin: who is told what and how, the ways out of the house, and what became of each message."""

from __future__ import annotations

from collections.abc import Callable

from django import forms
from django.contrib import admin
from django.db.models import Q
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from alerts import services
from alerts.models import Channel, Delivery, Subscription
from alerts.querysets_delivery import MANAGE
from alerts.rules import RULES
from alerts.senders import mail_goes_nowhere
from inventory_site.common import audit
from inventory_site.common.admin import NeverDeleted, ReadOnlyAdmin, ShelfAdmin, VisibleRelatedFilter
from inventory_site.common.admin_acts import Act
from inventory_site.common.models import User
from stock.models import Warehouse

STATE_COLOURS = {"open": "", "claimed": "info", "sent": "success", "failed": "danger", "cancelled": "warning"}


def rule_choices() -> list[tuple[str, str]]:
    return sorted(((code, str(rule.label)) for code, rule in RULES.items()), key=lambda choice: choice[1])


class SubscriptionForm(forms.ModelForm):
    immediate_rules = forms.MultipleChoiceField(
        label=_("Rules told at once"), choices=rule_choices, required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("Alerts of these rules are told within seconds, even a notice."),
    )  # fmt: skip

    editor: User  # who fills it in

    class Meta:
        model = Subscription
        exclude = ()

    def clean(self) -> dict:
        told = super().clean()
        person, warehouse = told.get("user"), told.get("warehouse")
        if person is None:
            return told
        named = {"person": person}
        if warehouse and not Warehouse.objects.visible_to(person).filter(pk=warehouse.pk).exists():
            self.add_error("warehouse", _now("%(person)s has no access to this warehouse.") % named)
        if person != self.editor and not _manages(self.editor, warehouse):
            self.add_error("warehouse", _now("Choose a warehouse that you manage; else %(person)s does it.") % named)
        if not told.get("channel") and not person.email:
            text = _now("%(person)s has no e-mail address. Enter one, or choose a channel.")
            self.add_error("channel", text % named)
        return told


def _manages(user: User, warehouse: Warehouse | None) -> bool:
    """Whether the person manages this warehouse; None: all of them."""
    managed = Warehouse.objects.visible_to(user, MANAGE)
    return not managed.query.where or (warehouse is not None and managed.filter(pk=warehouse.pk).exists())


def _test(service: Callable, name: str) -> Callable:
    """An act that writes a test message for each row; the dispatcher sends it."""

    def run(request, rows: list, data: dict) -> str:
        for row in rows:
            service(**{name: row})
        return _now("The test is on its way. Under “Messages sent” you see what became of it.")

    return run


def _send_again(request, rows: list[Delivery], data: dict) -> str:
    for delivery in rows:
        services.send_again(delivery=delivery, actor=request.user)
    return _now("It will be tried again within seconds.")


class SaysWhereMailGoes:
    """Tells on list and form where e-mail would reach nobody."""

    list_before_template = change_form_before_template = "alerts/mail_note.html"

    def changelist_view(self, request, extra_context=None):
        told = {"mail_goes_nowhere": mail_goes_nowhere()}
        return super().changelist_view(request, told | (extra_context or {}))

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        told = {"mail_goes_nowhere": mail_goes_nowhere()}
        return super().changeform_view(request, object_id, form_url, told | (extra_context or {}))


@admin.register(Subscription)
class SubscriptionAdmin(SaysWhereMailGoes, NeverDeleted, ShelfAdmin):
    form = SubscriptionForm
    list_display = ("user", "warehouse", "way", "is_active", "digest", "at_once", "quiet")
    list_select_related = ("user", "warehouse", "channel")
    list_filter = (("warehouse", VisibleRelatedFilter), "is_active")
    readonly_fields = ("tomorrow",)
    fieldsets = (
        (None, {"fields": (("user", "warehouse"), ("channel", "is_active"))}),
        (_("Every day"), {"fields": (("wants_digest", "minimum_severity"), "tomorrow")}),
        (_("At once"), {
            "fields": ("immediate_from", "immediate_rules", ("quiet_from", "quiet_until")),
            "description": _("At most once a day about the same alert, unless it gets more severe."),
        }),
    )  # fmt: skip
    acts = (
        Act("test", _("Send a test message"), "alerts.change_subscription", _test(services.send_test, "subscription")),
    )

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change=change, **kwargs)  # a class of its own for each request
        form.editor = request.user
        return form

    def get_changeform_initial_data(self, request) -> dict:
        return {"user": request.user.pk}

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name == "user":
            kwargs["queryset"] = _people_of(request.user)
        if db_field.name == "channel":
            kwargs["queryset"] = Channel.objects.filter(is_enabled=True)
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        field.empty_label = {"channel": _("e-mail"), "warehouse": _("All warehouses")}.get(db_field.name)
        return field

    def formfield_for_choice_field(self, db_field, request, **kwargs):
        if db_field.name == "immediate_from":
            kwargs["choices"] = db_field.get_choices(blank_choice=[("", _("only the rules below"))])
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    @display(description=_("digest"))
    def digest(self, row: Subscription) -> str:
        return row.get_minimum_severity_display() if row.wants_digest else "–"

    @display(description=_("at once"))
    def at_once(self, row: Subscription) -> str:
        rules = [str(RULES[code].label) for code in row.immediate_rules if code in RULES]
        severity = [row.get_immediate_from_display()] if row.immediate_from else []
        return ", ".join([*severity, *rules]) or "–"

    @display(description=_("quiet hours"))
    def quiet(self, row: Subscription) -> str:
        return f"{row.quiet_from:%H:%M}–{row.quiet_until:%H:%M}" if row.quiet_from and row.quiet_until else "–"

    @display(description=_("the next digest"))
    def tomorrow(self, row: Subscription) -> str:
        if row.pk is None:
            return _now("Save first, then you can look at it here.")
        address, told = reverse("digest-preview", args=[row.pk]), _now("See what it would say now")
        return format_html('<a class="sw-link" href="{}">{}</a>', address, told)


def _people_of(user: User):
    """Whose messages this person may set: their own, and of the people of warehouses that they manage."""
    managed = Warehouse.objects.visible_to(user, MANAGE)
    people = User.objects.filter(is_active=True).order_by("username")
    if not managed.query.where:
        return people
    return people.filter(Q(pk=user.pk) | Q(warehouse_access__warehouse__in=managed.values("pk"))).distinct()


@admin.register(Channel)
class ChannelAdmin(NeverDeleted, ShelfAdmin):
    """Switched off instead of deleted: messages point at it, and who chose it must not get e-mail instead."""

    list_display = ("name", "kind", "is_enabled", "may_be_private")
    list_filter = (("kind", ChoicesDropdownFilter), "is_enabled")
    fields = (("name", "kind"), "url", "secret", ("is_enabled", "may_be_private"))
    secrets = ("url", "secret")  # who knows Slack's address may write there
    acts = (
        Act("test", _("Send a test message"), "alerts.change_channel", _test(services.send_channel_test, "channel")),
    )

    def audit_form(self, request, obj, form, verb: str) -> None:
        """The audit trail is read by more people than channels are: it tells that a secret changed, not what it is."""
        told = {
            name: [_now("hidden"), _now("hidden")]
            if name in self.secrets
            else [str(form.initial.get(name, "")), str(form.cleaned_data.get(name, ""))]
            for name in form.changed_data
        }
        audit.record(actor=request.user, action=f"channel.{verb}", subject=obj, changes=told)


@admin.register(Delivery)
class DeliveryAdmin(SaysWhereMailGoes, ReadOnlyAdmin):
    list_display = ("due_at", "subject", "to", "kind", "state_label", "attempts", "error_line")
    list_display_links = ("subject",)
    list_select_related = ("subscription__user", "channel")
    list_filter = (("state", ChoicesDropdownFilter), ("kind", ChoicesDropdownFilter))
    fields = ("kind", "to", "state_label", "error", "subject", "text", "business_date", "due_at", "sent_at", "attempts",
              "message_id")  # fmt: skip
    readonly_fields = ("to", "state_label")
    acts = (
        Act("again", _("Send again"), "alerts.change_delivery", _send_again, variant="primary", in_list=True,
            possible=lambda delivery: delivery.state == Delivery.State.FAILED),
    )  # fmt: skip

    @display(description=_("to"))
    def to(self, row: Delivery) -> str:
        person = f"{row.subscription.user}" if row.subscription else ""
        return " · ".join(filter(None, (person, row.channel.name if row.channel else _now("e-mail"))))

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def state_label(self, row: Delivery) -> tuple[str, str]:
        return row.state, row.get_state_display()

    @display(description=_("error"))
    def error_line(self, row: Delivery) -> str:
        return row.error.split("\n")[0][:120]
