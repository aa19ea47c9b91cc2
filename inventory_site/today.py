"""The first page of the morning: what to do, in the order of what it costs to leave it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Avg, Count, Q, Sum
from django.http import HttpRequest
from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from alerts.models import Alert, Severity
from alerts.pages_lines import complete, may_do, ordering, with_todo
from alerts.pages_live import live_token
from inventory_site.common import charts
from inventory_site.common.admin_acts import new_key
from inventory_site.common.models import JobRun, ShopSettings
from inventory_site.common.numbers import percent
from orders.models import PurchaseOrder
from replenishment.backtest_table import comparisons, verdicts
from replenishment.how import HOW
from replenishment.models import Backtest, BacktestResult, InventoryPosition, KpiSnapshot, Suggestion
from replenishment.shown_suggestions import for_pages
from stock.models import CountEntry, CountNeed, Warehouse

LISTED, URGENT = 6, 5
TREND = timedelta(days=56)
HOW_KEYS = {"stock": "stock_value", "over": "overstock_value", "out": "stock_out_rate", "fill": "fill_rate",
            "turns": "turnover", "cover": "days_of_cover"}  # fmt: skip


@dataclass(frozen=True)
class Kpi:
    """One key figure: the latest value in words, what it was four weeks ago, and its trend as a chart."""

    label: str
    value: str
    before: str
    chart: str
    options: str
    how: Promise


def dashboard(request: HttpRequest, context: dict) -> dict:
    """Called by Unfold for the admin's index; every part is narrowed to the person's warehouses."""
    user, shop = request.user, ShopSettings.objects.load()
    today = shop.today()
    sees_costs = user.has_perm(settings.COST_PERMISSION)
    return context | {
        "title": _("Today"),
        "today": today,
        "sees_costs": sees_costs,
        "has_role": user.has_perm("catalog.view_product"),
        **may_do(user),
        "may_see_plan": user.has_perm("replenishment.view_reorderpoint"),
        "may_run": user.has_perm("common.run_nightly"),
        "once_key": new_key(),
        "live_token": live_token(user),
        "tiles": _tiles(user, today),
        "overstock": _overstock(user) if sees_costs else None,
        "urgent": (urgent := _urgent(user, today, shop.currency, sees_costs)),
        **_suggestions(user, sees_costs, [alert.suggestion.pk for alert in urgent if alert.suggestion]),
        **_late(user, today),
        **_counts(user),
        "run": _last_run(),
        "kpis": _kpis(user, today, sees_costs),
        "replay": _replay(user, shop) if sees_costs and user.has_perm("replenishment.view_backtest") else None,
    }


def _tiles(user, today: date) -> list[dict[str, Any]]:
    """Alerts to do by severity, the worst first; a severity without alerts says 0."""
    to_do = Alert.objects.visible_to(user).to_do(today).leading().order_by()
    found = {row["severity"]: row for row in to_do.values("severity").annotate(n=Count("pk"), sum=Sum("money_at_risk"))}
    labels = {Severity.CRITICAL: _("critical"), Severity.WARNING: _("to watch"), Severity.INFO: _("for your notice")}
    return [
        {"severity": severity.value, "label": label, "count": found.get(severity, {}).get("n", 0),
         "money": found.get(severity, {}).get("sum") or Decimal(0)}
        for severity, label in labels.items()
    ]  # fmt: skip


def _overstock(user) -> Decimal:
    """What is bound in stock beyond what the plan can use, as it is now."""
    mine = InventoryPosition.objects.visible_to(user).filter(overstock_value__gt=0)
    return mine.aggregate(sum=Sum("overstock_value"))["sum"] or Decimal(0)


def _urgent(user, today: date, currency: str, sees_costs: bool) -> list[Alert]:
    """The first lines of the warnings page."""
    to_do = with_todo(Alert.objects.visible_to(user).to_do(today).leading())
    rows = to_do.select_related("product", "warehouse", "supplier").order_by(*ordering(sees_costs))[:URGENT]
    alerts = list(rows)
    complete(alerts, user, currency=currency, today=today)
    return alerts


def _suggestions(user, sees_costs: bool, shown_above: list[int]) -> dict[str, Any]:
    waiting = Suggestion.objects.visible_to(user).open()
    order = ("-margin_at_risk", "pk") if sees_costs else ("created_at", "pk")
    others = waiting.exclude(pk__in=shown_above).with_documents().order_by(*order)
    rows = for_pages(others[:LISTED], shows_money=sees_costs)
    totals = waiting.aggregate(count=Count("pk"), cost=Sum("cost", filter=Q(kind=Suggestion.Kind.PURCHASE)))
    return {"suggestions": rows, "suggestion_count": totals["count"], "suggestion_cost": totals["cost"] or Decimal(0)}


def _late(user, today: date) -> dict[str, Any]:
    late = PurchaseOrder.objects.visible_to(user).late(today)
    rows = list(late.select_related("supplier", "warehouse").order_by("expected_on", "pk")[:LISTED])
    for row in rows:
        row.days_late = (today - row.expected_on).days
    return {"late": rows, "late_count": late.count()}


def _counts(user) -> dict[str, Any]:
    """What is left of today's lists of what to count, how long it takes, and what of counts waits for a person."""
    listed = CountNeed.objects.visible_to(user).listed().without_open_count()
    told = listed.aggregate(n=Count("pk"), seconds=Sum("seconds"))
    kept = CountEntry.objects.visible_to(user).to_settle().count()
    return {"count_due": told["n"], "count_minutes": round((told["seconds"] or 0) / 60), "count_kept": kept}


