"""An alert's own page: what happened to it, what else is known, and what people do there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts import services
from alerts.models import Alert
from inventory_site.common.models import JobRun, ShopSettings
from tests.admin_rows import DAY, ROWS, Shop


@pytest.fixture
def alert(warehouse, make_supplier, make_user):
    ShopSettings.objects.create(pk=1, demo_until=DAY)
    run = JobRun.objects.create(kind="nightly", business_date=DAY, state="published")
    shop = Shop(warehouse=warehouse, supplier=make_supplier(), run=run, actor=make_user("manager"))
    return ROWS["alerts.alert"](shop, 1)


@pytest.fixture
def page(alert):
    return f"/admin/alerts/alert/{alert.pk}/"


def test_it_is_assigned_commented_and_snoozed_and_the_page_tells_it(alert, page, make_user, client_of):
    clerk, buyer = make_user("clerk", alert.warehouse), make_user("buyer")
    client = client_of(buyer)
    client.post(f"{page}do/assign/", {"once": "a", "to": clerk.pk, "note": "you know them"})
    client.post(f"{page}do/comment/", {"once": "b", "note": "called, no answer"})
    until = DAY + timedelta(days=3)
    client.post(f"{page}do/snooze/", {"once": "c", "until": until.isoformat(), "on_change": "on", "note": ""})
    text = client.get(f"{page}change/").content.decode()
    assert f"assigned to {clerk}" in text and "you know them" in text and "called, no answer" in text
    assert "snoozed until March 5, 2026, or until it changes" in text
    alert.refresh_from_db()
    assert (alert.assigned_to, alert.state, alert.wakes_on_change) == (clerk, "snoozed", True)


def test_it_is_given_only_to_people_of_its_warehouse(alert, page, make_user, make_warehouse, client_of):
    stranger, nobody = make_user("clerk", make_warehouse("elsewhere")), make_user(None)
    client = client_of(make_user("buyer"))
    for person in (stranger, nobody):
        client.post(f"{page}do/assign/", {"once": str(person.pk), "to": person.pk})
    assert Alert.objects.get().assigned_to is None


def test_neither_a_day_nor_a_change_is_no_snooze(alert, page, make_user, client_of):
    answer = client_of(make_user("buyer")).post(f"{page}do/snooze/", {"once": "a", "until": "", "note": ""})
    assert "Choose a day to snooze until" in answer.content.decode()
    assert Alert.objects.get().state == "open"


def test_a_viewer_reads_the_history_and_says_nothing(alert, page, make_user, client_of):
    services.comment(alert=alert, actor=make_user("buyer"), note="<b>seen</b>")
    viewer = client_of(make_user("viewer"))
    text = viewer.get(f"{page}change/").content.decode()
    assert "&lt;b&gt;seen&lt;/b&gt;" in text and "comment-note" not in text
    assert viewer.post(f"{page}do/comment/", {"once": "a", "note": "x"}).status_code == 403
