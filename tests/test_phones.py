"""The page that brings a phone into the hall."""

from __future__ import annotations

from datetime import date

import pytest

from inventory_site.common.models import ShopSettings

pytestmark = pytest.mark.django_db


def test_who_counts_sees_the_square_and_whether_the_address_is_secure(client_of, make_user, settings):
    settings.ALLOWED_HOSTS = ["shop.example", "127.0.0.1"]
    client = client_of(make_user("clerk"))
    secure = client.get("/admin/phones/", headers={"host": "shop.example"}, secure=True).content.decode()
    assert "https://shop.example/count/" in secure and "<path" in secure and "The address is secure" in secure
    plain = client.get("/admin/phones/", headers={"host": "shop.example"}).content.decode()
    assert "http://shop.example/count/" in plain and "The address is not secure" in plain
    own = client.get("/admin/phones/", headers={"host": "127.0.0.1:8000"}).content.decode()
    assert "no phone can reach it" in own and "<path" not in own.split("sw-refused")[1]
    settings.LAN_WELCOME = "http://192.168.1.5:8001/"
    lan = client.get("/admin/phones/", headers={"host": "127.0.0.1:8000"}, secure=True).content.decode()
    assert 'href="http://192.168.1.5:8001/"' in lan and "learns to trust" in lan


def test_in_the_demo_one_command_brings_phones_in(client_of, make_user, settings):
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    client, here = client_of(make_user("clerk")), {"host": "127.0.0.1"}
    assert "manage.py serve --lan" in client.get("/admin/phones/", headers=here).content.decode()
    ShopSettings.objects.create(pk=1, demo_until=date(2026, 3, 2))
    text = client.get("/admin/phones/", headers=here).content.decode()
    assert "make demo LAN=1" in text and 'href="/count/"' in text.split("make demo LAN=1")[1]


def test_the_menu_leads_to_the_phones_page(client_of, make_user):
    assert 'href="/count/"' in client_of(make_user("clerk")).get("/admin/").content.decode()
    assert 'href="/count/"' not in client_of(make_user(None)).get("/admin/password_change/").content.decode()


def test_who_may_not_count_does_not_see_it(client_of, make_user):
    assert client_of(make_user(None)).get("/admin/phones/").status_code == 403
