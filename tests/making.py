"""How products, suppliers, people and stock of a test are made; the fixtures of the same names are one of each."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable
from io import BytesIO

from django.test import Client
from PIL import Image
from rest_framework.test import APIClient

from catalog.models import Product, Supplier
from inventory_site.common.models import ApiToken, User
from inventory_site.common.roles import Role
from stock.models import StockMovement, Warehouse, WarehouseAccess


def product_maker() -> Callable[..., Product]:
    numbers = itertools.count(1)

    def make(sku: str = "", **fields) -> Product:
        number = next(numbers)
        values = {"name": f"Product {number}", "price": "9.90", "unit_cost": "4.00"} | fields
        return Product.objects.create(sku=sku or f"SKU-{number}", **values)

    return make


def supplier_maker() -> Callable[..., Supplier]:
    numbers = itertools.count(1)

    def make(code: str = "", **fields) -> Supplier:
        number = next(numbers)
        return Supplier.objects.create(code=code or f"S{number}", **({"name": f"Supplier {number}"} | fields))

    return make


def make_warehouse(code: str, **fields) -> Warehouse:
    return Warehouse.objects.create(code=code, **({"name": code.title()} | fields))


def make_riga() -> Warehouse:
    return make_warehouse("riga", country="LV", time_zone="Europe/Riga")


def user_maker() -> Callable[..., User]:
    numbers = itertools.count(1)

    def make(role: str | None, warehouse: Warehouse | None = None, **fields) -> User:
        """A person with that role in the warehouse, or in all of them; None has no role at all."""
        name = f"{role or 'nobody'}{next(numbers)}"
        person = User.objects.create_user(
            **({"username": name, "password": "correct-horse", "is_staff": True} | fields)
        )
        if role:
            WarehouseAccess.objects.create(user=person, warehouse=warehouse, role=Role(role))
        return person

    return make


def receiver(default: Warehouse) -> Callable[..., StockMovement]:
    """Put stock on the shelf through the bulk door."""
    from stock.services import Entry, post_movements

    def receive(product: Product, quantity: int, warehouse: Warehouse | None = None, **fields) -> StockMovement:
        entry = Entry(
            product_id=product.pk, warehouse_id=(warehouse or default).pk, quantity=quantity,
            **({"reason": StockMovement.Reason.RECEIPT} | fields),
        )  # fmt: skip
        return post_movements(entries=[entry])[0]

    return receive


def client_of(user: User) -> Client:
    """A browser logged in as that person."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def api_of(user: User) -> APIClient:
    """A program that acts for that person with a token of theirs."""
    _token, text = ApiToken.objects.issue(user=user, name="test")
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    return client


def picture(kind: str = "JPEG") -> str:
    """A photo as a phone sends it: a data URL, 40 by 20, red on the left half, that tells which camera took it."""
    image, written, exif = Image.new("RGB", (40, 20), "white"), BytesIO(), Image.Exif()
    image.paste("red", (0, 0, 20, 20))
    exif[0x0110] = "Secret camera"
    image.save(written, kind, exif=exif)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(written.getvalue()).decode()}"
