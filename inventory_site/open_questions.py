"""The answers that would improve the plan most: what was assumed because nobody has said it yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.models import Product, SupplierProduct
from inventory_site.common.models import ConfirmedDefault, JobRun, ShopSettings, User
from inventory_site.common.numbers import amount
from replenishment.readiness import (
    LEAST_HISTORY,
    USUAL_LEAD_DAYS,
    lead_time_key,
    short_of_history,
    suppliers_by_default,
)
from stock.models import StockLevel

SHOWN = 5
SHOP_KEYS = ("holding_rate", "order_cost")


@dataclass(frozen=True)
class Question:
    """What is asked, what was taken meanwhile, where to answer; ``key`` where the default itself can be confirmed."""

    text: str
    assumed: str
    page: str
    weight: int
    key: str = ""


def open_questions(user: User) -> list[Question]:
    """The weightiest by the number of items that they change; as many queries for a large shop as for a small one."""
    run = JobRun.objects.latest_published()
    asked = [*_of_products(), *_of_stock()]
    if run:
        asked += [*_of_lead_times(run), *_of_history(run)]
    if user.has_perm("common.change_shopsettings"):
        asked += _of_shop()
    return sorted(asked, key=lambda question: -question.weight)


def confirmable(user: User, key: str) -> bool:
    """Whether it is a default of ours, and this person may say that it is right."""
    if key.removeprefix("shop:") in SHOP_KEYS and key.startswith("shop:"):
        return user.has_perm("common.change_shopsettings")
    known = {
        lead_time_key(pk) for pk in suppliers_by_default(JobRun.objects.latest_published()).values_list("pk", flat=True)
    }
    return key in known and user.has_perm("catalog.change_supplier")


def _of_products() -> Iterator[Question]:
    active = Product.objects.filter(is_active=True)
    page = reverse("admin:catalog_product_changelist")
    if n := active.filter(unit_cost=0).count():
        asked = ngettext("What does %(n)s product cost?", "What do %(n)s products cost?", n) % {"n": n}
        yield Question(asked, _("assumed: a month's demand is ordered at a time"), f"{page}?missing=cost", 4 * n)
    if n := active.filter(price=0).count():
        asked = ngettext("At what price is %(n)s product sold?", "At what price are %(n)s products sold?", n) % {"n": n}
        yield Question(asked, _("assumed: nothing is lost when they are out of stock"), f"{page}?missing=price", 3 * n)
    bought = SupplierProduct.objects.filter(product=OuterRef("pk"), supplier__is_active=True)
    if n := active.filter(~Exists(bought)).count():
        asked = ngettext("Who sells you %(n)s product?", "Who sells you %(n)s products?", n) % {"n": n}
        yield Question(asked, _("assumed: nothing can be ordered"), f"{page}?missing=supplier", 4 * n)


def _of_stock() -> Iterator[Question]:
    if Product.objects.filter(is_active=True).exists() and not StockLevel.objects.exists():
        page = reverse("admin:common_importjob_changelist")
        yield Question(_("What is in stock today?"), _("assumed: nothing"), page, 10**9)


def _of_lead_times(run: JobRun) -> Iterator[Question]:
    suppliers = list(suppliers_by_default(run).order_by("name", "pk")[: SHOWN + 1])
    told = SupplierProduct.objects.filter(supplier__in=suppliers, lead_time_days=None).values_list(
        "supplier", flat=True
    )
    items = list(told)
    for supplier in suppliers:
        days = ngettext("assumed: %(n)d day", "assumed: %(n)d days", USUAL_LEAD_DAYS) % {"n": USUAL_LEAD_DAYS}
        page = reverse("admin:catalog_supplier_change", args=[supplier.pk])
        asked = _("How many days does %(supplier)s take to deliver?") % {"supplier": supplier}
        yield Question(asked, days, page, 4 * items.count(supplier.pk), lead_time_key(supplier.pk))


def _of_history(run: JobRun) -> Iterator[Question]:
    if n := short_of_history(run).count():
        asked = ngettext(
            "What was sold before of %(n)s item with less than %(days)d days of history?",
            "What was sold before of %(n)s items with less than %(days)d days of history?", n,
        ) % {"n": n, "days": LEAST_HISTORY.days}  # fmt: skip
        page = reverse("admin:common_importjob_changelist")
        yield Question(asked, _("assumed: they sell like items that look like them"), page, n)


def _of_shop() -> Iterator[Question]:
    """Only while nobody saved the settings: who did has seen these numbers."""
    if ShopSettings.objects.exists():
        return
    shop, page = ShopSettings.objects.load(), reverse("admin:common_shopsettings_changelist")
    confirmed = set(ConfirmedDefault.objects.filter(key__startswith="shop:").values_list("key", flat=True))
    weight = Product.objects.filter(is_active=True).count()
    cost, rate = amount(Decimal(shop.order_cost)), amount(Decimal(shop.holding_rate) * 100)
    order = _("What does placing an order cost you?"), _("assumed: %(cost)s a line") % {"cost": cost}
    keeping = _("What does keeping stock cost you?"), _("assumed: %(rate)s %% of its worth a year") % {"rate": rate}
    questions = [
        Question(*order, page, weight, "shop:order_cost"),
        Question(*keeping, page, weight, "shop:holding_rate"),
    ]
    yield from (question for question in questions if question.key not in confirmed)
