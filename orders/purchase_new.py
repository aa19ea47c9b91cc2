"""The page on which people enter a new purchase order."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from catalog.models import Supplier
from orders import services
from orders.admin_new import Head, Line, picker
from orders.models import PurchaseOrder, PurchaseOrderLine


class PurchaseHead(Head):
    supplier = forms.ModelChoiceField(Supplier.objects.filter(is_active=True), label=_("supplier"))
    reference = forms.CharField(label=_("reference"), required=False, max_length=120, widget=UnfoldAdminTextInputWidget)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["supplier"].widget = picker(PurchaseOrder, "supplier")
        self.fields["supplier"].widget.choices = self.fields["supplier"].choices


class PurchaseLine(Line):
    line_model = PurchaseOrderLine


def make_purchase(request, head: dict, lines: list[dict]) -> PurchaseOrder:
    return services.create_purchase_order(
        supplier=head["supplier"],
        warehouse=head["warehouse"],
        reference=head["reference"],
        actor=request.user,
        lines=[services.NewPurchaseLine(line["product"], line["quantity"], line["money"]) for line in lines],
    )
