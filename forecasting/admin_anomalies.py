"""Anomalies in the admin: a list that says what is odd, and the two answers that people can give."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display

from forecasting import anomaly_words
from forecasting.models import Anomaly
from forecasting.services.explaining import CHANGE, explain_anomalies, withdraw_explanations
from inventory_site.common.admin import ReadOnlyAdmin, VisibleRelatedFilter, product_cell
from inventory_site.common.admin_acts import Act
from inventory_site.common.admin_export import ExportsList, Sheet

State, About = Anomaly.State, Anomaly.About
COLOURS = {"open": "danger", "one_off": "info", "new_level": "success", "over": "default"}


def _explain(explanation: str) -> Callable[[HttpRequest, list[Anomaly], dict], str]:
    def run(request: HttpRequest, rows: list[Anomaly], data: dict) -> str:
        note = request.POST.get("note", "")
        count = len(explain_anomalies(anomalies=rows, explanation=explanation, actor=request.user, note=note))
        told = ngettext(
            "%(count)d anomaly explained. The next nightly run plans accordingly.",
            "%(count)d anomalies explained. The next nightly run plans accordingly.",
            count,
        )
        return told % {"count": count}

    return run


def _withdraw(request: HttpRequest, rows: list[Anomaly], data: dict) -> str:
    changed = withdraw_explanations(anomalies=rows, actor=request.user)
    return _g("%(count)d open again.") % {"count": len(changed)}


class AnomalySheet(Sheet):
    class Meta:
        model = Anomaly
        fields = ("product__sku", "warehouse__code", "about", "kind", "feature", "expected", "seen", "score",
                  "first_on", "last_on", "found_on", "state", "explained_by__username", "explained_on",
                  "note")  # fmt: skip


@admin.register(Anomaly)
class AnomalyAdmin(ExportsList, ReadOnlyAdmin):
    by_warehouse = True
    resource_classes = [AnomalySheet]
    list_display = ("item", "warehouse", "kind_", "stands_out", "expected_", "seen_", "score_", "first_on", "state_")
    list_display_links = ("kind_",)
    list_select_related = ("product", "warehouse")
    list_filter = ("state", "about", "kind", ("warehouse", VisibleRelatedFilter))
    search_fields = ("product__sku", "product__name", "product__barcode", "note")
    search_help_text = _("SKU, name, barcode or note")
    fields = ("item", "warehouse", "kind_", "what", "stands_out", ("expected_", "seen_", "score_"),
              ("first_on", "last_on"), ("found_on", "seen_on"), "state_", "consequence",
              ("explained_by", "explained_on"), "note")  # fmt: skip
    readonly_fields = ("item", "kind_", "what", "stands_out", "expected_", "seen_", "score_", "state_", "consequence")
    acts = (
        Act(
            "one_off", _("This was a one-off"), CHANGE, _explain(State.ONE_OFF), in_list=True,
            possible=lambda row: row.state in (State.OPEN, State.OVER),
            note=_("These days are left out of the history."),
        ),
        Act(
            "new_level", _("This is the new level"), CHANGE, _explain(State.NEW_LEVEL), in_list=True,
            possible=lambda row: row.state in (State.OPEN, State.OVER) and row.about == About.DEMAND,
            note=_("What was before counts as if the new level had been there."),
        ),
        Act(
            "withdraw", _("Open again"), CHANGE, _withdraw, in_list=True,
            possible=lambda row: row.state in Anomaly.EXPLAINED, note=_("What was said of it is taken back."),
        ),
    )  # fmt: skip

    @display(description=_("product"))
    def item(self, row: Anomaly) -> str:
        return product_cell(row.product)

    @display(description=_("kind"), ordering="kind")
    def kind_(self, row: Anomaly) -> str:
        return row.get_kind_display()

    @display(description=_("what is odd"))
    def what(self, row: Anomaly) -> str:
        return anomaly_words.sentence(row)

    @display(description=_("what stands out"))
    def stands_out(self, row: Anomaly) -> str:
        return anomaly_words.feature(row)

    @display(description=_("expected"), ordering="expected")
    def expected_(self, row: Anomaly) -> str:
        return anomaly_words.number(row.expected)

    @display(description=_("seen"), ordering="seen")
    def seen_(self, row: Anomaly) -> str:
        return anomaly_words.number(row.seen)

    @display(description=_("score"), ordering="score")
    def score_(self, row: Anomaly) -> str:
        return f"{row.score:.1f}"

    @display(description=_("state"), ordering="state", label=COLOURS)
    def state_(self, row: Anomaly) -> tuple[str, str]:
        return row.state, row.get_state_display()

    @display(description=_("what plans make of it"))
    def consequence(self, row: Anomaly) -> str:
        return anomaly_words.consequence(row)