def _last_run() -> JobRun | None:
    parts = Count("partitions", filter=Q(partitions__state="quarantined"))
    return (
        JobRun.objects.filter(kind="nightly").annotate(set_aside=parts).order_by("-business_date", "-version").first()
    )


def _replay(user, shop: ShopSettings) -> dict[str, Any]:
    """What our advice would have earned by the newest back-test that ended, and whether one is at work."""
    known = Backtest.objects.visible_to(user).select_related("run").order_by("-pk")
    ended = known.filter(run__state=JobRun.State.PUBLISHED).first()
    results = BacktestResult.objects.visible_to(user).filter(backtest=ended)
    return {
        "ended": ended,
        "verdicts": verdicts(comparisons(results), shop.currency) if ended else [],
        "is_running": known.filter(run__state=JobRun.State.RUNNING).exists(),
    }


def _kpis(user, today: date, sees_costs: bool) -> list[Kpi]:
    """Sums of money over the person's warehouses, means of rates."""
    mine = Warehouse.objects.visible_to(user).values("pk")
    days = KpiSnapshot.objects.filter(warehouse__in=mine, on_date__gt=today - TREND, on_date__lte=today)
    rows = list(
        days.order_by("on_date").values("on_date").annotate(
            stock=Sum("stock_value"), over=Sum("overstock_value"), out=Avg("stocked_out_rate"), fill=Avg("fill_rate"),
            turns=Avg("turnover"), cover=Avg("days_of_cover"),
        )
    )  # fmt: skip
    if not rows:
        return []
    shown = [
        (_("Stock-out rate"), "out", percent), (_("Fill rate"), "fill", percent),
        (_("Turnover a year"), "turns", _plain), (_("Days of cover"), "cover", _plain),
    ]  # fmt: skip
    money = [(_("Stock value"), "stock", _money), (_("Overstock value"), "over", _money)]
    return [_kpi(label, key, shown_as, rows) for label, key, shown_as in (money if sees_costs else []) + shown]


def _kpi(label: str, key: str, shown_as: Callable[[Any], str], rows: list[dict]) -> Kpi:
    known = [(row["on_date"], row[key]) for row in rows if row[key] is not None]
    if not known:
        return Kpi(label, "–", "", "", "", HOW[HOW_KEYS[key]])
    last_on, last = known[-1]
    past = [value for on, value in known if on <= last_on - timedelta(days=28)]
    before = _("%(value)s four weeks before") % {"value": shown_as(past[-1])} if past else ""
    if len(known) < 2:
        return Kpi(label, shown_as(last), before, "", "", HOW[HOW_KEYS[key]])
    labels = [date_format(on, "SHORT_DATE_FORMAT") for on, _value in known]
    return Kpi(label, shown_as(last), before, json.dumps(charts.sparkline(labels, [float(v) for _on, v in known])),
               json.dumps(charts.SPARKLINE_OPTIONS), HOW[HOW_KEYS[key]])  # fmt: skip


def _money(value: Decimal) -> str:
    return number_format(round(value), use_l10n=True, force_grouping=True)


def _plain(value: float) -> str:
    return number_format(round(value, 1))
