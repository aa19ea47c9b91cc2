"""The page on which a count is opened: of what, by which rules; how many items that is and how long it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from catalog.models import Category, Product
from inventory_site.common.admin_acts import KEY, new_key, run_once
from inventory_site.common.admin_lists import split_codes
from inventory_site.common.errors import DomainError
from stock import services
from stock.admin_new import number_input
from stock.models import Bin, CountNeed, StockCount, StockLevel, Warehouse
from stock.models.counts import MOST_COUNTED
from stock.services.count_history import read_pace
from stock.services.counts import levels_of

OPEN = "stock.add_stockcount"
MOST_NAMED = 20_000
KINDS = (
    ("today", _("today's list: what is worth counting")),
    ("category", _("a category")),
    ("bins", _("what lies in some bins or areas")),
    ("list", _("a list of items")),
    ("full", _("everything")),
)
FIELD_OF = {"category": "category", "bins": "bins", "list": "items"}


class NewCountForm(forms.Form):
    warehouse = forms.ModelChoiceField(Warehouse.objects.none(), label=_("warehouse"), widget=UnfoldAdminSelectWidget)
    kind = forms.ChoiceField(label=_("of"), choices=KINDS, initial="today", widget=UnfoldAdminSelectWidget)
    category = forms.ModelChoiceField(
        Category.objects.all(), label=_("category"), required=False, widget=UnfoldAdminSelectWidget
    )
    bins = forms.CharField(
        label=_("bins or areas"), required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text=_("Codes of bins or names of areas, with commas, or as pasted from a sheet."),
    )  # fmt: skip
    items = forms.CharField(
        label=_("items"), required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=_("SKUs or barcodes, with commas, or as pasted from a sheet."),
    )  # fmt: skip
    is_blind = forms.BooleanField(
        label=_("blind"), required=False, widget=UnfoldBooleanSwitchWidget,
        help_text=_("Who counts is not told what is expected."),
    )  # fmt: skip
    recount_pieces = forms.IntegerField(
        label=_("recount from pieces"), required=False, min_value=1, max_value=MOST_COUNTED,
        widget=number_input(inputmode="numeric"),
        help_text=_("A difference of so many pieces is counted again by somebody else. Empty: never."),
    )  # fmt: skip
    recount_cost = forms.DecimalField(
        label=_("recount from cost"), required=False, min_value=0, max_digits=14, decimal_places=2,
        widget=number_input(inputmode="decimal"),
        help_text=_("A difference worth so much is counted again by somebody else. Empty: never."),
    )  # fmt: skip
    approve_cost = forms.DecimalField(
        label=_("approval from cost"), required=False, min_value=0, max_digits=14, decimal_places=2,
        widget=number_input(inputmode="decimal"),
        help_text=_("A manager approves a count with a difference of an item worth so much. Empty: never."),
    )  # fmt: skip
    note = forms.CharField(label=_("note"), required=False, max_length=200, widget=UnfoldAdminTextInputWidget)

    def __init__(self, data: Any, *, user):
        super().__init__(data)
        mine = Warehouse.objects.visible_to(user, OPEN).active()
        self.fields["warehouse"].queryset = mine
        self.fields["warehouse"].initial = mine.first()

    def clean(self) -> dict:
        told = super().clean()
        name = FIELD_OF.get(told.get("kind", ""))
        if name is None or name in self.errors:
            return told
        if name == "bins" and told.get("warehouse"):
            told["bins"] = self._bins(told["bins"], told["warehouse"])
        elif name == "items":
            told["items"] = self._items(told["items"])
        if not told.get(name) and name not in self.errors:
            self.add_error(name, _g("Say which."))  # nothing, or only commas: that is not everything
        return told

    def _bins(self, text: str, place: Warehouse) -> list[Bin]:
        """Bins have codes without blanks; areas may have some, so a line or a part between commas is tried whole."""
        parts = split_codes(text)
        there = list(Bin.objects.filter(warehouse=place))
        named = {row.code.lower(): [row] for row in there}
        for row in there:
            if row.area:
                named.setdefault(f"area {row.area.lower()}", []).append(row)
        found: dict[int, Bin] = {}
        missing = []
        for part in parts:
            rows = named.get(part.lower()) or named.get(f"area {part.lower()}")
            if rows is None:
                words = [named.get(word.lower()) for word in part.split()]
                rows = [row for word in words for row in word] if all(words) else None
            missing += [part] if rows is None else []
            found |= {row.pk: row for row in rows or ()}
        if missing:
            told = {"names": ", ".join(missing[:10]), "place": place}
            self.add_error("bins", _g("%(place)s has no such bin or area: %(names)s.") % told)
        return list(found.values())

    def _items(self, text: str) -> list[Product]:
        names = list(dict.fromkeys(split_codes(text)))
        if len(names) > MOST_NAMED:
            told = {"n": len(names), "most": MOST_NAMED}
            self.add_error("items", _g("%(n)d items are more than the %(most)d of one count. Open several.") % told)
            return []
        found = Product.objects.active().by_code(names)
        missing = [name for name in names if name not in found]
        if missing:
            told = {"n": len(missing), "names": ", ".join(missing[:10])}
            self.add_error("items", _g("%(n)d are not known, or no longer bought: %(names)s.") % told)
        return list({row.pk: row for row in found.values()}.values())


@dataclass(frozen=True)
class Size:
    """How much a count is."""

    items: int
    minutes: float


def size_of(told: dict[str, Any]) -> Size:
    """Items of what the form asks for, and minutes by the pace of people there."""
    place, kind = told["warehouse"], told["kind"]
    if kind == "today":
        needs = CountNeed.objects.listed().filter(level__warehouse=place).without_open_count()
        seconds = list(needs.values_list("seconds", flat=True))
        return Size(len(seconds), sum(seconds) / 60)
    _kind, levels = levels_of(place, **_scope(told))
    items = len(told["items"]) if kind == "list" else levels.count()
    bins = Bin.objects.filter(warehouse=place, levels__in=levels.values("pk")).distinct().count()
    return Size(items, float(read_pace(place).seconds(items, max(bins, 1))) / 60 if items else 0.0)


def _scope(told: dict[str, Any]) -> dict[str, Any]:
    return {
        "category": {"category": told["category"]}, "bins": {"bins": told["bins"]}, "list": {"products": told["items"]},
    }.get(told["kind"], {})  # fmt: skip


def open_as_told(told: dict[str, Any], actor) -> StockCount:
    names = ("is_blind", "recount_pieces", "recount_cost", "approve_cost")
    rules = services.CountRules(**{name: told[name] for name in names})
    if told["kind"] == "today":
        return services.open_planned_count(warehouse=told["warehouse"], actor=actor, rules=rules, note=told["note"])
    return services.open_count(warehouse=told["warehouse"], actor=actor, rules=rules, note=told["note"], **_scope(told))


def open_in_each(levels: Sequence[StockLevel], actor) -> str:
    """Levels of several warehouses become a count in each; what was opened, in words."""
    places = {level.warehouse_id: level.warehouse for level in levels}
    numbers = [
        services.open_count(
            warehouse=place, actor=actor, products=[level.product for level in levels if level.warehouse_id == pk]
        ).number
        for pk, place in sorted(places.items())
    ]
    return _g("Opened: %(numbers)s. Count with a phone, or send what was counted over the API.") % {
        "numbers": ", ".join(numbers)
    }


class OpensCounts:
    """The add page of counts, and the part of it that says how much it would be."""

    def has_add_permission(self, request) -> bool:
        return request.user.has_perm(OPEN)

    def size_view(self, request: HttpRequest) -> HttpResponse:
        """What htmx asks for while the form is being filled in."""
        if not request.user.has_perm(OPEN):
            raise PermissionDenied
        form = NewCountForm(request.POST or None, user=request.user)
        size = size_of(form.cleaned_data) if form.is_valid() else None
        problems = [] if size else [str(error) for errors in form.errors.values() for error in errors]
        return render(request, "stock/count_size.html", {"size": size, "problems": problems, **_words(size)})

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context=None) -> HttpResponse:
        if not request.user.has_perm(OPEN):
            raise PermissionDenied
        form = NewCountForm(request.POST or None, user=request.user)
        if request.method == "POST" and form.is_valid():
            told = form.cleaned_data
            try:
                pk = run_once(request, request.resolver_match.view_name, lambda: open_as_told(told, request.user).pk)
            except DomainError as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, _g("%(number)s is open: count with a phone, or enter it here.") % {
                    "number": StockCount.objects.get(pk=pk).number
                })  # fmt: skip
                return HttpResponseRedirect(reverse("admin:stock_stockcount_change", args=[pk]))
        size = size_of(form.cleaned_data) if form.is_bound and form.is_valid() else None
        context = self.admin_site.each_context(request) | {
            "title": _g("New count"), "opts": self.opts, "form": form, "size": size, **_words(size),
            "once_key": request.POST.get(KEY) or new_key(),
        }  # fmt: skip
        return TemplateResponse(request, "stock/count_new.html", context)


def _words(size: Size | None) -> dict[str, str]:
    if size is None:
        return {"minutes": ""}
    hours, minutes = divmod(round(size.minutes), 60)
    told = {"h": hours, "m": minutes}
    return {"minutes": _g("%(h)d h %(m)d min") % told if hours else _g("%(m)d minutes") % told}
