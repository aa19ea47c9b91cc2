"""Buttons that do something: one-time keys, one transaction, refusals as messages."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from unfold.forms import ActionForm

from inventory_site.common import admin_menu, idempotency
from inventory_site.common.errors import DomainError, KeyReused, StaleVersion
from inventory_site.common.numbers import whole_number
from inventory_site.common.retry import retry_when_busy

KEY = "once"
VERSION = "version"
MOST_AT_ONCE = 1000


def new_key() -> str:
    return uuid.uuid4().hex


class KeyedActionForm(ActionForm):
    """The list's action form with its one-time key."""

    once = forms.CharField(label="", required=False, widget=forms.HiddenInput, initial=new_key)


@dataclass(frozen=True)
class Act:
    """A button: ``run`` gets the request, the rows and the form's data, calls services and says what happened."""

    name: str
    label: str
    permission: str
    run: Callable[[HttpRequest, list[Any], dict], str]
    possible: Callable[[Any], bool] = lambda row: True
    form: Callable[[HttpRequest, Any], forms.Form] | None = None  # data is bound by the caller
    variant: str = "default"
    in_list: bool = False
    note: str = ""  # what will happen, on the page that asks

    @property
    def asks(self) -> bool:
        """It has a page of its own before anything happens. (A template would call ``form`` to see if it is there.)"""
        return self.form is not None


def version_seen(request: HttpRequest) -> int | None:
    """The version of the row that the page showed, from its hidden field; None where it told none."""
    return whole_number(request.POST.get(VERSION))


def run_once(request: HttpRequest, operation: str, effect: Callable[[], Any]) -> Any:
    """Run ``effect`` in one transaction under the request's one-time key; a second click gets the first's answer."""
    key = request.POST.get(KEY, "")
    if not key or len(key) > 200 or "\0" in key:
        raise BadRequest("one-time key missing")
    told = {name: request.POST.getlist(name) for name in request.POST if name != "csrfmiddlewaretoken"}

    def attempt() -> Any:
        with transaction.atomic():
            claimed = idempotency.claim(
                principal=f"user:{request.user.pk}", operation=operation, key=key, body={request.path: told}
            )
            if claimed.is_new:
                claimed.store(200, effect())
            return claimed.answer

    return retry_when_busy(attempt)


def safe_next(request: HttpRequest, fallback: str) -> str:
    """Where the form came from, if that is a page of ours."""
    asked = request.POST.get("next", "")
    return asked if url_has_allowed_host_and_scheme(asked, {request.get_host()}, request.is_secure()) else fallback


class ActsMixin:
    """Gives an admin its ``acts``: buttons on the row's page, and entries of the list's menu (``in_list``)."""

    acts: Sequence[Act] = ()
    action_form = KeyedActionForm
    change_form_outer_before_template = "admin/acts.html"

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_do"
        view = self.admin_site.admin_view(self.do_view)
        return [path("<path:object_id>/do/<slug:act>/", view, name=name), *super().get_urls()]

    def acts_for(self, request: HttpRequest, row: Any) -> list[Act]:
        """What this person may do with this row as it is now."""
        return [act for act in self.acts if act.possible(row) and self.may(request, act.permission, row)]

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        row = self.get_object(request, object_id) if object_id and self.acts else None
        offered = self.acts_for(request, row) if row else []
        extra = {"acts": offered, "acts_of": row, "once_key": new_key() if offered else ""}
        try:
            return super().changeform_view(request, object_id, form_url, extra | (extra_context or {}))
        except DomainError as error:
            messages.error(request, _("Nothing was changed. %(why)s") % {"why": error})
            return HttpResponseRedirect(request.path)

    def do_view(self, request: HttpRequest, object_id: str, act: str) -> HttpResponse:
        """Do one act on one row: at once, or after its form."""
        row = self.get_object(request, object_id)
        chosen = next((a for a in self.acts if a.name == act), None)
        if row is None or chosen is None:
            raise Http404
        if not self.may(request, chosen.permission, row):
            return self.refuse()
        form = chosen.form(request, row) if chosen.form else None
        is_told = request.method == "POST" and (form is None or form.is_valid())
        if not is_told:
            return self._act_page(request, row, chosen, form)
        try:
            data = form.cleaned_data if form else {}
            said = run_once(request, request.resolver_match.view_name, lambda: chosen.run(request, [row], data))
        except KeyReused:
            messages.error(request, _("This page was sent before, with other entries. Look at what stands now."))
        except DomainError as error:
            messages.error(request, str(error))
            if form and not isinstance(error, StaleVersion):
                return self._act_page(request, row, chosen, form)
        else:
            messages.success(request, said)
        return HttpResponseRedirect(safe_next(request, self.page_of(row)))

    def page_of(self, row: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])

    def _act_page(self, request: HttpRequest, row: Any, act: Act, form: forms.Form | None) -> HttpResponse:
        context = self.admin_site.each_context(request) | {
            "title": act.label, "subtitle": str(row), "opts": self.opts, "act": act, "form": form, "row": row,
            "back": self.page_of(row), "once_key": request.POST.get(KEY) or new_key(),
            "version": request.POST.get(VERSION, getattr(row, "version", "")),
        }  # fmt: skip
        return TemplateResponse(request, "admin/act.html", context)

    def get_actions(self, request: HttpRequest) -> dict:
        offered = super().get_actions(request)
        for act in self.acts:
            if act.in_list and request.user.has_perm(act.permission):
                offered[act.name] = (_list_action(act), act.name, act.label)
        for entry in admin_menu.offered(f"{self.opts.app_label}.{self.opts.model_name}"):
            if request.user.has_perm(entry.permission):
                offered[entry.name] = (entry.do, entry.name, entry.label)
        return offered

    def run_on_selection(self, request: HttpRequest, queryset, act: Act, data: dict | None = None) -> None:
        """All of the selected rows or none; rows where the person may not are left out and counted.

        ``data`` is what the act's form was told, where the page asked for it.
        """
        rows = list(queryset[: MOST_AT_ONCE + 1])
        if len(rows) > MOST_AT_ONCE:
            messages.error(request, _("At most %(number)d at once. Nothing was changed.") % {"number": MOST_AT_ONCE})
            return
        mine = self.allowed_among(request, act.permission, rows)
        if len(mine) < len(rows):
            left_out = len(rows) - len(mine)
            messages.warning(request, _("%(count)d left out: your role there does not allow it.") % {"count": left_out})
        try:
            if mine:
                operation = f"{request.resolver_match.view_name}:{act.name}"
                messages.success(request, run_once(request, operation, lambda: act.run(request, mine, data or {})))
        except DomainError as error:
            messages.error(request, _("Nothing was changed. %(why)s") % {"why": error})


def _list_action(act: Act) -> Callable:
    def do(admin, request, queryset):
        admin.run_on_selection(request, queryset, act)

    return do
