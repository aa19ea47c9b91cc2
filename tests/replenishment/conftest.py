"""A shop on one evening: what a night's run says of an item, planted with round numbers."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone

from catalog.models import SupplierProduct
from forecasting.engine import GRID
from forecasting.models import Accuracy, Forecast
from inventory_site.common.models import JobRun, ShopSettings
from orders import services as orders
from replenishment import services
from replenishment.models import ReorderPoint, Suggestion
from replenishment.reasons import reason
from stock.models import StockLevel

TODAY = date(2026, 3, 30)


def nightly(day: date = TODAY, **fields) -> JobRun:
    """A run that has neither begun nor been published; the one before it is finished."""
    JobRun.objects.running().update(state="failed")
    return JobRun.objects.create(kind="nightly", business_date=day, **fields)


def published(run: JobRun) -> JobRun:
    """Publish the run as the nightly job does."""
    with transaction.atomic():
        services.publish_run(run)
        run.state, run.published_at = JobRun.State.PUBLISHED, timezone.now()
        run.save()
    return run


def propose(run: JobRun) -> None:
    """The run's step of suggestions, all partitions."""
    for payload in services.split_suggestions(run):
        write = services.make_suggestions(run, payload)
        with transaction.atomic():
            write()


@pytest.fixture
def run(db):
    ShopSettings.objects.update_or_create(pk=1, defaults={"demo_until": TODAY})
    return nightly()


@pytest.fixture
def supplier(make_supplier):
    return make_supplier("acme", lead_time_days=5)


@pytest.fixture
def plan(run, supplier, warehouse):
    """Say of a product: ``a_day`` is expected, 10 days' demand is sure; s = 20, Q = 30 unless told otherwise."""

    def plan(product, *, of=None, place=None, a_day=1.0, min_order_quantity=1, pack_size=1, **fields) -> ReorderPoint:
        item = {"run": of or run, "product": product, "warehouse": place or warehouse}
        terms = {"min_order_quantity": min_order_quantity, "pack_size": pack_size}
        SupplierProduct.objects.get_or_create(
            supplier=supplier, product=product, defaults={"unit_cost": product.unit_cost, "is_preferred": True} | terms
        )
        _forecast(item, a_day)
        values = {
            "supplier": supplier, "rule": "R,s,nQ", "cycle_service_level": 0.95, "lead_time_days": 9.0,
            "review_period_days": 1, "lead_time_demand": 10 * a_day, "quantile": 18, "safety_stock": 10,
            "reorder_point": 20, "order_quantity": 30, "order_up_to_level": 50, "unit_cost": product.unit_cost,
            "unit_price": product.price, "demand_pattern": "smooth", "last_demand_on": TODAY,
        }  # fmt: skip
        point = ReorderPoint.objects.create(**item, **(values | terms | fields))
        point.refresh_from_db()
        return point

    return plan


def _forecast(item: dict, a_day: float) -> None:
    grid = [10 * a_day] * len(GRID)
    named = {f"lead_time_demand_q{n}": 10 * a_day for n in (50, 80, 90, 95, 98, 99)}
    Forecast.objects.create(
        **item, **named, method="moving_average", first_on=item["run"].business_date + timedelta(days=1),
        mean=[a_day] * 28, quantiles=[[a_day] * 5] * 28, lead_time_demand_mean=10 * a_day, lead_time_demand_grid=grid,
    )  # fmt: skip
    Accuracy.objects.create(**item, method="moving_average", wape=0.25)


@pytest.fixture
def buy(supplier, warehouse):
    """A purchase order of ``quantity``: confirmed on the evening unless ``confirmed`` is False."""

    def buy(product, quantity: int, *, expected_on: date | None = None, confirmed: bool = True):
        lines = [orders.NewPurchaseLine(product, quantity, Decimal("4"))]
        order = orders.create_purchase_order(supplier=supplier, warehouse=warehouse, lines=lines, actor=None)
        if confirmed:
            at = datetime(2026, 3, 30, 12, tzinfo=timezone.get_default_timezone())
            orders.confirm_purchase_order(order=order, actor=None, expected_on=expected_on, confirmed_at=at)
        return order

    return buy


@pytest.fixture
def shelf(receive, make_product):
    """A product with so many on hand; returns its level."""

    def shelf(quantity: int, **fields) -> StockLevel:
        product = make_product(**fields)
        if quantity:
            receive(product, quantity)
            return StockLevel.objects.get(product=product)
        receive(product, 1)
        receive(product, -1, reason="adjustment")
        return StockLevel.objects.get(product=product)

    return shelf


@pytest.fixture
def tallinn(make_warehouse):
    return make_warehouse("tallinn")


def found() -> list[tuple[str, str, int]]:
    rows = Suggestion.objects.open().order_by("kind", "warehouse__code")
    return list(rows.values_list("kind", "warehouse__code", "quantity"))


def sentence(suggestion: Suggestion) -> str:
    return reason(suggestion.reason_code, suggestion.reason_terms, currency="EUR")


def accept_all() -> list:
    return services.accept_suggestions(suggestions=list(Suggestion.objects.open()), actor=None)
