"""Each person reads in their own language: pages, refusals, mails, dates and numbers."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.core import mail
from django.test import Client
from django.utils import translation
from django.utils.formats import date_format, number_format

from alerts.models import Alert, Subscription
from alerts.services.digests import send_digests
from inventory_site.common.models import ShopSettings
from orders.models import SalesChannel

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 2)


@pytest.fixture
def shop():
    return ShopSettings.objects.create(pk=1, name="Demo", currency="EUR", demo_until=DAY)


def _dead(warehouse, product) -> Alert:
    return Alert.objects.create(
        rule="dead_stock", subject="x", code="dead_stock_never_asked_for", severity=2, opened_on=DAY, seen_on=DAY,
        money_at_risk=1255, warehouse=warehouse, product=product,
        terms={"sku": "L", "product": "Lamp", "warehouse": "Riga", "available": 5, "stock_money": "1255.00"},
    )  # fmt: skip


def test_who_switches_the_language_keeps_it_in_every_browser(shop, make_user, client_of):
    person = make_user("owner")
    client = client_of(person)
    answer = client.post("/i18n/setlang/", {"language": "zh-hans", "next": "/admin/"})
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")
    person.refresh_from_db()
    assert person.language == "zh-hans"
    text = client_of(person).get("/admin/").content.decode()
    assert '<html lang="zh-hans"' in text and "今日" in text and "2026年3月2日" in text


def test_a_language_that_the_shop_does_not_speak_is_not_kept(shop, make_user, client_of):
    person = make_user("owner", language="zh-hans")
    client_of(person).post("/i18n/setlang/", {"language": "de"})
    person.refresh_from_db()
    assert person.language == "zh-hans"


def test_who_chose_no_language_reads_the_shops(shop, make_user, client_of):
    ShopSettings.objects.update(language="zh-hans")
    assert '<html lang="zh-hans"' in client_of(make_user("owner")).get("/admin/").content.decode()
    assert '<html lang="en"' in client_of(make_user("owner", language="en")).get("/admin/").content.decode()


def test_who_chose_no_language_reads_the_browsers_after_logging_in_too(shop, make_user, client_of):
    client = client_of(make_user("owner"))
    text = client.get("/admin/", headers={"accept-language": "zh-CN,zh;q=0.9"}).content.decode()
    assert '<html lang="zh-hans"' in text and "今日" in text and "2026年3月2日" in text and "March" not in text
    assert client.get("/count/session/", headers={"accept-language": "zh-CN"}).json()["language"] == "zh-hans"
    client.cookies["django_language"] = "en"
    assert '<html lang="en"' in client.get("/admin/", headers={"accept-language": "zh-CN"}).content.decode()
    ShopSettings.objects.update(language="zh-hans")
    client.cookies.clear()
    french = client_of(make_user("buyer")).get("/admin/", headers={"accept-language": "fr"}).content.decode()
    assert '<html lang="zh-hans"' in french


def test_the_log_in_page_speaks_the_browsers_language(shop):
    text = Client(headers={"accept-language": "zh-CN,zh;q=0.9"}).get("/admin/login/").content.decode()
    assert '<html lang="zh-hans"' in text and "欢迎回到" in text


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("en", "CUP: 2 asked, 0 available in riga."), ("zh-hans", "CUP：请求 2 件，riga可用 0 件。")],
)
def test_a_refusal_of_the_api_is_in_the_language_that_was_asked_for(
    language, sentence, warehouse, make_product, make_user, api_of
):
    SalesChannel.objects.create(code="web", name="Web")
    make_product("CUP", accepts_backorders=False)
    order = {"channel": "web", "lines": [{"product": "CUP", "warehouse": "riga", "quantity": 2, "unit_price": "2.00"}]}
    client = api_of(make_user("owner"))
    answer = client.post("/api/v1/sales-orders/", order, format="json", headers={"accept-language": language})
    assert (answer.status_code, answer.json()["detail"]) == (409, sentence)


def test_an_alert_is_a_sentence_in_the_readers_language(shop, warehouse, make_product, make_user, client_of):
    _dead(warehouse, make_product())
    text = client_of(make_user("owner", language="zh-hans")).get("/warnings/").content.decode()
    assert "L Lamp 在Riga已呆滞：5 件，价值 1,255.00 EUR，从未有过需求。" in text


def test_the_list_of_alerts_is_narrowed_by_rules_with_names(shop, warehouse, make_product, make_user, client_of):
    _dead(warehouse, make_product())
    client = client_of(make_user("owner", language="zh-hans"))
    dead, out = (client.get(f"/admin/alerts/alert/?rule={rule}") for rule in ("dead_stock", "out_of_stock"))
    assert [answer.context["cl"].result_count for answer in (dead, out)] == [1, 0]
    assert "呆滞库存" in out.content.decode() and "dead_stock" not in re.sub(
        "value=.dead_stock.", "", out.content.decode()
    )


def test_each_digest_is_in_its_readers_language(shop, warehouse, make_product, make_user):
    _dead(warehouse, make_product())
    for language in ("en", "zh-hans"):
        person = make_user("owner", language=language, email=f"{language}@shop.example")
        Subscription.objects.create(user=person)
    assert send_digests(business_date=DAY) == 2
    sent = {message.to[0]: message for message in mail.outbox}
    assert sent["en@shop.example"].subject == "Demo, March 2, 2026: 1 thing to look at"
    assert sent["zh-hans@shop.example"].subject == "Demo，2026年3月2日：1 件事需要处理"
    assert "从未有过需求" in sent["zh-hans@shop.example"].body


@pytest.mark.parametrize(
    ("language", "day", "number"), [("en", "March 2, 2026", "1,255.50"), ("zh-hans", "2026年3月2日", "1,255.50")]
)
def test_dates_and_numbers_are_written_by_the_locale(language, day, number):
    with translation.override(language):
        assert (date_format(DAY), number_format(1255.5, 2, force_grouping=True)) == (day, number)
