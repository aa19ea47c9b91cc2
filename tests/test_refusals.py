"""Pages for what cannot be shown: what to do, a way back, in the reader's language, and nothing else."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client, RequestFactory
from django.utils import translation

from inventory_site import refusals
from inventory_site.serve.front import Front

pytestmark = pytest.mark.django_db


def test_a_host_that_is_not_allowed_reads_what_to_do_and_the_log_one_line(settings, caplog):
    settings.ALLOWED_HOSTS = ["shop.example"]
    answer = Client().get("/admin/", headers={"host": "10.0.0.5:8000"})
    text = answer.content.decode()
    assert answer.status_code == 400 and "serve --lan" in text and "ALLOWED_HOSTS" in text and "10.0.0.5:8000" in text
    told = [record for record in caplog.records if record.name != "django.request"]
    assert [(record.getMessage(), record.exc_info) for record in told] == [
        ("'10.0.0.5:8000' is not one of ALLOWED_HOSTS.", None)
    ]


def test_what_stands_in_the_host_is_no_markup(settings):
    settings.ALLOWED_HOSTS = ["shop.example"]
    text = Client().get("/", headers={"host": "<b>x</b>"}).content.decode()
    assert "<b>" not in text and "&lt;b&gt;" in text


@pytest.mark.parametrize(
    ("address", "back"), [("/nothing/here/", "/admin/"), ("/count/nothing/", "/count/"), ("/admin/none/", "/admin/")]
)
def test_a_wrong_address_has_a_way_back(address, back, client_of, make_user):
    answer = client_of(make_user("owner")).get(address, headers={"accept-language": "zh-CN"})
    text = answer.content.decode()
    assert answer.status_code == 404 and f'class="sw-button" href="{back}"' in text and "shelfwise.css" in text


def test_a_wrong_address_is_told_in_the_browsers_language_and_to_programs_as_json():
    page = Client().get("/nothing/", headers={"accept-language": "zh-CN"})
    assert '<html lang="zh-hans"' in page.content.decode() and "此地址没有内容" in page.content.decode()
    answer = Client().get("/api/v1/nothing/")
    assert answer.status_code == 404 and answer.json()["detail"].startswith("Perhaps it was deleted")


def test_a_refusal_says_why(client_of, make_user):
    answer = client_of(make_user(None)).get("/admin/phones/")
    assert answer.status_code == 403 and "Your role does not allow this" in answer.content.decode()
    reasoned = refusals.forbidden(RequestFactory().get("/x/"), PermissionDenied("Costs are not yours to see."))
    assert "Costs are not yours to see." in reasoned.content.decode()


def test_a_form_without_its_token_is_told_to_send_it_again(client_of, make_user):
    client = client_of(make_user("owner"))
    client.handler.enforce_csrf_checks = True
    answer = client.post("/i18n/setlang/", {"language": "zh-hans"})
    assert answer.status_code == 403 and "send it once more" in answer.content.decode()


def test_our_own_mistake_needs_no_database(django_assert_num_queries):
    with django_assert_num_queries(0), translation.override("zh-hans"):
        answer = refusals.failed(RequestFactory().get("/admin/"))
    assert answer.status_code == 500 and "出错了" in answer.content.decode()


def test_who_serves_to_all_hears_what_other_computers_will_get(monkeypatch):
    monkeypatch.delenv("ALLOWED_HOSTS", raising=False)
    assert "for phones, --lan" in Front("0.0.0.0", 8000).directions(in_terminal=False)
    assert "--lan" not in Front("127.0.0.1", 8000).directions(in_terminal=False)
    monkeypatch.setenv("ALLOWED_HOSTS", "shop.example")
    assert "--lan" not in Front("0.0.0.0", 8000).directions(in_terminal=False)
