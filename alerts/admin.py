"""Warnings in the admin: what is open, and what each rule does here. Messages: ``admin_delivery``."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import display

from alerts import admin_delivery  # noqa: F401  registers its admins
from alerts.admin_acts import ACTS, HANDLE
from alerts.models import Alert, RuleSetting
from alerts.pages_history import history_of, of_same_cause
from alerts.rules import RULES
from alerts.sentences import sentence
from inventory_site.common.admin import ReadOnlyAdmin, ShelfAdmin, VisibleRelatedFilter, product_cell
from inventory_site.common.admin_acts import new_key
from inventory_site.common.admin_export import ExportsList, Sheet
from inventory_site.common.admin_lists import FindsItems
from inventory_site.common.models import ShopSettings

SEVERITY_COLOURS = {1: "info", 2: "warning", 3: "danger"}


class RuleFilter(DropdownFilter):
    title = _("rule")
    parameter_name = "rule"

    def lookups(self, request, model_admin):
        return [(code, rule.label) for code, rule in RULES.items()]

    def queryset(self, request, queryset):
        return queryset.filter(rule=self.value()) if self.value() else queryset


class AlertSheet(Sheet):
    cost_fields = ("money_at_risk",)

    class Meta:
        model = Alert
        fields = ("rule", "severity", "state", "product__sku", "product__name", "warehouse__code", "supplier__name",
                  "money_at_risk", "opened_on", "seen_on", "snoozed_until", "assigned_to__username")  # fmt: skip


@admin.register(Alert)
class AlertAdmin(FindsItems, ExportsList, ReadOnlyAdmin):
    resource_classes = [AlertSheet]
    by_warehouse = True
    acts = ACTS
    cost_fields = ("money_at_risk",)
    list_display = ("severity_label", "rule_label", "item", "warehouse", "money_at_risk", "state", "opened_on",
                    "assigned_to")  # fmt: skip
    list_display_links = ("rule_label",)
    list_select_related = ("product", "warehouse", "supplier", "assigned_to")
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("severity", ChoicesDropdownFilter),
        ("warehouse", VisibleRelatedFilter),
        ("supplier", AutocompleteSelectFilter),
        RuleFilter,
    )
    search_fields = ("rule",)
    change_form_after_template = "alerts/history.html"
    fields = ("told", "severity", "rule_label", "item", "warehouse", "supplier", "money_at_risk", "state", "opened_on",
              "seen_on", "closed_at", "snoozed_until", "wakes_on_change", "assigned_to", "episode",
              "reopened")  # fmt: skip
    readonly_fields = ("told", "rule_label", "item")

    def get_object(self, request, object_id, from_field=None):
        """Remembers who asks: the sentence leaves money out for who may not see costs."""
        alert = super().get_object(request, object_id, from_field)
        if alert:
            alert.shown_costs = self.sees_costs(request)
        return alert

    def change_view(self, request, object_id, form_url="", extra_context=None):
        alert = self.get_object(request, object_id)
        told = {}
        if alert and self.has_view_permission(request, alert):
            currency = ShopSettings.objects.load().currency
            told = {
                "events": history_of(alert), "comment_key": new_key(), "may_comment": self.may(request, HANDLE, alert),
                "others": of_same_cause(alert, currency=currency, shows_money=self.sees_costs(request)),
            }  # fmt: skip
        return super().change_view(request, object_id, form_url, told | (extra_context or {}))

    @display(description=_("what"))
    def told(self, alert: Alert) -> str:
        currency = ShopSettings.objects.load().currency
        return sentence(alert.code, alert.terms, currency, shows_money=alert.shown_costs)

    @display(description=_("rule"), ordering="rule")
    def rule_label(self, alert: Alert) -> str:
        return str(RULES[alert.rule].label) if alert.rule in RULES else alert.rule

    @display(description=_("severity"), ordering="severity", label=SEVERITY_COLOURS)
    def severity_label(self, alert: Alert) -> tuple[int, str]:
        return alert.severity, alert.get_severity_display()

    @display(description=_("about"))
    def item(self, alert: Alert) -> str:
        return product_cell(alert.product) if alert.product else str(alert.supplier or "–")


@admin.register(RuleSetting)
class RuleSettingAdmin(ShelfAdmin):
    list_display = ("rule", "is_enabled", "severity", "thresholds")
