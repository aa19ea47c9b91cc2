"""Suggestions in the admin: the list that is decided on, one by one or many at once after seeing what that changes."""

from __future__ import annotations

from decimal import Decimal

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Count, Sum, Value
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from import_export.fields import Field
from unfold.contrib.filters.admin import AutocompleteSelectFilter, BooleanRadioFilter, ChoicesDropdownFilter
from unfold.decorators import display

from inventory_site.common.admin import ReadOnlyAdmin, VisibleRelatedFilter, product_cell
from inventory_site.common.admin_acts import MOST_AT_ONCE, Act, new_key
from inventory_site.common.admin_export import ExportsList, Sheet
from inventory_site.common.admin_lists import FindsItems
from inventory_site.common.models import ShopSettings
from replenishment.admin_acts import ACCEPT, ACTS, DISMISS, DismissForm
from replenishment.models import Suggestion
from replenishment.shown_suggestions import reason_of

CONFIRMED = "confirmed"
COLOURS = {"open": "warning", "accepted": "success", "dismissed": "", "superseded": ""}
KIND_COLOURS = {"purchase": "info", "transfer": "success", "markdown": "warning", "return_to_supplier": "warning",
                "stop": "danger"}  # fmt: skip


class SuggestionSheet(Sheet):
    """Accepted returns, filtered by supplier, are the list that is sent to it."""

    cost_fields = ("unit_cost", "cost", "margin_at_risk")
    reason = Field(column_name="reason")

    class Meta:
        model = Suggestion
        fields = ("kind", "product__sku", "product__name", "warehouse__code", "source__code", "supplier__name",
                  "quantity", "unit_cost", "cost", "margin_at_risk", "price", "until_on", "needs_decision", "state",
                  "dismissal", "dismissal_note", "created_at", "reason")  # fmt: skip

    def __init__(self, user=None, **kwargs):
        super().__init__(user, **kwargs)
        self._currency = ShopSettings.objects.load().currency
        self._shows_money = "cost" in self.fields

    def dehydrate_reason(self, row: Suggestion) -> str:
        return reason_of(row, currency=self._currency, shows_money=self._shows_money)


