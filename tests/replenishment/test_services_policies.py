"""The narrowest policy wins, and what it leaves open the next wider one says."""

from __future__ import annotations

from dataclasses import replace
from itertools import product as combinations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from catalog.models import Category
from forecasting.models import Segment
from replenishment.models import Policy
from replenishment.services import resolve_policies
from replenishment.services.policies import Scope
from tests.replenishment.conftest import TODAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def item(make_product, make_supplier, warehouse):
    category = Category.objects.create(name="Tea")
    product = make_product(category=category)
    days = {"since_on": TODAY, "judged_on": TODAY}
    Segment.objects.create(product=product, warehouse=warehouse, abc="A", xyz="X", pattern="smooth", **days)
    rows = {"product": product, "category": category, "supplier": make_supplier(), "warehouse": warehouse}
    return rows | {"abc": "A", "xyz": "X"}


def scope_of(item: dict) -> Scope:
    return Scope(**{name: item[name].pk for name in ("product", "category", "supplier", "warehouse")})


def narrowest(item: dict) -> Policy | None:
    return resolve_policies([scope_of(item)])[0].policy


def policy_for(item: dict, names, **fields) -> Policy:
    return Policy.objects.create(**{name: item[name] for name in names}, **fields)


def test_from_wide_to_narrow_each_takes_over(item):
    for names in [
        (), ("warehouse",), ("supplier",), ("supplier", "warehouse"), ("xyz",), ("abc",), ("abc", "supplier"),
        ("abc", "xyz"), ("abc", "xyz", "warehouse"), ("category",), ("category", "warehouse"), ("category", "supplier"),
        ("category", "abc"), ("product",), ("product", "warehouse"),
    ]:  # fmt: skip
        made = policy_for(item, names)
        assert narrowest(item) == made


def test_of_any_two_the_first_part_that_only_one_names_decides(item):
    parts = ("product", "category", "abc", "xyz", "supplier", "warehouse")
    scopes = list(combinations((False, True), repeat=len(parts)))
    made = {
        scope: policy_for(item, [name for name, named in zip(parts, scope, strict=True) if named]) for scope in scopes
    }
    for scope in sorted(scopes, reverse=True):
        assert narrowest(item) == made[scope]
        made[scope].delete()
    assert narrowest(item) is None


def test_a_policy_for_something_else_does_not_hold(item, make_product, make_warehouse):
    Policy.objects.create(product=make_product())
    Policy.objects.create(product=item["product"], warehouse=make_warehouse("lille"))
    Policy.objects.create(abc="B")
    Policy.objects.create(abc="A", xyz="Z")
    [found] = resolve_policies([scope_of(item)])
    assert (found.policy, found.rule, found.target) == (None, "R,s,nQ", "cycle_service_level")
    assert (found.cycle_service_level, found.mode, found.maximum_stock) == (0.95, "suggest", None)


def test_an_item_without_category_or_supplier_matches_no_policy_for_one(item):
    named = policy_for(item, ("category", "supplier"))
    policy_for(item, ("category", "warehouse"))
    by_supplier, wide = policy_for(item, ("supplier",)), policy_for(item, ("warehouse",))
    bare = replace(scope_of(item), category=None, supplier=None)
    supplied = replace(scope_of(item), category=None)
    found = resolve_policies([bare, supplied, scope_of(item)])
    assert [one.policy for one in found] == [wide, by_supplier, named]


def test_a_class_is_that_of_the_item_in_its_warehouse(item, make_warehouse):
    made = policy_for(item, ("abc",))
    elsewhere = replace(scope_of(item), warehouse=make_warehouse("lille").pk)
    assert [one.policy for one in resolve_policies([scope_of(item), elsewhere])] == [made, None]


def test_what_a_policy_without_target_leaves_open_the_next_wider_says(item):
    full = policy_for(
        item, ("category",), rule="R,S", target="fill_rate", fill_rate=0.97, review_period_days=7, minimum_stock=3
    )
    own = policy_for(item, ("product",), target="", order_quantity=40)
    [found] = resolve_policies([scope_of(item)])
    assert found.policy == own
    assert (found.rule, found.target, found.fill_rate) == ("R,S", "fill_rate", 0.97)
    assert (found.review_period_days, found.minimum_stock, found.order_quantity) == (7, 3, 40)
    full.delete()
    [found] = resolve_policies([scope_of(item)])
    assert (found.rule, found.target, found.review_period_days) == ("R,s,nQ", "cycle_service_level", None)


def test_limits_and_mode_pass_through_a_policy_with_a_target_but_terms_do_not(item):
    room = policy_for(item, ("warehouse",), maximum_stock=90, mode="shadow", minimum_stock=5, review_period_days=9)
    policy_for(item, ("category",), reorder_point_floor=12)
    policy_for(item, ("product",), cycle_service_level=0.9)
    [found] = resolve_policies([scope_of(item)])
    assert (found.maximum_stock, found.reorder_point_floor, found.mode) == (90, 12, "shadow")
    assert (found.most_of, found.mode_of) == (room, room)
    assert (found.minimum_stock, found.review_period_days, found.cycle_service_level) == (None, None, 0.9)


def test_many_items_are_resolved_in_three_queries(item, make_product, django_assert_num_queries):
    own = Policy.objects.create(product=item["product"])
    wide = Policy.objects.create()
    others = [Scope(make_product().pk, None, None, item["warehouse"].pk) for _ in range(9)]
    with django_assert_num_queries(2):
        found = resolve_policies([scope_of(item), *others])
    assert [one.policy for one in found] == [own] + [wide] * 9
    Policy.objects.create(abc="C")
    with django_assert_num_queries(3):
        again = resolve_policies([scope_of(item), *others])
    assert again == found
    assert len({id(one) for one in again}) == 2  # items with the same policies share one answer


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"minimum_stock": 50, "maximum_stock": 40}, "minimum_stock", "placed at 50, so the maximum must be above it"),
        ({"reorder_point_floor": 40, "maximum_stock": 40}, "reorder_point_floor", "not 40"),
        ({"maximum_stock": 0}, "maximum_stock", "greater than or equal to 1"),
        ({"cycle_service_level": 95}, "cycle_service_level", "less than or equal to 0.999"),
        ({"target": "fill_rate"}, "__all__", "Say which fill rate is wanted"),
        ({"level_floor": 0.9, "level_ceiling": 0.8}, "__all__", "is higher than"),
        ({"review_period_days": 0}, "review_period_days", "greater than or equal to 1"),
        ({"shortage_cost": -1}, "shortage_cost", "greater than or equal to 0"),
    ],
)
def test_numbers_that_cannot_hold_are_refused_with_both_of_them(fields, field, said):
    with pytest.raises(ValidationError) as refused:
        Policy(**fields).full_clean()
    assert said in " ".join(refused.value.message_dict[field])


def test_the_database_too_refuses_a_second_policy_for_the_same(item):
    policy_for(item, ("category", "abc"))
    with pytest.raises(IntegrityError), transaction.atomic():
        policy_for(item, ("category", "abc"))
    with pytest.raises(ValidationError, match="There is a policy for exactly this already"):
        Policy(category=item["category"], abc="A").full_clean()
