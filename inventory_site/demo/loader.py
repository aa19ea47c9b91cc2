"""Loads the demo shop into an empty database, all or nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from alerts.models import Subscription
from catalog.models import Product
from inventory_site.common.errors import DomainError
from inventory_site.common.models import ShopSettings, User
from inventory_site.common.roles import Role
from stock.models import Warehouse, WarehouseAccess

from . import rows
from .figures import write_key_figures
from .hall import write_bins
from .interest import write_interest
from .ledger import post_stock
from .sales import Shop
from .simulation import Simulation, simulate
from .story import Story, group_orders, tell

#: Who can log in to the demo; the clerk works in one warehouse, so that a limited view can be seen.
PEOPLE = {Role.OWNER: None, Role.BUYER: None, Role.CLERK: "CENTRAL"}

#: Per line of a purchase order: groceries are ordered by the hundred, and a line costs seconds.
ORDER_COST = "0.50"


class ShopNotEmpty(DomainError):
    """The demo never goes on top of somebody's own shop."""

    code = "shop_not_empty"


@dataclass(frozen=True)
class Login:
    """``password`` is empty when somebody changed it."""

    username: str
    password: str


def is_loaded() -> bool:
    return Product.objects.filter(source=rows.PRODUCT_SOURCE).exists()


def load_demo(*, shop: Shop, step: Callable[[str], None], seed: int = 1) -> Story:
    """Simulate what surrounds the real sales, and write it all; ``step`` hears what is being done.

    Refuses a database in which somebody has begun a shop.
    """
    _refuse_begun_shop()
    step(_("Simulating suppliers, purchases and stock"))
    simulation = simulate(shop, seed=seed)
    with transaction.atomic():
        step(_("Writing products, suppliers and promotions"))
        _write_settings(shop)
        books = _write_catalog(shop, simulation)
        _write_people()
        step(_("Writing sales orders"))
        rows.write_sales(books)
        step(_("Writing daily demand"))
        rows.write_demand(books)
        write_interest(books)
        step(_("Writing purchase orders"))
        rows.write_purchases(books)
        step(_("Posting stock movements"))
        post_stock(books)
        write_bins(books.warehouses)
        rows.write_snapshots(books)
        write_key_figures(books)
    return tell(shop, simulation)


def _refuse_begun_shop() -> None:
    people = User.objects.filter(username__in=[role.value for role in PEOPLE])
    if Product.objects.exists() or Warehouse.objects.exists() or people.exists():
        raise ShopNotEmpty(
            _("This database holds products, warehouses or people already. The demo wants an empty one: "
              "set DATABASE_URL or SHELFWISE_VAR to another place.")
        )  # fmt: skip


def _write_catalog(shop: Shop, simulation: Simulation) -> rows.Books:
    books = rows.Books(
        shop=shop,
        simulation=simulation,
        orders=group_orders(simulation),
        products=rows.write_products(shop, simulation.terms.unit_cost),
        warehouses=rows.write_warehouses(),
        suppliers=rows.write_suppliers(),
    )
    rows.write_terms(books)
    rows.write_promotions(books)
    return books


def _write_settings(shop: Shop) -> None:
    """The shop's calendar stands still on the last day of its sales."""
    settings = ShopSettings.objects.load()
    settings.name, settings.currency, settings.time_zone = _("Demo grocery"), rows.CURRENCY, rows.ZONE
    settings.order_cost = ORDER_COST
    settings.demo_until = shop.last_on
    settings.save()


def _write_people() -> None:
    for role, warehouse in PEOPLE.items():
        user = User.objects.create_user(
            role.value,
            f"{role.value}@demo.example",
            _password(role.value),
            is_staff=True,
            first_name=str(role.label).title(),
        )
        place = Warehouse.objects.get(code=warehouse) if warehouse else None
        WarehouseAccess.objects.create(user=user, warehouse=place, role=role)
    Subscription.objects.create(user=User.objects.get(username=Role.OWNER))


def _password(username: str) -> str:
    """The same on every start of this machine's demo, and another one on each machine."""
    return salted_hmac("inventory_site.demo", username).hexdigest()[:10]


def logins() -> list[Login]:
    """Names and passwords of the demo's people."""
    users = {user.username: user for user in User.objects.filter(username__in=[role.value for role in PEOPLE])}
    return [
        Login(name, _password(name) if user.check_password(_password(name)) else "") for name, user in users.items()
    ]
