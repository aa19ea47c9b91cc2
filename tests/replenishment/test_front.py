"""The front of joint policies: found on past demand, applied as policies of classes, taken back."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.urls import reverse

from inventory_site.common.models import Audit
from orders.models import DailyDemand, DemandSeries
from replenishment.errors import CannotTakeBack
from replenishment.models import InventoryPosition, Policy
from replenishment.services.front import CHOICES, apply_front, front_of, take_back_front
from tests.replenishment.conftest import TODAY, published

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(run, plan, shelf, warehouse):
    """An item of class A and one of class B, asked for twice and once a day for half a year."""
    letters = {}
    for letter, pieces in (("A", 2), ("B", 1)):
        level = shelf(20)
        plan(level.product, a_day=float(pieces))
        series = DemandSeries.objects.create(
            product=level.product, warehouse=warehouse, first_on=TODAY - timedelta(days=200), closed_on=TODAY
        )
        DailyDemand.objects.bulk_create(
            DailyDemand(series=series, on_date=TODAY - timedelta(days=back), demand=pieces) for back in range(200)
        )
        letters[level.pk] = letter
    published(run)
    for pk, letter in letters.items():
        InventoryPosition.objects.filter(level=pk).update(abc=letter)
    return warehouse


def test_no_point_of_the_front_is_beaten_by_another(shop):
    found = front_of(shop)
    assert (found.classes, found.items) == ("AB", 2)
    goals = [policy.goals for policy in found.policies]
    assert len(goals) == len(set(goals)) > 2
    for one in goals:
        assert not any(other != one and all(o <= s for o, s in zip(other, one, strict=True)) for other in goals)


def test_a_point_becomes_policies_of_its_classes_and_is_taken_back(shop, make_user):
    Policy.objects.create(warehouse=shop, abc="B", cycle_service_level=0.9, review_period_days=3)
    actor = make_user("manager")
    applied = apply_front(warehouse=shop, classes="AB", choices=[10, 2], actor=actor)
    put = dict(Policy.objects.values_list("abc", "cycle_service_level"))
    assert put == {"A": CHOICES[10].cycle_service_level, "B": CHOICES[2].cycle_service_level}
    assert set(Policy.objects.values_list("rule", flat=True)) == {"R,S"}
    take_back_front(applied=applied, actor=actor)
    left = Policy.objects.get()
    assert (left.abc, left.cycle_service_level, left.review_period_days, left.rule) == ("B", 0.9, 3, "R,s,nQ")
    with pytest.raises(CannotTakeBack):
        take_back_front(applied=applied, actor=actor)


def text_of(answer) -> str:
    return re.sub(r"\s+", " ", unescape(answer.content.decode()))


def test_the_page_shows_the_front_applies_once_and_undoes(shop, client_of, make_user):
    client, page = client_of(make_user("manager")), reverse("policy-front")
    assert "plan=1" in text_of(client.get(page))
    answer = text_of(client.get(page, {"plan": 1}))
    assert "To choose from" in answer and 'data-type="scatter"' in answer
    choices = re.search(r'name="choices" value="([^"]+)"', answer).group(1)
    body = {"warehouse": shop.code, "classes": "AB", "choices": choices, "once": "k"}
    answers = [client.post(reverse("policy-front-apply"), body) for _click in range(2)]
    assert answers[0]["Location"] == answers[1]["Location"] and Policy.objects.count() == 2
    assert "Undo" in text_of(client.get(answers[0]["Location"]))
    back = {"warehouse": shop.code, "take_back": Audit.objects.get(action="policy.front").pk, "once": "k2"}
    client.post(reverse("policy-front-apply"), back)
    assert not Policy.objects.exists()
    assert client.post(reverse("policy-front-apply"), body | {"choices": "99-0", "once": "k3"}).status_code == 400


def test_without_a_plan_or_a_role_there_is_no_front(run, warehouse, client_of, make_user, make_warehouse):
    page = reverse("policy-front")
    assert "Nothing to replay yet" in text_of(client_of(make_user("manager")).get(page, {"plan": 1}))
    assert client_of(make_user("clerk")).get(page).status_code == 403
    stranger = client_of(make_user("manager", make_warehouse("elsewhere"), username="stranger"))
    assert stranger.get(page, {"warehouse": "riga"}).status_code == 404