@admin.register(Suggestion)
class SuggestionAdmin(FindsItems, ExportsList, ReadOnlyAdmin):
    resource_classes = [SuggestionSheet]
    by_warehouse = True
    list_fullwidth = True
    acts = ACTS
    actions = ("accept_selected", "dismiss_selected")
    cost_fields = ("unit_cost", "cost", "margin_at_risk")
    list_display = ("kind_label", "item_and_why", "place", "quantity", "cost", "margin_at_risk", "supplier",
                    "state_label")  # fmt: skip
    list_display_links = ("quantity",)
    list_per_page = 25  # each is a sentence tall
    sortable_by = ("margin_at_risk", "cost", "quantity")
    list_filter = (
        ("kind", ChoicesDropdownFilter),
        ("state", ChoicesDropdownFilter),
        ("warehouse", VisibleRelatedFilter),
        ("supplier", AutocompleteSelectFilter),
        ("needs_decision", BooleanRadioFilter),
        ("dismissal", ChoicesDropdownFilter),
    )
    search_fields = ("product__sku", "product__name")
    fields = ("item", "kind", "warehouse", "source", "supplier", "alternative", "quantity", "reason", "unit_cost",
              "cost", "margin_at_risk", "price", "until_on", "needs_decision", "state", "purchase_line",
              "transfer_line", "promotion", "set_aside", "dismissal", "dismissal_note", "dismissed_until", "follows",
              "decided_by", "decided_at", "run")  # fmt: skip
    readonly_fields = ("item", "reason")

    def get_queryset(self, request):
        """Each row knows how its sentence is told to this person."""
        told = {"currency": ShopSettings.objects.load().currency, "shows_money": self.sees_costs(request)}
        rows = super().get_queryset(request).with_documents()
        return rows.annotate(**{name: Value(value) for name, value in told.items()})

    def get_actions(self, request):
        offered = super().get_actions(request)
        if not request.user.has_perm(ACCEPT.permission):
            for name in ("accept_selected", "dismiss_selected"):
                offered.pop(name, None)
        return offered

    @admin.action(description=ACCEPT.label)
    def accept_selected(self, request, queryset):
        return self._decide_selected(request, queryset, ACCEPT, None)

    @admin.action(description=DISMISS.label)
    def dismiss_selected(self, request, queryset):
        return self._decide_selected(
            request, queryset, DISMISS, DismissForm(request.POST if CONFIRMED in request.POST else None)
        )

    def _decide_selected(self, request, queryset, act: Act, form: forms.Form | None):
        """First what would change, then, confirmed, the change."""
        if CONFIRMED in request.POST and (form is None or form.is_valid()):
            self.run_on_selection(request, queryset, act, form.cleaned_data if form else {})
            return None
        chosen = queryset.filter(state=Suggestion.State.OPEN)
        if not chosen.exists():
            messages.warning(request, _("None of the selected suggestions is open."))
            return None
        context = self.admin_site.each_context(request) | {
            "title": act.label, "opts": self.opts, "act": act, "form": form, "once_key": new_key(),
            "selected": request.POST.getlist(ACTION_CHECKBOX_NAME), "across": request.POST.get("select_across", "0"),
            "action": request.POST["action"], "confirmed": CONFIRMED, "sees_costs": self.sees_costs(request),
            **_changes(chosen, leaves_out=act is ACCEPT),
        }  # fmt: skip
        return TemplateResponse(request, "replenishment/decide_many.html", context)

    @display(description=_("kind"), ordering="kind", label=KIND_COLOURS)
    def kind_label(self, suggestion: Suggestion) -> tuple[str, str]:
        return suggestion.kind, suggestion.get_kind_display()

    @display(description=_("product"))
    def item(self, suggestion: Suggestion) -> str:
        return product_cell(suggestion.product)

    @display(description=_("warehouse"))
    def place(self, suggestion: Suggestion) -> str:
        if suggestion.source_id:
            return f"{suggestion.source} → {suggestion.warehouse}"
        return str(suggestion.warehouse)

    @display(description=_("product"))
    def item_and_why(self, suggestion: Suggestion) -> str:
        why = self.reason(suggestion)
        return format_html('{}<span class="sw-why">{}</span>', product_cell(suggestion.product), why)

    @display(description=_("reason"))
    def reason(self, suggestion: Suggestion) -> str:
        return reason_of(suggestion, currency=suggestion.currency, shows_money=suggestion.shows_money)

    @display(description=_("state"), ordering="state", label=COLOURS)
    def state_label(self, suggestion: Suggestion) -> tuple[str, str]:
        return suggestion.state, suggestion.get_state_display()


def _changes(chosen, *, leaves_out: bool) -> dict:
    """What deciding on these open suggestions changes: rows by kind, drafts and their cost.

    Accepting several ``leaves_out`` those that need a decision of their own.
    """
    chosen = chosen.order_by()
    count = chosen.count()
    alone = chosen.filter(needs_decision=True).count() if leaves_out and count > 1 else 0
    together = chosen.filter(needs_decision=False) if alone else chosen
    by_kind = together.values("kind").annotate(n=Count("pk"), cost=Sum("cost"), at_stake=Sum("margin_at_risk"))
    labels = dict(Suggestion.Kind.choices)
    buying, moving = (together.filter(kind=kind) for kind in (Suggestion.Kind.PURCHASE, Suggestion.Kind.TRANSFER))
    return {
        "kinds": [row | {"label": labels[row["kind"]]} for row in by_kind.order_by("kind")],
        "orders": buying.values("supplier", "warehouse").distinct().count(),
        "transfers": moving.values("source", "warehouse").distinct().count(),
        "alone": alone, "count": count, "most": MOST_AT_ONCE,
        "cost": buying.aggregate(sum=Sum("cost"))["sum"] or Decimal(0),
    }  # fmt: skip
