"""The PDF of a purchase order."""

from __future__ import annotations

from io import BytesIO

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from inventory_site.common.numbers import amount, whole
from inventory_site.common.pdf import LATIN, MARGIN, RULE, SHADE, letters, paragraph
from orders.purchase_document import Document, Row, title

WIDTHS = (78, 72, 165, 60, 45, 45, 50)


def pdf_of(document: Document, *, with_costs: bool) -> bytes:
    """A4, as many pages as it needs, the head of the table on each."""
    from reportlab.lib.pagesizes import A4
    from reportlab.platypus import SimpleDocTemplate, Spacer

    letters()
    out = BytesIO()
    page = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN + 12,
        title=title(document), author=document.shop,
    )  # fmt: skip
    story = [paragraph(title(document), 16), Spacer(1, 10), _parties(document), Spacer(1, 14)]
    story += [_table(document, with_costs), Spacer(1, 12), *_totals(document, with_costs)]
    page.build(story, onFirstPage=_footer(document), onLaterPages=_footer(document))
    return out.getvalue()


def _parties(document: Document):
    """From whom, to whom, where to and when."""
    from reportlab.platypus import Table

    order, supplier = document.order, document.order.supplier
    expected = date_format(order.expected_on, "SHORT_DATE_FORMAT") if order.expected_on else "–"
    ordered = date_format(document.ordered_on, "SHORT_DATE_FORMAT")
    blocks = (
        (_("Supplier"), [supplier.name, supplier.address, supplier.email, supplier.phone]),
        (_("Deliver to"), [document.shop, order.warehouse.name, order.warehouse.address]),
        (_("Dates"), [_("ordered %(day)s") % {"day": ordered}, _("expected %(day)s") % {"day": expected},
                      order.reference]),
    )  # fmt: skip
    told = [paragraph("\n".join([head, *(line.strip() for line in lines if line.strip())])) for head, lines in blocks]
    table = Table([told], colWidths=[190, 190, 135])
    table.setStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)])
    return table


def _table(document: Document, with_costs: bool):
    from reportlab.platypus import Table

    heads = [_("Your number"), _("Our number"), _("Product"), _("Quantity"), _("Packs")]
    heads += [_("Price"), _("Amount")] if with_costs else []
    head = [paragraph(name, 8, right=place > 2) for place, name in enumerate(heads)]
    body = [_cells(row, with_costs) for row in document.rows]
    widths = [*WIDTHS[: len(heads)]]
    widths[2] += sum(WIDTHS) - sum(widths)
    table = Table([head, *body], colWidths=widths, repeatRows=1)
    table.setStyle(
        [
            ("BACKGROUND", (0, 0), (-1, 0), SHADE), ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, RULE), ("LEFTPADDING", (0, 0), (-1, -1), 3),
            ("RIGHTPADDING", (0, 0), (-1, -1), 3),
        ]
    )  # fmt: skip
    return table


def _cells(row: Row, with_costs: bool) -> list:
    packs = _("broken") if row.packs is None else f"{row.packs} × {row.pack_size}"
    texts = [row.supplier_sku or "–", row.sku, row.name, f"{whole(row.quantity)} {row.unit}", packs]
    if with_costs:
        texts += [f"{row.unit_cost.normalize():f}", amount(row.amount)]
    return [paragraph(text, 8, right=place > 2) for place, text in enumerate(texts)]


def _totals(document: Document, with_costs: bool) -> list:
    pieces = sum(row.quantity for row in document.rows)
    told = [_("%(lines)d lines, %(pieces)d pieces") % {"lines": len(document.rows), "pieces": pieces}]
    if with_costs:
        currency = document.currency
        told.append(_("Goods: %(sum)s %(currency)s") % {"sum": amount(document.goods), "currency": currency})
        if document.freight:
            told.append(_("Freight: %(sum)s %(currency)s") % {"sum": amount(document.freight), "currency": currency})
        total = document.goods + document.freight
        told.append(_("Total: %(sum)s %(currency)s") % {"sum": amount(total), "currency": currency})
    return [paragraph(line, 10, right=True) for line in told]


def _footer(document: Document):
    def draw(canvas, page) -> None:
        canvas.setFont(LATIN, 8)
        canvas.drawRightString(page.width + MARGIN, MARGIN - 8, f"{document.order.number} · {page.page}")

    return draw
