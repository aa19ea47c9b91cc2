"""The till's abbreviations become names that a buyer can read."""

import pytest

from inventory_site.demo.names import plain, product_name, size, unique


@pytest.mark.parametrize(
    ("till", "written"),
    [
        ("FRZN FRENCH FRIES", "Frozen french fries"),
        ("SFT DRNK SNGL SRV BTL CARB (EX", "Soft drink single bottle"),
        ("APPLES GALA (BULK&BAG)", "Apples gala"),
        ("TORTILLA/NACHO CHIPS", "Tortilla, nacho chips"),
        ("SPICES & SEASONINGS", "Spices and seasonings"),
        ("EGGS - X-LARGE", "Eggs x-large"),
    ],
)
def test_types_are_written_out(till, written):
    assert plain(till) == written


@pytest.mark.parametrize(
    ("till", "written"),
    [("16 OZS.", "16 oz"), ("1 GA", "1 gal"), ("1.5 L", "1.5 L"), ("12.00 OZ", "12 oz"), ("18 DZ", "18 dozen")],
)
def test_sizes_are_written_as_customers_read_them(till, written):
    assert size(till) == written


def test_a_name_is_type_brand_and_size():
    name = product_name(product_type="SHREDDED CHEESE", category="CHEESE", brand="Private", package_size="8 OZ")
    assert name == "Shredded cheese, own brand, 8 oz"


def test_a_type_that_says_nothing_gets_its_category():
    name = product_name(product_type="PREMIUM", category="BACON", brand="National", package_size="16 OZ")
    assert name == "Bacon premium, national brand, 16 oz"


def test_repeated_names_are_numbered_in_order():
    assert unique(["milk", "eggs", "milk", "milk"]) == ["milk", "eggs", "milk, no. 2", "milk, no. 3"]
