"""Policies in the admin: what each holds for, how it plans, and how its mode was moved."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Count, OuterRef, Subquery
from django.utils.formats import date_format
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.contrib.filters.admin import AutocompleteSelectFilter, BooleanRadioFilter, ChoicesDropdownFilter
from unfold.decorators import display

from inventory_site.common.admin import ReadOnlyAdmin, ReadOnlyInline, ShelfAdmin, VisibleRelatedFilter
from inventory_site.common.admin_acts import Act
from inventory_site.common.admin_export import ExportsList, Sheet
from inventory_site.common.models import JobRun
from inventory_site.common.retry import retry_when_taken
from replenishment.models import Policy, PolicyMeasure, PolicyModeChange, ReorderPoint
from replenishment.policy_words import SHORT_MODES, figures_of, holds_for, plans_by
from replenishment.reach import reaches, require_reach
from replenishment.services.policies import tell_changed
from replenishment.services.policy_modes import log_mode, matched, take_back_mode

#: Items that the form looks through to count those that a policy holds for.
COUNTED = 20_000

MODE_COLOURS = {"shadow": "", "suggest": "info", "automatic": "success"}


class PolicySheet(Sheet):
    cost_fields = ("shortage_cost",)

    class Meta:
        model = Policy
        fields = ("product__sku", "category__name", "abc", "xyz", "supplier__code", "warehouse__code", "target", "rule",
                  "cycle_service_level", "fill_rate", "shortage_cost", "level_floor", "level_ceiling",
                  "review_period_days", "minimum_stock", "reorder_point_floor", "maximum_stock", "order_quantity",
                  "mode", "mode_is_pinned", "note")  # fmt: skip


class ModeChanges(ReadOnlyInline):
    model = PolicyModeChange
    fields = ("changed_on", "from_mode", "to_mode", "reason", "changed_by")
    readonly_fields = fields
    verbose_name_plural = _("how its mode was moved")


class Measures(ReadOnlyInline):
    model = PolicyMeasure
    fields = ("forecast_on", "items", "item_days", "demand", "error", "below_95")
    readonly_fields = fields
    verbose_name_plural = _("how right its forecasts were")
    max_num = 30


@admin.register(Policy)
class PolicyAdmin(ExportsList, ShelfAdmin):
    """The narrowest policy decides; the list tells how many items each really plans."""

    resource_classes = [PolicySheet]
    by_warehouse = True
    cost_fields = ("shortage_cost",)
    list_display = ("__str__", "planned_by", "rule", "limits", "mode_label", "mode_is_pinned", "items", "note")
    list_select_related = ("product", "category", "supplier", "warehouse")
    list_filter = (
        ("target", ChoicesDropdownFilter), ("rule", ChoicesDropdownFilter), ("mode", ChoicesDropdownFilter),
        ("mode_is_pinned", BooleanRadioFilter), ("abc", ChoicesDropdownFilter), ("xyz", ChoicesDropdownFilter),
        ("warehouse", VisibleRelatedFilter), ("supplier", AutocompleteSelectFilter),
    )  # fmt: skip
    search_fields = ("product__sku", "product__name", "category__name", "supplier__name", "warehouse__name", "note")
    search_help_text = _("SKU, name, category, supplier, warehouse or note")
    autocomplete_fields = ("product", "category", "supplier")
    readonly_fields = ("holds",)
    inlines = (ModeChanges, Measures)
    fieldsets = (
        (
            _("What it holds for"),
            {
                "fields": (("product", "category"), ("abc", "xyz"), ("supplier", "warehouse"), "holds"),
                "description": _("An empty field matches everything. Where several policies match, the narrowest wins: "
                                 "product, then category, class, supplier, warehouse."),
            },
        ),
        (
            _("What it plans for"),
            {
                "fields": ("target", ("cycle_service_level", "fill_rate"),
                           "shortage_cost", ("level_floor", "level_ceiling"), ("rule", "review_period_days")),
                "description": _("Only what belongs to the chosen target is used."),
            },
        ),
        (
            _("Least and most"),
            {
                "fields": (("reorder_point_floor", "maximum_stock"), ("minimum_stock", "order_quantity")),
                "description": _("Left empty, the least and the most of the next wider policy hold."),
            },
        ),
        (_("Who decides"), {"fields": (("mode", "mode_is_pinned"), "note")}),
    )  # fmt: skip

    def get_queryset(self, request):
        """With the items that the newest run planned by each."""
        run = JobRun.objects.latest_published()
        points = ReorderPoint.objects.of_run(run).visible_to(request.user).filter(policy=OuterRef("pk")).order_by()
        counted = points.values("policy").annotate(n=Count("pk")).values("n")
        return super().get_queryset(request).annotate(items_planned=Subquery(counted))

    def get_inlines(self, request, obj):
        return super().get_inlines(request, obj) if obj else ()

    @display(description=_("plans for"))
    def planned_by(self, policy: Policy) -> str:
        return plans_by(policy)

    @display(description=_("least – most"))
    def limits(self, policy: Policy) -> str:
        least = policy.minimum_stock if policy.minimum_stock is not None else policy.reorder_point_floor
        told = ["–" if number is None else f"{number:,}" for number in (least, policy.maximum_stock)]
        return "–" if told == ["–", "–"] else " – ".join(told)

    @display(description=_("mode"), ordering="mode", label=MODE_COLOURS)
    def mode_label(self, policy: Policy) -> tuple[str, str]:
        return policy.mode, SHORT_MODES.get(policy.mode, "–")

    @display(description=_("items"), ordering="items_planned")
    def items(self, policy: Policy) -> int:
        return policy.items_planned or 0

    @display(description=_("holds for"))
    def holds(self, policy: Policy) -> str:
        """As the policies are now; of a large shop's first items only."""
        if not policy.pk:
            return _g("Save it to see what it holds for.")
        found = matched(policy, COUNTED)
        return holds_for(policy, sum(one.policy == policy for _pair, one in found), is_all=len(found) < COUNTED)

    def may(self, request, permission, row=None) -> bool:
        return request.user.has_perm(permission) if row is None else reaches(request.user, permission, row.warehouse)

    def warehouses(self, request, permission: str):
        return self.opts.get_field("warehouse").related_model.objects.visible_to(request.user, permission)

    def changeform_view(self, request, *args, **kwargs):
        """Of two who add the same policy at once the later one gets the form back, which says that there is one."""
        return retry_when_taken(lambda: super(PolicyAdmin, self).changeform_view(request, *args, **kwargs))

    def save_model(self, request, obj: Policy, form, change: bool) -> None:
        require_reach(request.user, self._permission("change" if change else "add"), obj.warehouse)
        before = Policy.objects.locked().filter(pk=obj.pk).first()
        obj.version = before.version + 1 if before else 1
        super().save_model(request, obj, form, change)
        if obj.mode != (before.mode if before else ""):
            log_mode(obj, before.mode if before else "", PolicyModeChange.Reason.BY_HAND, actor=request.user)
        tell_changed({before.product_id if before else None, obj.product_id})

    def delete_model(self, request, obj: Policy) -> None:
        super().delete_model(request, obj)
        tell_changed({obj.product_id})


