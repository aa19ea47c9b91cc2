"""The page on which people change the lines of a draft: pieces of those that it has, and lines to add."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from inventory_site.common.admin_acts import KEY, Act, new_key, run_once, version_seen
from inventory_site.common.errors import DomainError, StaleVersion, WrongState
from stock.admin_new import number_input

ACT = "lines"
SPARE_LINES = 3


@dataclass(frozen=True)
class DraftLine:
    """A line as the page shows it; ``price`` where lines have one."""

    pk: int
    label: str
    quantity: int
    price: Decimal | None = None


class DraftLinesForm(forms.Form):
    """Pieces (and the price of one) of each line; empty or 0 takes the line off."""

    def __init__(self, data, lines: Iterable[DraftLine]):
        super().__init__(data)
        self.lines = list(lines)
        for line in self.lines:
            self.fields[f"line_{line.pk}"] = forms.IntegerField(
                label=line.label, required=False, min_value=0, initial=line.quantity,
                widget=number_input(inputmode="numeric", **{"aria-label": f"{line.label}: {_('quantity')}"}),
            )  # fmt: skip
            if line.price is not None:
                self.fields[f"price_{line.pk}"] = forms.DecimalField(
                    min_value=0, max_digits=12, decimal_places=4, initial=line.price,
                    widget=number_input(inputmode="decimal", **{"aria-label": f"{line.label}: {_('price of one')}"}),
                )  # fmt: skip

    def rows(self) -> list[dict]:
        priced = [line for line in self.lines if line.price is not None]
        return [
            {"label": line.label, "quantity": self[f"line_{line.pk}"],
             "price": self[f"price_{line.pk}"] if line in priced else None}
            for line in self.lines
        ]  # fmt: skip

    def changed(self, name: str) -> dict[int, Any]:
        """{line: value} of the quantities (``line``) or prices (``price``) that are not as they were."""
        told = {field: value for field, value in self.cleaned_data.items() if field.startswith(f"{name}_")}
        return {
            int(field.removeprefix(f"{name}_")): value or 0
            for field, value in told.items()
            if (value or 0) != self.fields[field].initial
        }


class ChangesLines:
    """An admin of documents whose drafts' lines can be changed; ``draft_lines`` tells what they are now."""

    def draft_lines(self, row: Any) -> list[DraftLine]:
        raise NotImplementedError

    def do_view(self, request: HttpRequest, object_id: str, act: str) -> HttpResponse:
        if act != ACT:
            return super().do_view(request, object_id, act)
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        chosen = next(one for one in self.acts if one.name == ACT)
        if not self.may(request, chosen.permission, row):
            return self.refuse()
        if request.method != "POST" and not chosen.possible(row):
            messages.warning(request, str(WrongState.of(row, _("changed"))))
            return HttpResponseRedirect(self.page_of(row))
        return self._change_lines(request, row, chosen)

    def _change_lines(self, request: HttpRequest, row: Any, act: Act) -> HttpResponse:
        data = request.POST or None
        form = DraftLinesForm(data, self.draft_lines(row))
        added = self.new_lines(request, extra=SPARE_LINES, usual=_("as the first line"))
        is_stale = version_seen(request) != row.version  # its fields are those of other lines, perhaps
        if request.method == "POST" and (is_stale or (form.is_valid() and added.is_valid())):

            def change() -> str:
                StaleVersion.check(row, -1 if version_seen(request) is None else version_seen(request))
                new = [line for line in added.cleaned_data if line.get("product")]
                return act.run(request, [row], {"form": form, "added": new})

            try:
                messages.success(request, run_once(request, request.resolver_match.view_name, change))
                return HttpResponseRedirect(self.page_of(row))
            except StaleVersion as error:
                messages.error(request, str(error))
                return HttpResponseRedirect(request.path)
            except DomainError as error:
                form.add_error(None, str(error))
        context = self.admin_site.each_context(request) | {
            "title": act.label, "subtitle": str(row), "opts": self.opts, "row": row, "form": form, "lines": added,
            "back": self.page_of(row), "once_key": request.POST.get(KEY) or new_key(),
            "media": form.media + added.media, "version": row.version,
        }  # fmt: skip
        return TemplateResponse(request, "admin/change_lines.html", context)
