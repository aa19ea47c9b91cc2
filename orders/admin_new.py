"""The page on which people enter a new sales order, and what it shares with purchases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from inventory_site.common.models.shop import AllocationStrategy
from orders import services
from orders.models import Customer, SalesChannel, SalesOrder, SalesOrderLine
from stock.access import within
from stock.admin_new import NewDocumentPage, ProductLine, number_input, picker
from stock.models import Warehouse

MOST_RESERVED_MINUTES = 60 * 24 * 90


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
    ship_to = forms.CharField(
        label=_("ship to"), required=False, max_length=500, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3})
    )
    strategy = forms.ChoiceField(
        label=_("allocate from"), required=False, choices=[("", _("as the shop does")), *AllocationStrategy.choices],
        widget=UnfoldAdminSelectWidget,
    )  # fmt: skip
    shipping_charge = forms.DecimalField(
        label=_("shipping charge"), required=False, min_value=0, max_digits=12, decimal_places=2,
        widget=number_input(inputmode="decimal"),
    )  # fmt: skip
    discount = forms.DecimalField(
        label=_("discount"), required=False, min_value=0, max_digits=12, decimal_places=2,
        widget=number_input(inputmode="decimal"),
    )  # fmt: skip
    reserved_minutes = forms.IntegerField(
        label=_("reserve for, minutes"), required=False, min_value=1, max_value=MOST_RESERVED_MINUTES,
        help_text=_("Empty: its stock is promised until it is shipped or cancelled."),
        widget=number_input(inputmode="numeric"),
    )  # fmt: skip

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["customer"].widget = picker(SalesOrder, "customer")
        self.fields["customer"].widget.choices = self.fields["customer"].choices


class Line(ProductLine):
    money = forms.DecimalField(
        label=_("cost of one"), required=False, min_value=0, max_digits=12, decimal_places=4,
        widget=number_input(inputmode="decimal"),
    )  # fmt: skip


class SalesLine(Line):
    """Who sells in several warehouses may say for each line which one."""

    line_model = SalesOrderLine
    field_order = ("product", "warehouse")

    def __init__(self, *args, places: Sequence[Warehouse], usual: str, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["money"].label = _("price of one")
        if len(places) > 1:
            by_key = {str(place.pk): place for place in places}
            self.fields["warehouse"] = forms.TypedChoiceField(
                label=_("warehouse"), required=False, widget=UnfoldAdminSelectWidget, empty_value=None,
                choices=[("", usual), *((key, str(place)) for key, place in by_key.items())], coerce=by_key.get,
            )  # fmt: skip
            self.order_fields(self.field_order)


class NewOrderPage(NewDocumentPage):
    lines_note = _("Leave the price empty to take the usual one. Lines without a product are left out.")


class NewSalesPage(NewOrderPage):
    new_head, new_line = SalesHead, SalesLine
    write_buttons = (("write", _("Place the order")), ("draft", _("Write a draft")))

    def line_options(self, request, usual: str) -> dict:
        mine = Warehouse.objects.visible_to(request.user, "orders.add_salesorder")
        return {"places": list(mine.active()), "usual": usual}


def make_sale(request, head: dict, lines: list[dict]) -> SalesOrder:
    minutes = head["reserved_minutes"]
    return services.place_sales_order(
        channel=head["channel"],
        customer=head["customer"],
        external_id=head["external_id"] or None,
        ship_to=head["ship_to"],
        strategy=head["strategy"],
        shipping_charge=head["shipping_charge"] or Decimal(0),
        discount=head["discount"] or Decimal(0),
        reserved_until=timezone.now() + timedelta(minutes=minutes) if minutes else None,
        is_draft="draft" in request.POST,
        actor=request.user,
        within=within(request.user, "orders.add_salesorder"),
        lines=new_sales_lines(lines, head["warehouse"]),
    )


def new_sales_lines(lines: list[dict], usual: Warehouse) -> list[services.NewLine]:
    """What the forms of new lines ask for; without a price at the product's, without a warehouse at the usual one."""
    return [
        services.NewLine(
            line["product"], line.get("warehouse") or usual, line["quantity"],
            line["product"].price if line["money"] is None else line["money"],
        )
        for line in lines
    ]  # fmt: skip
