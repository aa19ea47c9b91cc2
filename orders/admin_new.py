"""The pages on which people enter a new sales or purchase order: a head, lines, one service call."""

from __future__ import annotations

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from catalog.models import Product
from inventory_site.common.admin_acts import KEY, new_key, run_once
from inventory_site.common.errors import DomainError
from orders import services
from orders.models import Customer, SalesChannel, SalesOrder, SalesOrderLine
from stock.models import Warehouse

LINES = 8


def picker(model, field: str) -> AutocompleteSelect:
    return AutocompleteSelect(model._meta.get_field(field), admin.site)


def _number(**attrs) -> UnfoldAdminTextInputWidget:
    return UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"} | attrs)


class Head(forms.Form):
    warehouse = forms.ModelChoiceField(Warehouse.objects.none(), label=_("warehouse"), widget=UnfoldAdminSelectWidget)

    def __init__(self, *args, user, permission: str, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["warehouse"].queryset = Warehouse.objects.visible_to(user, permission).active()


class SalesHead(Head):
    channel = forms.ModelChoiceField(SalesChannel.objects.all(), label=_("sales channel"),
                                     widget=UnfoldAdminSelectWidget)  # fmt: skip
    customer = forms.ModelChoiceField(Customer.objects.all(), label=_("customer"), required=False)
    external_id = forms.CharField(
        label=_("number in the channel"), required=False, max_length=100, widget=UnfoldAdminTextInputWidget
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["customer"].widget = picker(SalesOrder, "customer")
        self.fields["customer"].widget.choices = self.fields["customer"].choices


class Line(forms.Form):
    product = forms.ModelChoiceField(Product.objects.active(), label=_("product"), required=False)
    quantity = forms.IntegerField(label=_("quantity"), required=False, min_value=1, widget=_number(inputmode="numeric"))
    money = forms.DecimalField(
        label=_("price"), required=False, min_value=0, max_digits=12, decimal_places=4,
        widget=_number(inputmode="decimal"),
    )  # fmt: skip
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


class SalesLine(Line):
    line_model = SalesOrderLine


class NewOrderPage:
    """Replaces Django's add form, which would write rows past the services."""

    new_head: type[Head]
    new_line: type[Line]

    def add_view(self, request, form_url="", extra_context=None):
        permission = self._permission("add")
        if not request.user.has_perm(permission):
            raise PermissionDenied
        data = request.POST or None
        head = self.new_head(data, user=request.user, permission=permission)
        lines = forms.formset_factory(self.new_line, extra=LINES, max_num=200)(data, prefix="lines")
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
        }  # fmt: skip
        return TemplateResponse(request, "orders/new.html", context)


def make_sale(request, head: dict, lines: list[dict]) -> SalesOrder:
    return services.place_sales_order(
        channel=head["channel"],
        customer=head["customer"],
        external_id=head["external_id"] or None,
        actor=request.user,
        lines=[
            services.NewLine(
                line["product"], head["warehouse"], line["quantity"],
                line["product"].price if line["money"] is None else line["money"],
            )
            for line in lines
        ],
    )  # fmt: skip
