"""The warnings as files: a CSV for a spreadsheet, a PDF to hang up or to send."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from io import BytesIO, StringIO
from itertools import groupby

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alerts.models import Alert
from alerts.pages_lines import Todo, complete, ordering
from inventory_site.common.admin_export import harmless
from inventory_site.common.models import ShopSettings, User
from inventory_site.common.numbers import amount
from inventory_site.common.pdf import LATIN, MARGIN, RULE, SHADE, paragraph
from stock.models import Warehouse

#: A PDF of more lines than people read takes long to set.
MOST = {"csv": 20_000, "pdf": 500}


def file_of(
    kind: tuple[str, Callable], alerts: QuerySet, user: User, shop: ShopSettings, warehouse: Warehouse | None
) -> HttpResponse:
    """The alerts with ``todo``, the order of the page; without money for who may not see costs."""
    name, write = kind
    sees_costs = user.has_perm(settings.COST_PERMISSION)
    rows = alerts.select_related("product", "warehouse", "supplier", "assigned_to")
    order = list(Todo.LABELS)
    found = sorted(rows.order_by(*ordering(sees_costs))[: MOST[name]], key=lambda alert: order.index(alert.todo))
    more = alerts.count() - len(found)
    complete(found, user, currency=shop.currency, today=shop.today(), charts=False)
    title = _("Warnings of %(name)s") % {"name": warehouse.name if warehouse else shop.name}
    answer = HttpResponse(write(found, title, shop, sees_costs, more), content_type=TYPES[name])
    place = f"-{warehouse.code}" if warehouse else ""
    answer["Content-Disposition"] = f'attachment; filename="warnings{place}-{shop.today()}.{name}"'
    return answer


def csv_of(alerts: Iterable[Alert], title: str, shop: ShopSettings, sees_costs: bool, more: int) -> bytes:
    """A line each; cells are harmless in a spreadsheet."""
    out = StringIO()
    writer = csv.writer(out)
    heads = [_("what to do"), _("severity"), _("rule"), _("also"), _("SKU"), _("product"), _("warehouse"),
             _("supplier"), _("what"), _("proposed"), _("document"), _("since"), _("assigned to")]  # fmt: skip
    writer.writerow(heads + ([_("money at risk, %(currency)s") % {"currency": shop.currency}] if sees_costs else []))
    for alert in alerts:
        texts = [Todo.LABELS[alert.todo], alert.get_severity_display(), alert.rule_label, "; ".join(alert.others),
                 alert.product.sku if alert.product else "", alert.product.name if alert.product else "",
                 alert.warehouse or "", alert.supplier or "", alert.sentence, *_proposed(alert),
                 alert.opened_on.isoformat(), alert.assigned_to or ""]  # fmt: skip
        writer.writerow([harmless(str(text)) for text in texts] + ([alert.money_at_risk] if sees_costs else []))
    if more:
        writer.writerow([left_out(more)])
    return out.getvalue().encode("utf-8-sig")  # Excel needs the mark to read UTF-8


def _proposed(alert: Alert) -> tuple[str, str]:
    if not alert.suggestion:
        return "", ""
    document = alert.suggestion.document
    return alert.suggestion.button, document[0] if document else ""


def pdf_of(alerts: Iterable[Alert], title: str, shop: ShopSettings, sees_costs: bool, more: int) -> bytes:
    """A4, a heading for each thing to do, a box to tick before each line."""
    from reportlab.lib.pagesizes import A4
    from reportlab.platypus import SimpleDocTemplate, Spacer

    out = BytesIO()
    page = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN + 12,
        title=title, author=shop.name,
    )  # fmt: skip
    story = [paragraph(title, 16), paragraph(date_format(shop.today()), 9), Spacer(1, 8)]
    for todo, rows in groupby(alerts, key=lambda alert: alert.todo):
        story += [Spacer(1, 8), paragraph(str(Todo.LABELS[todo]), 12), Spacer(1, 4), _table(rows, sees_costs)]
    if len(story) == 3:
        story.append(paragraph(_("Nothing to warn of")))
    if more:
        story += [Spacer(1, 8), paragraph(left_out(more))]
    page.build(story, onFirstPage=_footer, onLaterPages=_footer)
    return out.getvalue()


def left_out(more: int) -> str:
    return ngettext("%(n)d more is left out.", "%(n)d more are left out.", more) % {"n": more}


def _table(alerts: Iterable[Alert], sees_costs: bool):
    from reportlab.platypus import Table

    rows = []
    for alert in alerts:
        told = alert.sentence
        if alert.others:
            told += "\n" + _("also: %(rules)s") % {"rules": ", ".join(alert.others)}
        proposed = " ".join(filter(None, _proposed(alert)))
        money = amount(alert.money_at_risk) if sees_costs and alert.money_at_risk else ""
        rows.append(["", paragraph(told, 8), paragraph(proposed, 8), paragraph(money, 8, right=True)])
    table = Table(rows, colWidths=[12, 333, 100, 70])
    boxes = [("BOX", (0, n), (0, n), 0.6, RULE) for n in range(len(rows))]
    table.setStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEBELOW", (0, 0), (-1, -1), 0.4, RULE),
            ("ROWBACKGROUNDS", (1, 0), (-1, -1), [None, SHADE]), *boxes,
        ]
    )  # fmt: skip
    return table


def _footer(canvas, page) -> None:
    canvas.setFont(LATIN, 8)
    canvas.drawRightString(page.width + MARGIN, MARGIN - 8, str(page.page))


TYPES = {"csv": "text/csv; charset=utf-8", "pdf": "application/pdf"}
WRITERS = {"csv": ("csv", csv_of), "pdf": ("pdf", pdf_of)}
