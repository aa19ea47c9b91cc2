"""Warnings in the admin: what is open, and what each rule does here. Messages: ``admin_delivery``."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import display

from alerts import admin_delivery  # noqa: F401  registers its admins
from alerts.admin_acts import ACTS
from alerts.models import Alert, RuleSetting
from alerts.rules import RULES
from alerts.sentences import sentence
from inventory_site.common.admin import ReadOnlyAdmin, ShelfAdmin, VisibleRelatedFilter, product_cell
from inventory_site.common.models import ShopSettings

SEVERITY_COLOURS = {1: "info", 2: "warning", 3: "danger"}


class RuleFilter(DropdownFilter):
    title = _("rule")
    parameter_name = "rule"

    def lookups(self, request, model_admin):
        return [(code, rule.label) for code, rule in RULES.items()]

    def queryset(self, request, queryset):
        return queryset.filter(rule=self.value()) if self.value() else queryset


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
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
    search_fields = ("product__sku", "product__name", "rule")
    fields = ("told", "severity", "rule_label", "item", "warehouse", "supplier", "money_at_risk", "state", "opened_on",
              "seen_on", "closed_at", "snoozed_until", "assigned_to", "episode")  # fmt: skip
    readonly_fields = ("told", "rule_label", "item")

    def get_object(self, request, object_id, from_field=None):
        """Remembers who asks: the sentence leaves money out for who may not see costs."""
        alert = super().get_object(request, object_id, from_field)
        if alert:
            alert.shown_costs = self.sees_costs(request)
        return alert

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
