"""Small charts of many items at once: a page of them costs as many queries as one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta

from django.db.models import Min, Q, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from forecasting.models import Forecast
from inventory_site.common.models import JobRun, ShopSettings, User
from inventory_site.common.sparks import Spark, folded, provide
from orders.models import DailyDemand, PurchaseOrder, PurchaseOrderLine
from replenishment.models import InventoryPosition
from stock.models import StockMovement, TransferLine, Warehouse

Item = tuple[int, int]  # product, warehouse
PAST_DAYS = AHEAD_DAYS = 28
WEEKS_BACK, WEEKS_AHEAD = 12, 4
DAYS_BACK, DAYS_AHEAD = 56, 14
ORDERS_BACK = 12
ONE_DAY = timedelta(days=1)


def stock_sparks(positions: Iterable[InventoryPosition], today: date) -> dict[Item, Spark]:
    """On hand of four weeks and what demand and deliveries will leave of it, against the reorder point.

    Read the positions with their level. Five queries at most.
    """
    rows = list(positions)
    means, due, moved = _means(rows), due_by_day(rows, today), _moved(rows, today)
    found = {}
    for row in rows:
        item = (row.product_id, row.warehouse_id)
        past = _on_hand(row.level.on_hand, moved.get(row.level_id, {}), today)
        ahead = _projected(row.level.available, means.get(item, []), due.get(item, {}), today)
        planned = row.stock_status != InventoryPosition.StockStatus.UNPLANNED
        level = row.reorder_point if planned else None
        found[item] = Spark(_stock_words(row, ahead, today, level), past, ahead, level)
    return found


def demand_sparks(products: Iterable[int], warehouses: Iterable[int], today: date) -> dict[int, Spark]:
    """Weekly demand of a quarter and the forecast of the next four weeks, summed over the warehouses. Three queries."""
    ids, places = list(products), list(warehouses)
    first = today - timedelta(days=7 * WEEKS_BACK)
    days = DailyDemand.objects.filter(series__product__in=ids, series__warehouse__in=places, on_date__gt=first)
    asked: dict[int, list[float]] = {pk: [0.0] * 7 * WEEKS_BACK for pk in ids}
    by_day = days.filter(on_date__lte=today).order_by().values_list("series__product", "on_date")
    for pk, on, demand in by_day.annotate(Sum("demand")):
        asked[pk][(on - first).days - 1] += demand
    ahead: dict[int, list[float]] = {}
    expected = Forecast.objects.of_run(JobRun.objects.latest_published()).filter(product__in=ids, warehouse__in=places)
    for pk, mean in expected.order_by().values_list("product", "mean"):
        so_far = ahead.setdefault(pk, [0.0] * 7 * WEEKS_AHEAD)
        ahead[pk] = [a + b for a, b in zip(so_far, [*mean, *[0.0] * 28][: len(so_far)], strict=True)]
    return {pk: _demand_spark(asked[pk], ahead.get(pk, [])) for pk in ids}


def daily_sparks(items: Iterable[Item], today: date) -> dict[Item, Spark]:
    """Demand of eight weeks by day and the forecast of two more, of each item. Three queries."""
    wanted = set(items)
    named = {"product__in": {item[0] for item in wanted}, "warehouse__in": {item[1] for item in wanted}}
    asked: dict[Item, list[float]] = {item: [0.0] * DAYS_BACK for item in wanted}
    first = today - timedelta(days=DAYS_BACK)
    days = DailyDemand.objects.filter(on_date__gt=first, on_date__lte=today)
    days = days.filter(**{f"series__{name}": values for name, values in named.items()})
    for *item, on, demand in days.values_list("series__product", "series__warehouse", "on_date", "demand"):
        if tuple(item) in wanted:
            asked[tuple(item)][(on - first).days - 1] = demand
    expected = Forecast.objects.of_run(JobRun.objects.latest_published()).filter(**named)
    means = {(pk, place): mean for pk, place, mean in expected.values_list("product", "warehouse", "mean")}
    words = _("demand of eight weeks by day, and what is expected in the next two")
    return {item: Spark(words, past, means.get(item, [])[:DAYS_AHEAD]) for item, past in asked.items()}


def delivery_sparks(suppliers: Iterable[int], today: date) -> dict[Item, Spark]:
    """Days from confirming to the first receipt of the last orders, by supplier and warehouse, against the declared.

    One query.
    """
    since = datetime.combine(today - timedelta(days=365), time.min, tzinfo=timezone.get_current_timezone())
    orders = PurchaseOrder.objects.filter(supplier__in=set(suppliers), confirmed_at__gte=since)
    came = Min("lines__receipts__received_at", filter=Q(lines__receipts__undone_at=None))
    took: dict[Item, list[float]] = defaultdict(list)
    declared: dict[Item, int] = {}
    told = orders.annotate(came=came).exclude(came=None).order_by("confirmed_at", "pk")
    for supplier, place, days, confirmed_at, came_at in told.values_list(
        "supplier", "warehouse", "supplier__lead_time_days", "confirmed_at", "came"
    ):
        took[supplier, place].append(max((came_at - confirmed_at).total_seconds() / 86_400, 0.0))
        declared[supplier, place] = days
    found = {}
    for key, days in took.items():
        last = days[-ORDERS_BACK:]
        words = _("%(n)d orders, the last came after %(days)s days; declared are %(declared)d") % {
            "n": len(last), "days": number_format(round(last[-1])), "declared": declared[key],
        }  # fmt: skip
        found[key] = Spark(words, last, level=declared[key])
    return found


def product_sparks(user: User, products: Sequence[int]) -> dict[int, Spark]:
    """For the list of products: over the warehouses that the person sees."""
    mine = Warehouse.objects.visible_to(user).values_list("pk", flat=True)
    return demand_sparks(products, mine, ShopSettings.objects.load().today())


provide("catalog.product", product_sparks)


def _demand_spark(asked: list[float], expected: list[float]) -> Spark:
    past, ahead = folded(asked, 7), folded(expected, 7)
    words = _("%(n)s asked for in twelve weeks") % {"n": number_format(round(sum(past)), force_grouping=True)}
    if ahead:
        words += ", " + _("%(n)s expected in the next four") % {"n": number_format(round(sum(ahead), 1))}
    return Spark(words, past, ahead)


def due_by_day(rows: list[InventoryPosition], today: date) -> dict[Item, dict[date, int]]:
    """Pieces on their way to each item by day; what is late is drawn as coming tomorrow."""
    products, places = {row.product_id for row in rows}, {row.warehouse_id for row in rows}
    found: dict[Item, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    bought = PurchaseOrderLine.objects.on_order().filter(product__in=products, order__warehouse__in=places)
    for line in bought.select_related("order"):
        on = line.promised_on or line.order.expected_on or today
        found[line.product_id, line.order.warehouse_id][max(on, today + ONE_DAY)] += line.outstanding
    sent = TransferLine.objects.on_the_way().filter(product__in=products, transfer__destination__in=places)
    for line in sent.select_related("transfer"):
        on = line.transfer.expected_on or today
        found[line.product_id, line.transfer.destination_id][max(on, today + ONE_DAY)] += line.in_transit
    return found


def _means(rows: list[InventoryPosition]) -> dict[Item, list[float]]:
    """Expected demand by day, from the run that each position was planned by."""
    runs = {(row.product_id, row.warehouse_id): row.run_id for row in rows}
    found = Forecast.objects.filter(run__in=set(runs.values()) - {None}, product__in={item[0] for item in runs})
    told = found.order_by().values_list("product", "warehouse", "run", "mean")
    return {(pk, place): mean for pk, place, run, mean in told if runs.get((pk, place)) == run}


def _moved(rows: list[InventoryPosition], today: date) -> dict[int, dict[date, int]]:
    first = datetime.combine(today - timedelta(days=PAST_DAYS), time.min, tzinfo=timezone.get_current_timezone())
    levels = [row.level_id for row in rows]
    moves = StockMovement.objects.filter(level__in=levels, effective_at__gte=first).order_by()
    found: dict[int, dict[date, int]] = defaultdict(dict)
    by_day = moves.annotate(on=TruncDate("effective_at")).values_list("level", "on")
    for level, on, quantity in by_day.annotate(Sum("quantity")):
        found[level][on] = quantity
    return found


def _on_hand(now: int, moved: Mapping[date, int], today: date) -> list[float]:
    """At the end of each day, counted back from now."""
    left, days = now, []
    for ago in range(PAST_DAYS + 1):
        days.append(left)
        left -= moved.get(today - timedelta(days=ago), 0)
    return days[::-1]


def _projected(available: int, mean: list[float], due: Mapping[date, int], today: date) -> list[float]:
    left, days = float(available), []
    for ahead, demand in enumerate(mean[:AHEAD_DAYS], 1):
        left = max(left + due.get(today + timedelta(days=ahead), 0) - demand, 0.0)
        days.append(round(left, 1))
    return days


def _stock_words(row: InventoryPosition, ahead: list[float], today: date, level: int | None) -> str:
    words = _("%(n)s available") % {"n": number_format(row.level.available, force_grouping=True)}
    if ahead:
        day = date_format(today + timedelta(days=len(ahead)), "SHORT_DATE_FORMAT")
        left = number_format(round(ahead[-1]), force_grouping=True)
        words += ", " + _("%(n)s expected on %(day)s") % {"n": left, "day": day}
    if level is not None:
        words += ", " + _("reorder point %(n)s") % {"n": number_format(level, force_grouping=True)}
    return words
