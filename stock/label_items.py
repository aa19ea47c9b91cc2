"""Products and bins as labels, and what may be asked of a file of them, in forms and over the API alike."""

from __future__ import annotations

from collections.abc import Sequence

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldBooleanWidget

from catalog.models import Product
from inventory_site.common.models import ShopSettings
from inventory_site.common.numbers import amount
from stock.admin_new import number_input
from stock.label_sheets import SHEETS
from stock.label_symbols import AUTO, WISHES
from stock.labels import Label, pdf_of
from stock.models import Bin

#: So many fill 477 sheets of 21; drawing them takes about 6 seconds, or 40 where they are QR codes.
MOST_LABELS = 10_000
PRODUCTS, BINS = "products", "bins"
PERMISSIONS = {PRODUCTS: "catalog.view_product", BINS: "stock.view_bin"}
MOST_NAMED = 5


class LabelForm(forms.Form):
    """``each`` says how many of the first, the second … item; without it ``copies`` of each."""

    sheet = forms.ChoiceField(
        label=_("sheet or roll"), choices=lambda: [(code, str(sheet)) for code, sheet in SHEETS.items()],
        initial="L7160", widget=UnfoldAdminSelectWidget,
    )  # fmt: skip
    start = forms.IntegerField(
        label=_("first free place"), initial=1, min_value=1, widget=number_input(inputmode="numeric"),
        help_text=_("On a sheet that was begun: counted from the upper left, row by row."),
    )  # fmt: skip
    copies = forms.IntegerField(
        label=_("copies of each"), initial=1, min_value=1, max_value=MOST_LABELS,
        widget=number_input(inputmode="numeric"),
    )  # fmt: skip
    symbol = forms.ChoiceField(
        label=_("barcode"), choices=list(WISHES.items()), initial=AUTO, widget=UnfoldAdminSelectWidget,
        help_text=_("EAN or UPC where the product has one, else Code 128, else a QR code: for Chinese and long codes."),
    )  # fmt: skip
    price = forms.BooleanField(label=_("with the price"), required=False, widget=UnfoldBooleanWidget)
    each = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean_each(self) -> list[int]:
        told = [part.strip() for part in self.cleaned_data["each"].split(",") if part.strip()]
        if not all(part.isascii() and part.isdecimal() and 0 < int(part) <= MOST_LABELS for part in told):
            raise forms.ValidationError(_("Write whole numbers from 1 on, with commas between: 3,1,2."))
        return [int(part) for part in told]

    def clean(self) -> dict:
        sheet, start = SHEETS.get(self.cleaned_data.get("sheet")), self.cleaned_data.get("start")
        if sheet and start and start > sheet.places:
            self.add_error(
                "start", _g("%(sheet)s has the places 1 to %(places)d.") % {"sheet": sheet.code, "places": sheet.places}
            )
        return self.cleaned_data

    def copies_of(self, items: int) -> list[int]:
        """For so many items; what does not match, or is too much for one file, becomes an error of the form."""
        each, copies = self.cleaned_data["each"] or [1] * items, self.cleaned_data["copies"]
        if len(each) != items:
            told = {"numbers": len(each), "items": items}
            self.add_error(
                "each",
                _g("Write a number for each item: they are %(items)d, and %(numbers)d numbers were given.") % told,
            )
        pieces = sum(each) * copies
        if pieces > MOST_LABELS:
            sentence = _g("%(pieces)d labels are more than the %(most)d of one file. Print them in parts.")
            self.add_error("copies", sentence % {"pieces": pieces, "most": MOST_LABELS})
        return [number * copies for number in each]

    def file(self, kind: str, rows: Sequence, copies: Sequence[int]) -> HttpResponse:
        """The PDF of so many ``copies`` of each of these products or bins, as ``copies_of`` told them."""
        told = self.cleaned_data
        labels = bin_labels(rows, copies) if kind == BINS else product_labels(rows, copies, with_price=told["price"])
        content = pdf_of(labels, SHEETS[told["sheet"]], start=told["start"], wish=told["symbol"])
        answer = HttpResponse(content, content_type="application/pdf")
        answer["Content-Disposition"] = f'inline; filename="labels-{told["sheet"]}.pdf"'
        return answer


def product_labels(products: Sequence[Product], copies: Sequence[int], *, with_price: bool) -> list[Label]:
    """The barcode where there is one, since that is what stands on the goods; else the SKU, which is then said once."""
    currency = ShopSettings.objects.load().currency
    return [
        Label(
            product.barcode or product.sku, product.name, product.sku if product.barcode else "",
            f"{amount(product.price)} {currency}" if with_price else "", number,
        )
        for product, number in zip(products, copies, strict=True)
    ]  # fmt: skip


def bin_labels(bins: Sequence[Bin], copies: Sequence[int]) -> list[Label]:
    notes = [" · ".join(filter(None, [place.warehouse.name, place.area])) for place in bins]
    return [
        Label(place.code, place.code, note=note, copies=number, is_big=True)
        for place, note, number in zip(bins, notes, copies, strict=True)
    ]


def products_named(user, codes: Sequence[str]) -> list[Product]:
    """In the order of the codes, SKUs or barcodes; what nobody knows is refused together."""
    found = Product.objects.visible_to(user).by_code(codes)
    return _in_order(codes, {code: found.get(code) for code in codes})


def bins_named(user, codes: Sequence[str], warehouse: str) -> list[Bin]:
    """The same for bins, in any case; their codes are unique in their warehouse only."""
    visible = Bin.objects.visible_to(user).select_related("warehouse")
    asked = {code.lower() for code in codes}
    found: dict[str, Bin] = {}
    for place in visible.filter(warehouse__code=warehouse) if warehouse else visible:
        if place.code.lower() in asked and found.setdefault(place.code.lower(), place) is not place:
            raise forms.ValidationError(
                _g("Bin %(code)s is in several warehouses: say in which, with warehouse=.") % {"code": place.code}
            )
    return _in_order(codes, {code: found.get(code.lower()) for code in codes})


def _in_order(codes: Sequence[str], found: dict) -> list:
    if not codes:
        raise forms.ValidationError(_g("Choose something to print labels of."))
    if missing := [code for code in found if found[code] is None]:
        named = ", ".join(f"“{code}”" for code in missing[:MOST_NAMED])
        more = f" (+{len(missing) - MOST_NAMED})" if len(missing) > MOST_NAMED else ""
        raise forms.ValidationError(_g("Nobody knows %(codes)s.") % {"codes": named + more})
    return [found[code] for code in codes]
