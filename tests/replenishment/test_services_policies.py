"""The narrowest policy wins."""

from __future__ import annotations

import pytest

from catalog.models import Category
from replenishment.models import Policy
from replenishment.services import resolve_policies
from replenishment.services.policies import Scope

pytestmark = pytest.mark.django_db


@pytest.fixture
def item(make_product, make_supplier, warehouse):
    category = Category.objects.create(name="Tea")
    product = make_product(category=category)
    return {"product": product, "category": category, "supplier": make_supplier(), "warehouse": warehouse}


def scope_of(item: dict) -> Scope:
    return Scope(**{name: row.pk for name, row in item.items()})


def test_from_wide_to_narrow_each_takes_over(item):
    scopes = [(), ("warehouse",), ("supplier",), ("category",), ("category", "warehouse"), ("product",),
              ("product", "warehouse")]  # fmt: skip
    for names in scopes:
        made = Policy.objects.create(**{name: item[name] for name in names})
        assert resolve_policies([scope_of(item)]) == [made]


def test_a_policy_for_something_else_does_not_hold(item, make_product, make_warehouse):
    Policy.objects.create(product=make_product())
    Policy.objects.create(product=item["product"], warehouse=make_warehouse("lille"))
    [found] = resolve_policies([scope_of(item)])
    assert (found.pk, found.rule, found.cycle_service_level) == (None, "R,s,nQ", 0.95)


def test_an_item_without_category_or_supplier_matches_no_policy_for_one(item):
    Policy.objects.create(category=item["category"], supplier=item["supplier"])
    bare = Scope(item["product"].pk, None, None, item["warehouse"].pk)
    assert [policy.pk is None for policy in resolve_policies([bare, scope_of(item)])] == [True, False]


def test_many_items_are_resolved_in_one_query(item, make_product, django_assert_num_queries):
    own = Policy.objects.create(product=item["product"])
    wide = Policy.objects.create()
    others = [Scope(make_product().pk, None, None, item["warehouse"].pk) for _ in range(9)]
    with django_assert_num_queries(1):
        assert resolve_policies([scope_of(item), *others]) == [own] + [wide] * 9
