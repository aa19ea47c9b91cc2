"""Lists as people want them: their own filters and columns, many SKUs at once, a small chart on each line."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import label_for_field
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponseRedirect, QueryDict
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import display

from inventory_site.common.models import ColumnChoice, SavedFilter
from inventory_site.common.sparks import Spark

MOST_SAVED, MOST_SKUS, LONGEST_QUERY = 30, 1000, 4000
SEPARATORS = re.compile(r"[,;\t\r\n，；、]+")
COLUMNS = "_list_columns"


class ListTools:
    """Saved filters and a choice of columns for each person, on every list."""

    @property
    def list_page(self) -> str:
        return f"{self.opts.app_label}.{self.opts.model_name}"

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_view"
        view = self.admin_site.admin_view(self.list_tools_view)
        return [path("view/<slug:verb>/", view, name=name), *super().get_urls()]

    def hidden_columns(self, request: HttpRequest) -> set[str]:
        """One query a request."""
        if not hasattr(request, COLUMNS):
            chosen = ColumnChoice.objects.filter(user=request.user, page=self.list_page).first()
            setattr(request, COLUMNS, set(chosen.hidden) if chosen else set())
        return getattr(request, COLUMNS)

    def get_list_display(self, request: HttpRequest):
        return [name for name in self.all_columns(request) if self._is_shown(request, name)]

    def all_columns(self, request: HttpRequest) -> list[str]:
        """What the person may see, chosen or not."""
        return list(super().get_list_display(request))

    def _is_shown(self, request: HttpRequest, name: str) -> bool:
        return name in self._fixed_columns(request) or name not in self.hidden_columns(request)

    def _fixed_columns(self, request: HttpRequest) -> set[str]:
        """The first one and those that lead to the row are always there."""
        return {*self.all_columns(request)[:1], *(self.list_display_links or ())}

    def changelist_view(self, request: HttpRequest, extra_context=None):
        extra = {"list_tools": self._list_tools(request)} if request.method == "GET" else {}
        return super().changelist_view(request, extra | (extra_context or {}))

    def _list_tools(self, request: HttpRequest) -> dict[str, Any]:
        fixed = self._fixed_columns(request)
        return {
            "saved": list(SavedFilter.objects.filter(user=request.user, page=self.list_page)),
            "columns": [
                (name, label_for_field(name, self.model, self), self._is_shown(request, name))
                for name in self.all_columns(request) if name not in fixed
            ],
            "query": _without_page(request.GET.urlencode()),
            "save": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_view", args=["save"]),
            "forget": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_view", args=["forget"]),
            "choose": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_view", args=["columns"]),
            "asked": " ".join(act.name for act in self.acts if act.in_list),
        }  # fmt: skip

    def list_tools_view(self, request: HttpRequest, verb: str) -> HttpResponseRedirect:
        """Change the person's own view of the list, and go back to it."""
        if request.method != "POST" or not self.has_view_permission(request):
            raise PermissionDenied
        change = {"save": self._save_filter, "forget": self._forget_filter, "columns": self._choose_columns}.get(verb)
        if change is None:
            raise Http404
        query = change(request)
        page = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        return HttpResponseRedirect(f"{page}?{query}")

    def _save_filter(self, request: HttpRequest) -> str:
        query, name = _asked(request), request.POST.get("name", "").strip()[:60]
        mine = SavedFilter.objects.filter(user=request.user, page=self.list_page)
        if not name or "\0" in name:
            messages.error(request, _("Give the filter a name."))
        elif mine.exclude(name=name).count() >= MOST_SAVED:
            messages.error(request, _("%(n)d filters are saved here already: forget one first.") % {"n": MOST_SAVED})
        else:
            SavedFilter.objects.update_or_create(
                user=request.user, page=self.list_page, name=name, defaults={"query": query}
            )
            messages.success(request, _("“%(name)s” is saved for you.") % {"name": name})
        return query

    def _forget_filter(self, request: HttpRequest) -> str:
        key = request.POST.get("filter", "")
        SavedFilter.objects.filter(user=request.user, page=self.list_page, pk=key if key.isdecimal() else 0).delete()
        return _asked(request)

    def _choose_columns(self, request: HttpRequest) -> str:
        shown = set(request.POST.getlist("column"))
        hidden = [name for name in self.all_columns(request) if name not in shown | self._fixed_columns(request)]
        # Cost columns that the person may not see now keep what was chosen when they might.
        ColumnChoice.objects.update_or_create(user=request.user, page=self.list_page, defaults={"hidden": hidden})
        return _asked(request)


