"""The page on which people enter a new purchase order."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from catalog.models import Supplier, SupplierProduct
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
    """Costs and packs that were left empty come from the supplier's terms."""
    terms = {
        term.product_id: term
        for term in SupplierProduct.objects.filter(
            supplier=head["supplier"], product__in=[line["product"] for line in lines]
        )
    }
    return services.create_purchase_order(
        supplier=head["supplier"],
        warehouse=head["warehouse"],
        reference=head["reference"],
        actor=request.user,
        lines=[_purchase_line(line, terms.get(line["product"].pk)) for line in lines],
    )


def _purchase_line(line: dict, term: SupplierProduct | None) -> services.NewPurchaseLine:
    usual = term.unit_cost if term else line["product"].unit_cost
    cost = usual if line["money"] is None else line["money"]
    return services.NewPurchaseLine(line["product"], line["quantity"], cost, term.pack_size if term else 1)
