"""Methods that people ask for, and what came of them."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import BooleanRadioFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from forecasting import words
from forecasting.admin_data import SharedRows
from forecasting.admin_items import ITEM_SEARCH, OfTheLatestRun
from forecasting.methods import REGISTRY
from forecasting.models import MethodChoice, MethodTrial
from inventory_site.common.admin import ReadOnlyAdmin, ShelfAdmin, VisibleRelatedFilter, product_cell


def offered() -> list[tuple[str, str]]:
    """Methods that no night tries by itself, by name, with their words."""
    return [(name, f"{name}: {words.method(name)}") for name in sorted(REGISTRY) if not REGISTRY[name].nightly]


class MethodChoiceForm(forms.ModelForm):
    methods = forms.MultipleChoiceField(
        label=_("methods"), choices=offered, required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("Each is used for an item only where it was nearer than the automatic choice. None: try nothing."),
    )  # fmt: skip

    class Meta:
        model = MethodChoice
        fields = ("product", "category", "warehouse", "methods", "only_a")


@admin.register(MethodChoice)
class MethodChoiceAdmin(SharedRows, ShelfAdmin):
    form = MethodChoiceForm
    list_display = ("scope", "names", "only_a")
    list_select_related = ("product", "category", "warehouse")
    list_filter = (("warehouse", VisibleRelatedFilter), ("only_a", BooleanRadioFilter))
    search_fields = ("=product__sku", "category__name")
    autocomplete_fields = ("product", "category")
    list_before_template = "forecasting/methods_links.html"

    @display(description=_("applies to"))
    def scope(self, choice: MethodChoice) -> str:
        return str(choice)

    @display(description=_("methods"))
    def names(self, choice: MethodChoice) -> str:
        return ", ".join(choice.methods)


@admin.register(MethodTrial)
class MethodTrialAdmin(OfTheLatestRun, ReadOnlyAdmin):
    list_display = ("item", "warehouse", "method", "was_off", "automatic_was_off", "is_used", "reason")
    list_display_links = ("method",)
    list_select_related = ("product", "warehouse")
    list_filter = (("warehouse", VisibleRelatedFilter), ("is_used", BooleanRadioFilter))
    search_fields = ITEM_SEARCH
    fields = ("item", "warehouse", "run", "method", ("was_off", "automatic_was_off"), "is_used", "reason")
    readonly_fields = ("item", "was_off", "automatic_was_off")

    @display(description=_("product"))
    def item(self, trial: MethodTrial) -> str:
        return product_cell(trial.product)

    @display(description=_("its error"), ordering="error")
    def was_off(self, trial: MethodTrial) -> str:
        return "–" if trial.error is None else f"{trial.error:.1f}"

    @display(description=_("error of the automatic choice"), ordering="automatic_error")
    def automatic_was_off(self, trial: MethodTrial) -> str:
        return "–" if trial.automatic_error is None else f"{trial.automatic_error:.1f}"
