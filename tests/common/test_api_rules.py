"""The limit of calls: counted by each process, known to all."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.views import APIView

from inventory_site.common.api_rules import SharedRate

pytestmark = pytest.mark.django_db


def process(clock: list[float], told_every: float = 1.0):
    """One web process: its own counts, the shared cache."""

    class Rate(SharedRate):
        rate, scope, told_every_seconds, _counts = "5/hour", "user", told_every, {}

        def timer(self):
            return clock[0]

    class Page(APIView):
        throttle_classes, permission_classes = [Rate], []

        def get(self, request):
            return Response()

    def call(user):
        request = APIRequestFactory().get("/")
        force_authenticate(request, user)
        return Page.as_view()(request)

    return call


def test_the_sixth_call_within_the_hour_is_refused_and_the_next_hour_is_free(make_user):
    clock, user = [7200.0], make_user("owner")
    call = process(clock)
    assert [call(user).status_code for _ in range(6)] == [200] * 5 + [429]
    clock[0] += 600
    answer = call(user)
    assert (answer.status_code, answer["Retry-After"]) == (429, "3000")
    clock[0] += 3000
    assert call(user).status_code == 200


def test_another_process_counts_along(make_user):
    clock, user = [7200.0], make_user("owner")
    first, second = process(clock), process(clock)
    for _ in range(4):
        first(user)
        clock[0] += 2
    assert [second(user).status_code, second(user).status_code] == [200, 429]


def test_another_persons_calls_are_counted_apart(make_user):
    clock, user, other = [7200.0], make_user("owner"), make_user("owner")
    call = process(clock)
    for _ in range(6):
        call(user)
    assert call(other).status_code == 200


def test_most_calls_ask_the_database_nothing(make_user, django_assert_num_queries):
    clock, user = [7200.0], make_user("owner")
    call = process(clock)
    call(user)
    with django_assert_num_queries(0):
        call(user)
    assert cache.get(f"throttle_user_{user.pk}_2") == 1
