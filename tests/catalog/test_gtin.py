"""One number in several spellings: a scanner tells another than the one that was entered."""

from __future__ import annotations

import doctest

import pytest

from catalog import gtin
from catalog.gtin import spellings
from catalog.models import Product

WAYS = ["036000291452", "0036000291452", "00036000291452"]


def test_the_doctests_hold():
    assert doctest.testmod(gtin) == (0, 2)


@pytest.mark.parametrize("code", WAYS)
def test_leading_zeros_do_not_make_another_number(code):
    assert spellings(code)[0] == code
    assert set(spellings(code)) == set(WAYS)


@pytest.mark.parametrize(
    "code", ["", "LAMP", "96385074", "123456789013", "036000291453", "٠36000291452", "000000000000", "4006381333931x"]
)
def test_what_has_no_right_check_digit_or_no_other_spelling_stays_alone(code):
    assert spellings(code) == [code]


def test_a_gtin_of_fourteen_digits_is_an_ean_only_where_it_begins_with_zero():
    assert spellings("4006381333931") == ["4006381333931", "04006381333931"]
    assert spellings("14006381333938") == ["14006381333938"]


@pytest.mark.django_db
@pytest.mark.parametrize("entered", WAYS)
@pytest.mark.parametrize("scanned", WAYS)
def test_a_product_is_found_by_any_of_them(entered, scanned, make_product):
    make_product("SOUP", barcode=entered)
    assert Product.objects.named(scanned).sku == "SOUP"
    assert Product.objects.matching(scanned).get().sku == "SOUP"


@pytest.mark.django_db
def test_a_sku_is_surer_than_a_barcode_and_what_is_bought_than_what_was(make_product):
    make_product("A1", barcode="B1"), make_product("b1", barcode="C1", is_active=False)
    make_product("D1", barcode="C1"), make_product("Größe", barcode="A1"), make_product("käse")
    told = Product.objects.by_code(["b1", " A1", "c1", "gRößE", "käse", "nobody", " "])
    assert {code: row.sku for code, row in told.items()} == {
        "b1": "b1", " A1": "A1", "c1": "D1", "gRößE": "Größe", "käse": "käse"
    }  # fmt: skip


@pytest.mark.django_db
def test_no_code_is_nobodys(make_product):
    make_product("LOOSE", barcode="")
    assert Product.objects.named(" ") is None
