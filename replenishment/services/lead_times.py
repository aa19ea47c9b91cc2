"""Lead times of a run: read what was confirmed and received by its business date, learn, keep."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from catalog.models import Supplier, SupplierProduct
from inventory_site.common.models import JobRun
from orders.models import PurchaseOrderLine, Receipt
from orders.order_days import order_days_of
from replenishment.lead_times import HALF_LIFE_DAYS, Distribution, Seen, of_product, of_supplier, weight_of
from replenishment.models import LeadTime
from replenishment.services.scorecards import fresh_scores, save_scores

#: Orders confirmed longer ago than this tell nothing of today's supplier.
LEARNED_FROM = timedelta(days=3 * HALF_LIFE_DAYS)

SUPPLIERS_AT_ONCE = 50
WRITTEN_AT_ONCE = 1000


@dataclass
class Evidence:
    """What one supplier (or one of its products) delivered, and what it still owes: (days, weight) pairs."""

    arrived: list[tuple[int, float]] = field(default_factory=list)
    waiting: list[tuple[int, float]] = field(default_factory=list)
    receipts: int = 0

    @property
    def seen(self) -> Seen:
        return Seen.of(self.arrived, self.waiting)


@dataclass(frozen=True)
class Line:
    """``ordered_on`` is the first day since its confirmation on which the supplier takes orders."""

    pk: int
    order: int
    supplier: int
    product: int
    ordered_on: date
    wanted: int
    zone: ZoneInfo


def split_lead_times(run: JobRun) -> list[dict]:
    """Suppliers, some at a time."""
    ids = list(Supplier.objects.order_by("pk").values_list("pk", flat=True))
    return [{"suppliers": ids[at : at + SUPPLIERS_AT_ONCE]} for at in range(0, len(ids), SUPPLIERS_AT_ONCE)]


def learn_lead_times(run: JobRun, payload: dict) -> Callable[[], None]:
    """Learn each supplier's lead time, and that of each product with deliveries or declared days of its own.

    Each order weighs the same for its supplier, each line the same for its product, parts by their share of the
    quantity. Nothing that arrived after the business date counts as arrived.
    """
    found = learned(payload["suppliers"], run.business_date)
    scores = fresh_scores(Supplier.objects.filter(pk__in=payload["suppliers"]), run.business_date)
    rows = [_row(run, supplier, product, *told) for (supplier, product), told in found.items()]

    def write() -> None:
        LeadTime.objects.filter(run=run, supplier__in=payload["suppliers"]).delete()
        LeadTime.objects.bulk_create(rows, batch_size=WRITTEN_AT_ONCE)
        save_scores(scores)

    return write


def learned(supplier_ids: list[int], until: date) -> dict[tuple[int, int | None], tuple[Distribution, int]]:
    """Lead time and receipts by supplier and product (None: the supplier as a whole), as known on ``until``."""
    whole, by_product = evidence_of(supplier_ids, until)
    own_days = _declared(supplier_ids)
    products = defaultdict(set)
    for owner, product in (*by_product, *own_days):
        products[owner].add(product)
    found: dict[tuple[int, int | None], tuple[Distribution, int]] = {}
    for supplier in Supplier.objects.filter(pk__in=supplier_ids).order_by("pk"):
        evidence = whole[supplier.pk]
        usual = of_supplier(evidence.seen, Distribution.sure(supplier.lead_time_days))
        found[supplier.pk, None] = usual, evidence.receipts
        for product in sorted(products[supplier.pk]):
            evidence = by_product[supplier.pk, product]
            later = own_days.get((supplier.pk, product), supplier.lead_time_days) - supplier.lead_time_days
            found[supplier.pk, product] = of_product(evidence.seen, usual.shifted(later)), evidence.receipts
    return found


def _row(run: JobRun, supplier: int, product: int | None, found: Distribution, receipts: int) -> LeadTime:
    return LeadTime(
        run=run, supplier_id=supplier, product_id=product, mean_days=found.mean, std_days=found.std,
        receipts=receipts, distribution=found.stored(),
    )  # fmt: skip


def _declared(suppliers: list[int]) -> dict[tuple[int, int], int]:
    """Declared days of single products, where they differ from their supplier's."""
    terms = SupplierProduct.objects.filter(supplier__in=suppliers, lead_time_days__isnull=False)
    return {
        (supplier, product): days
        for supplier, product, days in terms.values_list("supplier_id", "product_id", "lead_time_days")
    }


def evidence_of(suppliers: list[int], until: date) -> tuple[dict[int, Evidence], dict[tuple[int, int], Evidence]]:
    lines = _lines(suppliers, until)
    came = _receipts([line.pk for line in lines])
    in_order = defaultdict(int)
    for line in lines:
        in_order[line.order] += 1
    whole, by_product = defaultdict(Evidence), defaultdict(Evidence)
    for line in lines:
        recent = float(weight_of((until - line.ordered_on).days))
        for evidence, weight in (
            (whole[line.supplier], recent / in_order[line.order]),
            (by_product[line.supplier, line.product], recent),
        ):
            _take(evidence, line, came[line.pk], until, weight)
    return whole, by_product


def _take(evidence: Evidence, line: Line, came: Iterable[tuple[datetime, int]], until: date, weight: float) -> None:
    """Split one line into what had arrived by ``until`` and what had not."""
    left = line.wanted
    for received_at, quantity in came:
        received_on = received_at.astimezone(line.zone).date()
        if received_on <= until:
            days = max((received_on - line.ordered_on).days, 0)
            evidence.arrived.append((days, weight * quantity / line.wanted))
            evidence.receipts += 1
            left -= quantity
    if left > 0:
        evidence.waiting.append((max((until - line.ordered_on).days, 0), weight * left / line.wanted))


def _lines(suppliers: list[int], until: date) -> list[Line]:
    """Lines of orders that were confirmed by ``until``, not long ago, and not given up altogether."""
    rows = PurchaseOrderLine.objects.filter(
        order__supplier__in=suppliers, order__confirmed_at__gte=datetime.combine(until - LEARNED_FROM, time.min, UTC)
    ).values_list(
        "pk", "order_id", "order__supplier_id", "product_id", "order__confirmed_at", "quantity", "cancelled",
        "order__warehouse__time_zone",
    )  # fmt: skip
    order_days, lines = order_days_of(Supplier.objects.filter(pk__in=suppliers)), []
    for pk, order, supplier, product, confirmed_at, quantity, cancelled, zone_name in rows.order_by("pk").iterator():
        zone = ZoneInfo(zone_name)
        confirmed_on = confirmed_at.astimezone(zone).date()
        if confirmed_on <= until and quantity > cancelled:
            ordered_on = order_days[supplier].next(confirmed_on)
            lines.append(Line(pk, order, supplier, product, ordered_on, quantity - cancelled, zone))
    return lines


def _receipts(lines: list[int]) -> dict[int, list[tuple[datetime, int]]]:
    came = defaultdict(list)
    for at in range(0, len(lines), WRITTEN_AT_ONCE):
        found = Receipt.objects.standing().filter(line__in=lines[at : at + WRITTEN_AT_ONCE]).order_by("pk")
        for line, received_at, quantity in found.values_list("line_id", "received_at", "quantity"):
            came[line].append((received_at, quantity))
    return came
