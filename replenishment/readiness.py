"""What is not known yet and was assumed instead; the night orders nothing by itself that stands on such a default."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import CharField, Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, Concat

from catalog.models import Supplier, SupplierProduct
from inventory_site.common.models import ConfirmedDefault, JobRun
from orders.models import DemandSeries
from replenishment.models import LeadTime, ReorderPoint

#: Fewer days than these say little about a week's rhythm, nothing about slow items.
LEAST_HISTORY = timedelta(days=56)
USUAL_LEAD_DAYS = Supplier._meta.get_field("lead_time_days").default


def lead_time_key(supplier_id: int) -> str:
    """Under which somebody confirms the supplier's default."""
    return f"supplier:{supplier_id}:lead_time"


def suppliers_by_default(run: JobRun | None) -> QuerySet[Supplier]:
    """Active suppliers whose lead time nobody entered, confirmed or could measure. (They say the usual days.)"""
    confirmed = ConfirmedDefault.objects.filter(
        key=Concat(Value("supplier:"), Cast(OuterRef("pk"), CharField()), Value(":lead_time"))
    )
    measured = LeadTime.objects.filter(run=run, supplier=OuterRef("pk"), product=None, receipts__gt=0)
    usual = Supplier.objects.filter(is_active=True, lead_time_days=USUAL_LEAD_DAYS)
    return usual.filter(~Exists(confirmed), ~Exists(measured))


def known_enough(run: JobRun) -> QuerySet[ReorderPoint]:
    """Plans of the run that stand on a cost, a lead time and a history of the shop's own."""
    history = DemandSeries.objects.filter(
        product=OuterRef("product"), warehouse=OuterRef("warehouse"),
        first_on__lte=run.business_date - LEAST_HISTORY,
    )  # fmt: skip
    own_days = SupplierProduct.objects.filter(
        product=OuterRef("product"), supplier=OuterRef("supplier"), lead_time_days__isnull=False
    )
    assumed = suppliers_by_default(run).filter(pk=OuterRef("supplier"))
    return ReorderPoint.objects.filter(Exists(history), ~Exists(assumed) | Exists(own_days), run=run, unit_cost__gt=0)


def short_of_history(run: JobRun) -> QuerySet[DemandSeries]:
    """Items that have been sold for too short a time."""
    return DemandSeries.objects.filter(first_on__gt=run.business_date - LEAST_HISTORY, product__is_active=True)
