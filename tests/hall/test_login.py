"""The phone's own log-in page: small and strict, and as careful as the admin's."""

from __future__ import annotations

import pytest
from axes.models import AccessAttempt
from django.test import Client

pytestmark = pytest.mark.django_db
PASSWORD = "correct-horse"


@pytest.fixture
def clerk(make_user):
    clerk = make_user("clerk")
    clerk.set_password(PASSWORD)
    clerk.save()
    return clerk


def log_in(client, clerk, password=PASSWORD, **more):
    return client.post("/count/login/", {"username": clerk.username, "password": password} | more)


def test_who_logs_in_gets_to_the_phones_page(client, clerk):
    page = client.get("/count/login/")
    assert "'unsafe" not in page["Content-Security-Policy"].replace("'wasm-unsafe-eval'", "")
    assert b"<script" not in page.content
    answer = log_in(client, clerk)
    assert (answer.status_code, answer["Location"]) == (302, "/count/")
    assert client.get("/count/session/").json()["user"]["id"] == clerk.pk


@pytest.mark.parametrize(("wished", "place"), [("/admin/", "/admin/"), ("https:" + "//elsewhere.example/", "/count/")])
def test_it_leads_nowhere_outside(wished, place, client, clerk):
    assert log_in(client, clerk, next=wished)["Location"] == place


def test_a_wrong_password_is_said_in_the_readers_language_and_counted(client, clerk):
    client.cookies["django_language"] = "zh-hans"
    page = log_in(client, clerk, password="guess").content.decode()
    assert 'role="alert"' in page and "用户名" in page and 'lang="zh-hans"' in page
    assert AccessAttempt.objects.get().username == clerk.username
    assert client.get("/count/session/").json() == {"user": None}


def test_after_ten_wrong_ones_the_right_one_is_refused_too(client, clerk):
    for _guess in range(10):
        log_in(client, clerk, password="guess")
    assert log_in(client, clerk).status_code in (403, 429)
    assert client.get("/count/session/").json() == {"user": None}


def test_who_logs_out_is_gone_and_again_is_no_error(client, clerk):
    log_in(client, clerk)
    assert client.get("/count/logout/").status_code == 405
    assert client.get("/count/session/").json()["user"]["id"] == clerk.pk
    for _time in range(2):
        answer = client.post("/count/logout/")
        assert (answer.status_code, answer.json()) == (200, {"user": None})
        assert client.get("/count/session/").json() == {"user": None}


def test_another_site_logs_nobody_out(clerk):
    client = Client(enforce_csrf_checks=True)
    client.force_login(clerk, backend="django.contrib.auth.backends.ModelBackend")
    token = client.get("/count/session/").json()["csrf"]
    assert client.post("/count/logout/").status_code == 403
    assert client.get("/count/session/").json()["user"]["id"] == clerk.pk
    assert client.post("/count/logout/", headers={"x-csrftoken": token}).status_code == 200