def _take_back(request, changes: list[PolicyModeChange], data: dict) -> str:
    for change in changes:
        take_back_mode(change=change, actor=request.user)
    told = ngettext("%(n)d mode is as before, and pinned.", "%(n)d modes are as before, and pinned.", len(changes))
    return told % {"n": len(changes)}


@admin.register(PolicyModeChange)
class PolicyModeChangeAdmin(ReadOnlyAdmin):
    by_warehouse = True
    acts = (
        Act("take_back", _("Take back"), "replenishment.change_policy", _take_back,
            possible=lambda change: change.policy_id is not None,
            note=_("The policy gets its mode of before, and keeps it: no night moves it then.")),
    )  # fmt: skip
    list_display = ("holds_for", "step", "why", "figures_told", "changed_by", "changed_on")
    list_select_related = ("policy", "changed_by", "warehouse")
    list_filter = (("reason", ChoicesDropdownFilter), ("to_mode", ChoicesDropdownFilter),
                   ("warehouse", VisibleRelatedFilter))  # fmt: skip
    search_fields = ("holds_for",)
    fields = ("policy", "holds_for", "step", "why", "figures_told", "changed_by", "run", "changed_on", "changed_at")
    readonly_fields = ("step", "why", "figures_told")

    @display(description=_("mode"))
    def step(self, change: PolicyModeChange) -> str:
        return " → ".join(str(SHORT_MODES.get(mode, "–")) for mode in (change.from_mode, change.to_mode))

    @display(description=_("why"), ordering="reason")
    def why(self, change: PolicyModeChange) -> str:
        return change.get_reason_display()

    @display(description=_("figures"))
    def figures_told(self, change: PolicyModeChange) -> str:
        return figures_of(change.figures) or "–"

    @display(description=_("changed"), ordering="changed_on")
    def on(self, change: PolicyModeChange) -> str:
        return date_format(change.changed_on, "SHORT_DATE_FORMAT")