def _asked(request: HttpRequest) -> str:
    return _without_page(request.POST.get("query", "")[:LONGEST_QUERY])


def _without_page(query: str) -> str:
    asked = QueryDict(query, mutable=True)
    asked.pop("p", None)
    return asked.urlencode()


def split_codes(text: str) -> list[str]:
    """As they are pasted from a sheet: with commas, tabs or line ends between; a code may have blanks in it."""
    return [part.strip() for part in SEPARATORS.split(text) if part.strip()]


class FindsItems:
    """Searches items by SKU, name or barcode; several SKUs or barcodes, as pasted from a sheet, find exactly these."""

    #: The way to the product from the list's model: "product__", or "" where it is the product.
    item_path = "product__"
    search_help_text = gettext_lazy("SKU, name or barcode; several SKUs with commas")

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        own = [f"{self.item_path}{name}" for name in ("sku", "name", "barcode")]
        return own + [name for name in super().get_search_fields(request) if name not in own]

    def get_search_results(self, request: HttpRequest, queryset, search_term: str):
        names = self._listed(search_term)
        if len(names) < 2:
            return super().get_search_results(request, queryset, search_term)
        sku, barcode = f"{self.item_path}sku__in", f"{self.item_path}barcode__in"
        return queryset.filter(Q(**{sku: names}) | Q(**{barcode: names})), False

    def _listed(self, term: str) -> list[str]:
        """Parts between commas, tabs and line ends. A field of one line takes line ends for blanks, so blanks part
        known SKUs too."""
        parts = split_codes(term)[:MOST_SKUS]
        words = term.split()[:MOST_SKUS]
        if len(parts) == 1 and len(words) > 1 and self._known(words) >= len(set(words)):
            return words
        return parts

    def _known(self, names: Sequence[str]) -> int:
        model = self.model
        for step in self.item_path.split("__")[:-1]:
            model = model._meta.get_field(step).related_model
        return model._default_manager.filter(Q(sku__in=names) | Q(barcode__in=names)).count()

    def changelist_view(self, request: HttpRequest, extra_context=None):
        names = self._listed(request.GET.get("q", ""))
        if len(names) > 1 and request.method == "GET" and (missing := len(set(names)) - self._known(names)) > 0:
            messages.warning(
                request,
                ngettext("%(n)d of the %(of)d numbers is not known.", "%(n)d of the %(of)d numbers are not known.",
                         missing) % {"n": missing, "of": len(set(names))},
            )  # fmt: skip
        return super().changelist_view(request, extra_context)


class ShowsSparks:
    """A column ``spark``; the charts of a page of rows are made together."""

    #: What each such admin defines: the charts by primary key of the row, with a fixed number of queries.
    sparks_of: Callable[[HttpRequest, Sequence[Any]], dict[int, Spark]]

    def get_changelist_instance(self, request: HttpRequest):
        changelist = super().get_changelist_instance(request)
        if "spark" in changelist.list_display and request.resolver_match.url_name.endswith("_changelist"):
            rows = list(changelist.result_list)
            found = self.sparks_of(request, rows) if rows else {}
            for row in rows:
                row.small_chart = found.get(row.pk)
            changelist.result_list = rows
        return changelist

    @display(description=gettext_lazy("trend"))
    def spark(self, row: Any) -> str:
        chart = getattr(row, "small_chart", None)
        return chart.svg if chart and chart.svg else "–"
