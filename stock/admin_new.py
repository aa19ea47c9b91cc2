"""The pages on which people enter a new document: a head, lines of products, one service call."""

from __future__ import annotations

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from catalog.models import Product
from inventory_site.common.admin_acts import KEY, new_key, run_once
from inventory_site.common.errors import DomainError

LINES = 8
MOST_LINES = 200


def picker(model, field: str) -> AutocompleteSelect:
    return AutocompleteSelect(model._meta.get_field(field), admin.site)


def number_input(**attrs) -> UnfoldAdminTextInputWidget:
    return UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"} | attrs)


class ProductLine(forms.Form):
    """One product and how many pieces; an empty line is left out."""

    product = forms.ModelChoiceField(Product.objects.active(), label=_("product"), required=False)
    quantity = forms.IntegerField(
        label=_("quantity"), required=False, min_value=1, widget=number_input(inputmode="numeric")
    )
    line_model: type

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["product"].widget = picker(self.line_model, "product")
        self.fields["product"].widget.choices = self.fields["product"].choices

    def clean(self) -> dict:
        told = super().clean()
        if bool(told.get("product")) != bool(told.get("quantity")) and not self.errors:
            raise forms.ValidationError(_g("A line needs a product and a quantity."))
        return told


class NewDocumentPage:
    """Replaces Django's add form, which would write rows past the services."""

    new_head: type[forms.Form]
    new_line: type[ProductLine]
    lines_note = _("Lines without a product are left out.")
    #: (name in the POST, label) of each way to write it.
    write_buttons: tuple[tuple[str, str], ...] = (("write", _("Write the order")),)

    def line_options(self, request, usual: str) -> dict:
        """What each form of a new line is told; ``usual`` are the words for a choice that is left open."""
        return {}

    def new_lines(self, request, *, extra: int, usual: str) -> forms.BaseFormSet:
        """Forms of new lines, those that were sent or so many empty ones."""
        formset = forms.formset_factory(self.new_line, extra=extra, max_num=MOST_LINES)
        return formset(request.POST or None, prefix="lines", form_kwargs=self.line_options(request, usual))

    def add_view(self, request, form_url="", extra_context=None):
        permission = self._permission("add")
        if not request.user.has_perm(permission):
            raise PermissionDenied
        data = request.POST or None
        head = self.new_head(data, user=request.user, permission=permission)
        lines = self.new_lines(request, extra=LINES, usual=_g("as above"))
        if request.method == "POST" and head.is_valid() and lines.is_valid():
            told = [line for line in lines.cleaned_data if line.get("product")]
            try:
                pk = run_once(
                    request, request.resolver_match.view_name, lambda: self.make(request, head.cleaned_data, told).pk
                )
                messages.success(request, _g("%(what)s written.") % {"what": self.model.objects.get(pk=pk)})
                return HttpResponseRedirect(f"../{pk}/change/")
            except DomainError as error:
                head.add_error(None, str(error))
        context = self.admin_site.each_context(request) | {
            "title": _g("New %(what)s") % {"what": self.opts.verbose_name}, "opts": self.opts, "head": head,
            "lines": lines, "once_key": request.POST.get(KEY) or new_key(), "media": head.media + lines.media,
            "lines_note": self.lines_note, "write_buttons": self.write_buttons,
        }  # fmt: skip
        return TemplateResponse(request, "admin/new.html", context)
