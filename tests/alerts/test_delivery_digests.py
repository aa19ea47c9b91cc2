"""The digest: once a day, in its reader's language, about what its reader may see and is told of."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail

from alerts import services
from alerts.models import Delivery, RuleSetting, Severity, Subscription
from tests.alerts.messages import TODAY, at_once, inside, make_alerts, open_shop, states, subscribe

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(make_user):
    open_shop()
    return make_user("owner", email="owner@example.com")


def send() -> int:
    return services.send_digests(business_date=TODAY)


def test_the_digest_goes_out_once_a_day_as_text_and_html(owner, warehouse):
    make_alerts(warehouse=warehouse)
    subscription = subscribe(owner)
    assert (send(), send()) == (1, 0)
    (message,) = mail.outbox
    assert message.subject == "Corner shop, March 30, 2026: 1 thing to look at"
    (html,) = [part.content for part in message.alternatives if part.mimetype == "text/html"]
    for part in (message.body, html):
        assert "Cup is out of stock in Riga: 2.0 are asked for a day" in part
        assert f"/messages/stop/{subscription.token}/" in part
    assert "30.00 EUR" in html and '<html lang="en">' in html
    assert services.send_digests(business_date=TODAY + timedelta(days=1)) == 1


def test_its_headers_let_the_reader_stop_it_with_one_click(owner, settings):
    settings.SITE_URL = "https://shop.example"
    make_alerts()
    subscription = subscribe(owner)
    send()
    headers = mail.outbox[0].extra_headers
    assert headers["List-Unsubscribe"] == f"<https://shop.example/messages/stop/{subscription.token}/>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["Message-ID"] == Delivery.objects.get().message_id
    assert headers["Message-ID"].endswith("@shop.example>") and str(subscription.token) not in headers["Message-ID"]


def test_it_speaks_its_readers_language(owner):
    owner.language = "zh-hans"
    owner.save()
    make_alerts(2)
    subscribe(owner)
    send()
    (message,) = mail.outbox
    assert message.subject == "Corner shop，2026年3月30日：2 件事需要处理"
    assert "停止这些消息" in message.body and "停止这些消息" in message.alternatives[0].content


def test_a_digest_that_could_not_be_sent_waits_for_the_next_try_under_the_same_id(owner, settings):
    make_alerts()
    subscribe(owner)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert send() == 0
    first = Delivery.objects.get()
    assert (first.state, first.attempts) == ("open", 1)
    assert "The mail server 127.0.0.1 could not be used" in first.error
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert services.dispatch() == 0, "not before its time"
    Delivery.objects.update(due_at=first.sent_at or first.due_at - timedelta(hours=1))
    assert services.dispatch() == 1
    assert mail.outbox[0].extra_headers["Message-ID"] == first.message_id
    assert states() == ["sent"]


def test_nothing_to_say_sends_nothing(owner):
    make_alerts(severity=Severity.INFO)
    make_alerts(state="resolved")
    subscribe(owner)
    assert send() == 0
    assert not Delivery.objects.exists()


def test_it_shows_only_warehouses_of_its_reader(owner, warehouse, make_user, make_warehouse):
    make_alerts(warehouse=warehouse)
    subscribe(make_user("clerk", make_warehouse("tallinn"), email="clerk@example.com"))
    assert send() == 0


def test_one_thing_is_told_once_to_a_person_with_several_subscriptions(owner, warehouse, make_warehouse):
    tallinn = make_warehouse("tallinn")
    make_alerts(1, warehouse=warehouse)
    make_alerts(2, warehouse=tallinn)
    everywhere, here = subscribe(owner), subscribe(owner, warehouse=warehouse)
    assert send() == 2
    counts = dict(Delivery.objects.values_list("subscription", "data__count"))
    assert counts == {everywhere.pk: 2, here.pk: 1}


def test_of_several_rules_with_one_cause_one_is_told(owner):
    make_alerts()
    make_alerts(rule="below_reorder_point", leads=False)
    subscribe(owner)
    send()
    assert Delivery.objects.get().data["count"] == 1


def test_a_rule_may_be_for_certain_roles_only_there_or_everywhere(owner, warehouse, make_user, make_warehouse):
    tallinn = make_warehouse("tallinn")
    for place in (warehouse, tallinn):
        make_alerts(warehouse=place)
    RuleSetting.objects.create(rule="out_of_stock", roles=["buyer"])
    RuleSetting.objects.create(rule="out_of_stock", warehouse=tallinn, roles=["clerk", "owner"])
    people = [owner, make_user("buyer", email="b@example.com"), make_user("clerk", email="c@example.com")]
    for person in people:
        subscribe(person)
    send()
    told = {row.subscription.user: [a["warehouse"] for a in row.data["alerts"]] for row in Delivery.objects.all()}
    assert told == {owner: ["tallinn"], people[1]: ["riga"], people[2]: ["tallinn"]}


def test_who_may_not_see_costs_reads_no_money_anywhere_not_even_in_the_order(owner, make_user):
    for money, opened in ((900, 2), (10, 1)):
        make_alerts(
            rule="dead_stock", code="dead_stock_never_asked_for", severity=Severity.WARNING, money_at_risk=money,
            opened_on=TODAY - timedelta(days=3 - opened),
            terms={"sku": f"L{money}", "product": "Lamp", "warehouse": "Riga", "available": 5, "stock_money": "77.77"},
        )  # fmt: skip
    for person in (owner, make_user("clerk", email="clerk@example.com")):
        subscribe(person)
    send()
    bosses, clerks = Delivery.objects.order_by("pk")
    assert "77.77" in bosses.text and "900.00 EUR" in bosses.html
    assert [a["sku"] or a["sentence"][:4] for a in bosses.data["alerts"]] == ["L900", "L10 "]
    for part in (clerks.text, clerks.html, str(clerks.data)):
        assert "77.77" not in part and "EUR" not in part and "900.00" not in part
    assert [a["sentence"][:4] for a in clerks.data["alerts"]] == ["L10 ", "L900"]


def test_a_long_list_is_cut_and_says_so(owner, django_assert_max_num_queries):
    make_alerts(30)
    subscribe(owner)
    with django_assert_max_num_queries(30):
        send()
    (message,) = mail.outbox
    assert message.body.count("is out of stock") == 25 and "And 5 more." in message.body


def test_who_is_switched_off_left_or_has_no_role_gets_none(owner, make_user):
    make_alerts()
    subscribe(owner, is_active=False)
    subscribe(make_user("owner", email="left@example.com", is_active=False))
    subscribe(make_user(None, email="nobody@example.com"))
    at_once(make_user("buyer", email="b@example.com"))
    assert send() == 0 and not Delivery.objects.exists()


def test_a_person_without_an_address_is_told_of_in_plain_words(owner, make_user):
    make_alerts()
    subscribe(make_user("buyer", username="anna", email=""))
    assert send() == 0
    row = Delivery.objects.get()
    assert (row.state, row.error) == ("failed", "anna has no e-mail address.")


def test_a_person_has_one_digest_of_a_warehouse_whatever_channel(owner, warehouse):
    from django.core.exceptions import ValidationError

    subscribe(owner, warehouse=warehouse)
    second = Subscription(user=owner, warehouse=warehouse, channel=inside("http://127.0.0.1:1/"))
    with pytest.raises(ValidationError, match="brings the digest of this warehouse already"):
        second.full_clean()
    second.wants_digest = False
    second.full_clean()
