"""What the pages of suppliers show: plain values for templates, and forms read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Count, DecimalField, ExpressionWrapper, F, Sum
from django.db.models.functions import Coalesce
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.models import Supplier
from inventory_site.common.models import ShopSettings, User
from inventory_site.common.numbers import amount, percent, whole_number
from orders.models import PurchaseOrderLine
from orders.order_days import order_days_of
from replenishment import chances
from replenishment.admin_suppliers import JUDGED, judged
from replenishment.joint_orders import filled_up
from replenishment.models import Suggestion, SupplierScore
from replenishment.scorecards import Scorecard
from replenishment.services.purchasing import Week
from replenishment.services.supplier_orders import Row, SupplierOrder
from stock.models import Warehouse

MONEY = DecimalField(max_digits=20, decimal_places=2)
AMOUNT = ExpressionWrapper(F("quantity") * F("unit_cost"), output_field=MONEY)


@dataclass(frozen=True)
class Bar:
    """How far an order is from a threshold in money."""

    label: str
    value: Decimal
    target: Decimal
    fill: str

    @property
    def is_reached(self) -> bool:
        return self.value >= self.target

    @property
    def missing(self) -> Decimal:
        return max(self.target - self.value, Decimal(0))


def bars(supplier: Supplier, value: Decimal) -> list[Bar]:
    found = []
    if supplier.minimum_order_cost:
        found.append(Bar(_("Minimum order value"), value, supplier.minimum_order_cost, "minimum"))
    if supplier.free_freight_from and supplier.freight_cost:
        found.append(Bar(_("Free freight"), value, supplier.free_freight_from, "freight"))
    return found


def overview(user: User) -> dict[str, list]:
    """``busy``: a row for each supplier and warehouse where something is to do; ``quiet``: the other suppliers."""
    today = ShopSettings.objects.load().today()
    suggested = _sums(Suggestion.objects.open().visible_to(user).filter(kind="purchase", supplier__isnull=False),
                      "supplier", "warehouse", n=Count("pk"), money=Sum("cost"))  # fmt: skip
    lines = PurchaseOrderLine.objects.visible_to(user)
    place = ("order__supplier", "order__warehouse")
    drafted = _sums(lines.filter(order__state="draft"), *place, n=Count("order", distinct=True), money=Sum(AMOUNT))
    due = Coalesce("promised_on", "order__expected_on")
    late = _sums(lines.on_order().annotate(due=due).filter(due__lt=today), *place, n=Count("pk"), money=Sum(AMOUNT))
    suppliers = {one.pk: one for one in Supplier.objects.filter(is_active=True)}
    places = Warehouse.objects.in_bulk({warehouse for found in (suggested, drafted, late) for _, warehouse in found})
    scores = {(row.supplier_id, row.warehouse_id): row for row in SupplierScore.objects.visible_to(user)}
    calendars = order_days_of(suppliers.values())
    keys = [key for key in {**suggested, **drafted, **late} if key[0] in suppliers]
    none = {"n": 0, "money": Decimal(0)}
    busy = [
        _overview_row(suppliers[s], places[w], calendars[s].next(today), scores.get((s, None)) or scores.get((s, w)),
                      *(found.get((s, w), none) for found in (suggested, drafted, late)))
        for s, w in keys
    ]  # fmt: skip
    by_value = user.has_perm(settings.COST_PERMISSION)  # an order by money would tell it
    busy.sort(key=lambda row: (row["order_on"], -row["value"] if by_value else 0, row["supplier"].name))
    seen = {s for s, _w in keys}
    return {"busy": busy, "quiet": [one for pk, one in suppliers.items() if pk not in seen]}


def _sums(rows, *by: str, **sums) -> dict[tuple[int, int], dict[str, Any]]:
    found = rows.order_by().values(*by).annotate(**sums)
    return {(row[by[0]], row[by[1]]): {"n": row["n"], "money": row["money"] or Decimal(0)} for row in found}


def _overview_row(supplier, warehouse, order_on, score, suggested, drafted, late) -> dict[str, Any]:
    value = suggested["money"] + drafted["money"]
    return {
        "supplier": supplier, "warehouse": warehouse, "order_on": order_on, "value": value,
        "suggested": suggested["n"], "drafted": drafted["n"], "late": late["n"], "bars": bars(supplier, value),
        "judged": judged(score) if score else "", "state": JUDGED[judged(score)] if score else "–",
        "on_time": percent(score.on_time_rate if score else None, 0),
    }  # fmt: skip


def sheet(known: SupplierOrder, quantities: Mapping[int, int]) -> dict[str, Any]:
    """Lines with their risk, and the whole, at these quantities."""
    risks, value = known.risks_at(quantities), known.value(quantities)
    lines = [_line(row, quantities[row.product.pk], risks[row.product.pk]) for row in known.rows]
    told = [row["lost"] for row in lines if row["lost"] is not None]
    supplier = known.supplier
    is_free = supplier.free_freight_from is not None and value >= supplier.free_freight_from
    return {
        "lines": lines, "value": value, "bars": bars(supplier, value), "lost": sum(told),
        "freight": Decimal(0) if is_free or not value else supplier.freight_cost,
        "pieces": sum(quantities.values()), "count": sum(1 for quantity in quantities.values() if quantity),
    }  # fmt: skip


def _line(row: Row, quantity: int, at: tuple[float, float] | None) -> dict[str, Any]:
    cost = row.terms.unit_cost_at(quantity)
    return {
        "row": row, "quantity": quantity, "unit_cost": cost, "amount": (quantity * cost).quantize(Decimal("0.01")),
        "chance": chances.percent(at[0]) if at else "–", "lost": at and at[1], "is_risky": bool(at and at[0] > 0.1),
        "packs": quantity // row.terms.pack_size if row.terms.pack_size > 1 else None,
        "note": _note(row, quantity), "days": row.days_until_needed,
    }  # fmt: skip


def _note(row: Row, quantity: int) -> str:
    """What the supplier will not like of this line, or the shop: each in one sentence."""
    terms, yearly = row.terms, (row.position.daily_demand if row.position else 0) * 365
    if quantity and quantity < terms.min_order_quantity:
        return _("Below the supplier's minimum of %(least)d.") % {"least": terms.min_order_quantity}
    if quantity % terms.pack_size:
        return _("Not whole packs of %(pack)d.") % {"pack": terms.pack_size}
    if quantity and row.offer.first_lot > yearly > 0:
        told = {"lot": row.offer.first_lot, "year": round(yearly)}
        return _("The smallest order is %(lot)d: more than a year's need of %(year)d.") % told
    return ""


def proposed(known: SupplierOrder, quantities: dict[int, int], fill: str) -> tuple[dict[int, int], str]:
    """Quantities that reach the minimum (or free freight), and what was done or why it cannot be."""
    supplier = known.supplier
    target = supplier.free_freight_from if fill == "freight" else supplier.minimum_order_cost
    if not target:
        return quantities, _("%(supplier)s has no such threshold.") % {"supplier": supplier}
    before = [quantities[row.product.pk] for row in known.rows]
    after, missing = filled_up([row.offer for row in known.rows], before, float(target))
    found = {row.product.pk: pieces for row, pieces in zip(known.rows, after, strict=True)}
    more = sum(after) - sum(before)
    told = {"n": more, "missing": amount(missing), "target": amount(target)}
    if missing:
        return found, _(
            "Even a year's need of what is listed here does not reach %(target)s: %(missing)s are missing. "
            "Order without it, less often, or ask for a lower minimum."
        ) % told
    if not more:
        return found, _("It is reached already: nothing was added.")
    sentence = ngettext("%(n)d piece proposed, of what is needed soonest. Nothing is written yet.",
                        "%(n)d pieces proposed, of what is needed soonest. Nothing is written yet.", more)  # fmt: skip
    return found, sentence % told


def card(score: Scorecard) -> list[tuple[str, str, str]]:
    """(label, figure, what it means) of the scorecard; prices are left to who may see them (their label is "price")."""
    spread = "–" if score.lead_time_median is None else f"{score.lead_time_low}–{score.lead_time_high}"
    price = percent(None if score.price_rate is None else score.price_rate - 1, signed=True)
    middle = "–" if score.lead_time_median is None else str(score.lead_time_median)
    return [
        (_("on time"), percent(score.on_time_rate, 0), _("of the pieces that were due")),
        (_("in full"), percent(score.in_full_rate, 0), _("of the lines that are over")),
        (_("lead time, days"), spread, _("eight of ten orders; the middle one %(n)s") % {"n": middle}),
        ("price", price, _("against the same products in the time before")),
    ]


def facts(supplier: Supplier, known: SupplierOrder, score: Scorecard) -> list[str]:
    """Sentences about the supplier that a buyer must know before ordering."""
    found = []
    if known.order_on > known.today:
        day = date_format(known.order_on, "SHORT_DATE_FORMAT")
        found.append(_("It takes no orders today; the next day is %(day)s.") % {"day": day})
    if score.late_by_days is not None:
        found.append(_("Its last three orders all came later than usual, the middle one by %(n).0f days.")
                     % {"n": score.late_by_days})  # fmt: skip
    if score.drift:
        told = {"n": abs(score.drift.days), "recent": score.drift.recent, "before": score.drift.before}
        slower = _("Its last %(recent)d orders took %(n).0f days more than the %(before)d before.")
        quicker = _("Its last %(recent)d orders took %(n).0f days less than the %(before)d before.")
        found.append((slower if score.drift.days > 0 else quicker) % told)
    found += _missing(supplier)
    pieces, most = sum(known.quantities().values()), _capacity(supplier, score)
    if most is not None and pieces > most:
        told = {"pieces": pieces, "most": most}
        found.append(_("It delivers about %(most).0f pieces a week; here stand %(pieces)d.") % told)
    return found


def _capacity(supplier: Supplier, score: Scorecard) -> float | None:
    return score.weekly_capacity if supplier.weekly_capacity is None else supplier.weekly_capacity


def _missing(supplier: Supplier) -> list[str]:
    """What is not known of the supplier, and what follows from it."""
    found = []
    if not supplier.email and not supplier.phone:
        found.append(_("No e-mail and no phone are entered: nobody can be asked where goods are."))
    if supplier.lead_time_days == 0:
        found.append(_("Its declared lead time is 0 days: until goods have come, they are planned to come at once."))
    if supplier.weekly_capacity == 0:
        found.append(_("Its capacity is 0: it is cut off. Order elsewhere, or change that."))
    return found


def cash(weeks: Sequence[Week]) -> list[dict[str, Any]]:
    """With ``share``: the height against the largest week, 0 to 100."""
    largest = max((week.total for week in weeks), default=Decimal(0)) or Decimal(1)
    return [{"week": week, "share": int(100 * week.total / largest)} for week in weeks]


def changed_days(data: Mapping[str, str]) -> dict[int, date | None]:
    """Lines whose day ``on-…`` is another than the one that was shown (``was-…``)."""
    found = {}
    for name, text in data.items():
        kind, _dash, pk = name.partition("-")
        line = whole_number(pk) if kind == "on" else None
        if line is not None and text != data.get(f"was-{pk}", ""):
            day = day_of(text)
            if day or not text:
                found[line] = day
    return found


def day_of(text: str) -> date | None:
    """As browsers send days, or None."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None
