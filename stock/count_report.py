"""The report of a count on one page: as HTML to print, and as PDF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from django.utils.formats import date_format
from django.utils.text import Truncator, capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from inventory_site.common.models import ShopSettings
from inventory_site.common.numbers import amount, percent, whole
from inventory_site.common.pdf import LATIN, MARGIN, RULE, SHADE, letters, paragraph
from stock import count_figures
from stock.count_figures import Variance
from stock.models import CountLine, StockCount

LISTED = 15


@dataclass(frozen=True)
class Report:
    """What stands on it; without money for who may not see costs. Texts are those of the reader's language."""

    title: str
    shop: str
    number: str
    facts: list[tuple[str, str]]
    sums: list[tuple[str, str]]
    heads: list[str]
    rows: list[list[str]]
    left: str
    signatures: list[str]


def report_of(count: StockCount, *, sees_costs: bool) -> Report:
    found, shop = count_figures.variance(count), ShopSettings.objects.load()
    lines = count_figures.differences(count, by_cost=sees_costs)
    rows, more = list(lines[:LISTED]), lines.count() - LISTED
    heads = [_("SKU"), _("Product"), _("Expected"), _("Counted"), _("Difference")]
    return Report(
        _("Count %(number)s") % {"number": count.number}, shop.name, count.number, _facts(count),
        _sums(count, found, shop.currency if sees_costs else ""), heads + ([_("Value")] if sees_costs else []),
        [_cells(line, sees_costs) for line in rows],
        _("%(n)d smaller differences are not listed.") % {"n": more} if more > 0 else "",
        [_("Counted by"), _("Approved by"), _("Date, place")],
    )  # fmt: skip


def _facts(count: StockCount) -> list[tuple[str, str]]:
    people = ", ".join(row.name for row in count_figures.by_person(count))
    told = [
        (_("Warehouse"), count.warehouse.name),
        (_("Of"), str(count.category) if count.category else count.get_kind_display()),
        (_("State"), count.get_state_display()),
        (_("Opened"), _when(count.opened_at, count.opened_by)),
        (_("Counted by"), people or "–"),
        (_("Approved by"), str(count.approved_by or "–")),
        (_("Posted"), _when(count.closed_at, count.posted_by) if count.posted_by or count.closed_at else "–"),
    ]
    if count.undone_at:
        told.append((_("Undone"), _when(count.undone_at, count.undone_by)))
    return told


def _when(at, person) -> str:
    told = date_format(localtime(at), "SHORT_DATETIME_FORMAT")
    return f"{told}, {person}" if person else told


def _sums(count: StockCount, found: Variance, currency: str) -> list[tuple[str, str]]:
    told = [
        (_("Items counted"), whole(found.counted)),
        (capfirst(_("not counted")), whole(count.lines.count() - found.counted)),
        (capfirst(_("exactly right")), f"{whole(found.exact)} ({percent(found.item_accuracy)})"),
        (_("Pieces more, fewer"), f"+{whole(found.gained)}, {whole(found.lost)}"),
    ]
    kept = count.entries.to_settle().count()
    told += [(capfirst(_("kept entries")), whole(kept))] if kept else []
    if currency:
        told += [
            (_("Value expected"), f"{amount(found.value)} {currency}"),
            (_("Gains, losses"), f"+{amount(found.gains)}, {amount(found.losses)} {currency}"),
            (_("Net difference"), f"{amount(found.net)} {currency}"),
            (_("Differences up and down"), f"{amount(found.absolute)} {currency}"),
            (_("Value accuracy"), percent(found.value_accuracy)),
        ]
    return told


def _cells(line: CountLine, sees_costs: bool) -> list[str]:
    product = line.level.product
    cells = [
        product.sku,
        Truncator(product.name).chars(60),
        whole(line.expected),
        whole(line.counted),
        f"{line.delta:+d}",
    ]
    return cells + ([amount(line.cost)] if sees_costs else [])


def pdf_of(report: Report) -> bytes:
    """A4, one page: facts and sums side by side, the largest differences, lines to sign on."""
    from reportlab.lib.pagesizes import A4
    from reportlab.platypus import SimpleDocTemplate, Spacer

    letters()
    out = BytesIO()
    page = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN + 12,
        title=report.title, author=report.shop,
    )  # fmt: skip
    story = [paragraph(report.title, 16), paragraph(report.shop, 9), Spacer(1, 10), _pairs(report), Spacer(1, 12)]
    story += [paragraph(_("Largest differences"), 12), Spacer(1, 4)]
    story += [_table(report) if report.rows else paragraph(_("Nothing differs."))]
    story += [paragraph(report.left, 8), Spacer(1, 48), _signatures(report.signatures)]

    def foot(canvas, document) -> None:
        canvas.setFont(LATIN, 8)
        canvas.drawRightString(document.width + MARGIN, MARGIN - 8, f"{report.number} · {document.page}")

    page.build(story, onFirstPage=foot, onLaterPages=foot)
    return out.getvalue()


def _pairs(report: Report):
    from reportlab.platypus import Table

    def column(pairs: Sequence[tuple[str, str]]):
        table = Table([[paragraph(name, 8), paragraph(value, 8, right=True)] for name, value in pairs], [110, 140])
        table.setStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEBELOW", (0, 0), (-1, -1), 0.3, RULE)])
        return table

    both = Table([[column(report.facts), column(report.sums)]], [258, 258])
    both.setStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)])
    return both


def _table(report: Report):
    from reportlab.platypus import Table

    head = [paragraph(name, 8, right=place > 1) for place, name in enumerate(report.heads)]
    body = [[paragraph(cell, 8, right=place > 1) for place, cell in enumerate(row)] for row in report.rows]
    widths = [90, 215 if len(report.heads) > 5 else 275, 50, 50, 50, 60]
    table = Table([head, *body], widths[: len(report.heads)], repeatRows=1)
    table.setStyle(
        [("VALIGN", (0, 0), (-1, -1), "TOP"), ("BACKGROUND", (0, 0), (-1, 0), SHADE),
         ("LINEBELOW", (0, 0), (-1, -1), 0.4, RULE)]
    )  # fmt: skip
    return table


def _signatures(names: Sequence[str]):
    from reportlab.platypus import Table

    table = Table([[paragraph(name, 8) for name in names]], [172] * len(names))
    table.setStyle([("LINEABOVE", (0, 0), (-1, -1), 0.6, RULE), ("RIGHTPADDING", (0, 0), (-1, -1), 24)])
    return table
