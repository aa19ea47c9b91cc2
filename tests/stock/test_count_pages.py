"""Counts in the admin: opened, entered by paste, looked at, reported, undone; each by who may."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inventory_site.common.models import ShopSettings
from stock import count_figures, count_new, services
from stock.count_admin import CountLineSheet
from stock.count_entry_admin import CountEntrySheet
from stock.models import Bin, StockCount, StockLevel
from stock.services import CountRules, Sent
from tests.stock.counts_desk import entered, once, page_of, stocked, text_of

pytestmark = pytest.mark.django_db
LIST, ADD = "/admin/stock/countneed/", "/admin/stock/stockcount/add/"
COUNTS, ENTRIES = "/admin/stock/stockcount/", "/admin/stock/countentry/"


@pytest.fixture
def shop(make_product, receive, warehouse):
    return stocked(make_product, receive, warehouse)


@pytest.fixture
def clerk(make_user, client_of, shop):
    return client_of(make_user("clerk", shop))


@pytest.fixture
def manager(make_user, client_of, shop):
    return client_of(make_user("manager", shop, username="boss"))


@pytest.fixture
def count(shop, make_user):
    return services.open_count(warehouse=shop, actor=make_user("clerk", username="ann"))


# What to count today


def test_todays_list_says_why_and_is_opened_with_one_click(shop, clerk):
    services.plan_counts(warehouse=shop)
    text = text_of(clerk.get(LIST))
    assert "3 items, about 2 minutes." in text and "Never counted; known since 40 days." in text
    assert "Expected to be found" not in text
    answer = clerk.post(f"{LIST}open/riga/", once(), follow=True)
    count = StockCount.objects.get()
    assert answer.redirect_chain[-1][0] == page_of(count) and count.lines.count() == 3
    left = text_of(clerk.get(LIST))
    assert f'">in {count.number}</a>' in left and "3 items, about" not in left
    assert "Nothing is left to count today." in left


def test_a_double_click_opens_it_once(shop, clerk):
    services.plan_counts(warehouse=shop)
    same = once()
    clerk.post(f"{LIST}open/riga/", same)
    clerk.post(f"{LIST}open/riga/", same)
    assert StockCount.objects.count() == 1


def test_a_manager_sees_money_and_plans_again(shop, manager):
    text = text_of(manager.post(f"{LIST}plan/riga/", follow=True))
    assert "Planned: 3 items are on the list of Riga." in text
    assert "Expected to be found:" in text and "of 60 minutes a day" in text


@pytest.mark.parametrize("role", ["viewer", "buyer"])
def test_who_does_not_count_sees_the_list_and_opens_nothing(shop, make_user, client_of, role):
    services.plan_counts(warehouse=shop)
    client = client_of(make_user(role, shop))
    assert "Count these" not in text_of(client.get(LIST)) and client.get(LIST).status_code == 200
    assert client.post(f"{LIST}open/riga/", once()).status_code == 403
    assert client.get(ADD).status_code == 403


def test_another_warehouse_is_not_there(shop, make_user, make_warehouse, client_of):
    services.plan_counts(warehouse=shop)
    stranger = client_of(make_user("manager", make_warehouse("elsewhere")))
    assert "CUP" not in text_of(stranger.get(LIST))
    assert stranger.post(f"{LIST}open/riga/", once()).status_code == 404


@pytest.mark.parametrize(("asked", "found"), [("", 3), ("?when=all", 3), ("?when=overdue", 0), ("?when=week", 0)])
def test_the_list_is_todays_unless_another_is_asked_for(shop, manager, asked, found):
    services.plan_counts(warehouse=shop)
    assert manager.get(LIST + asked).context["cl"].result_count == found


# A new count


def wish(shop, kind: str, **fields) -> dict:
    return once(warehouse=shop.pk, kind=kind, **fields)


@pytest.mark.parametrize(
    ("kind", "fields", "items"),
    [
        ("full", {}, 3),
        ("bins", {"bins": "north"}, 2),
        ("bins", {"bins": "S-1, N-1"}, 3),
        ("list", {"items": "CUP\nTIN"}, 2),
        ("today", {}, 3),
    ],
)
def test_its_size_is_said_before_and_is_what_is_opened(shop, clerk, kind, fields, items):
    services.plan_counts(warehouse=shop)
    said = text_of(clerk.post("/admin/stock/stockcount/size/", wish(shop, kind, **fields)))
    assert f"<b>{items} items</b>, about" in said
    clerk.post(ADD, wish(shop, kind, is_blind="on", recount_pieces="3", **fields))
    count = StockCount.objects.get()
    assert (count.lines.count(), count.is_blind, count.recount_pieces) == (items, True, 3)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "category"}, "Say which."),
        ({"kind": "bins", "bins": "N-1, Z-9"}, "Riga has no such bin or area: Z-9."),
        ({"kind": "list", "items": "CUP, NO BODY"}, "1 are not known, or no longer bought: NO BODY."),
        ({"kind": "full", "recount_pieces": "-1"}, "greater than or equal to 1"),
        ({"kind": "bins", "bins": ",;"}, "Say which."),
        ({"kind": "list", "items": "\0"}, "Null characters are not allowed."),
    ],
)
def test_what_is_wrong_is_said_and_kept(shop, clerk, fields, said):
    assert said in text_of(clerk.post("/admin/stock/stockcount/size/", wish(shop, **fields)))
    answer = clerk.post(ADD, wish(shop, **fields))
    assert said in text_of(answer) and StockCount.objects.count() == 0


def test_items_are_known_however_they_are_written_and_the_note_is_kept(shop, clerk, make_product, receive):
    receive(make_product("RED CUP", barcode="036000291452"), 5)
    receive(make_product("POT", barcode="Abc-1"), 5)
    for items in ("red cup", "0036000291452, aBC-1", "036000291452\tpot"):
        clerk.post(ADD, wish(shop, "list", items=items))
    named = [sorted(count.lines.values_list("level__product__sku", flat=True)) for count in StockCount.objects.all()]
    assert sorted(named) == [["POT", "RED CUP"], ["POT", "RED CUP"], ["RED CUP"]]
    services.plan_counts(warehouse=shop)
    clerk.post(ADD, wish(shop, "today", note="before the fair"))
    assert StockCount.objects.latest("pk").note == "before the fair"


def test_too_many_items_are_refused_instead_of_left_out(shop, clerk, monkeypatch):
    monkeypatch.setattr(count_new, "MOST_NAMED", 2)
    answer = clerk.post(ADD, wish(shop, "list", items="CUP, JAR, TIN, CUP"))
    assert "3 items are more than the 2 of one count. Open several." in text_of(answer)
    assert StockCount.objects.count() == 0


def test_a_clerk_opens_nothing_elsewhere(shop, clerk, make_warehouse):
    assert "Select a valid choice" in text_of(clerk.post(ADD, wish(make_warehouse("elsewhere"), "full")))


# A count's page and report


def test_a_page_tells_who_counted_what_where_and_what_differs(count, manager, make_user):
    make_user("clerk", username="bob")
    entered(count, CUP=18, JAR=20)
    entered(count, by="bob", TIN=25)
    text = text_of(manager.get(page_of(count)))
    assert '<td>ann</td><td class="sw-number">2</td>' in text and '<td>bob</td><td class="sw-number">1</td>' in text
    assert '<td>North</td><td class="sw-number">2</td><td class="sw-number">0</td>' in text
    assert "33.3 %" in text and "-100.00" in text and "105.00 up and down together" in text
    found = count_figures.variance(count)
    assert (found.gains, found.losses, found.net, found.absolute) == (5, -100, -95, 105)
    assert found.value_accuracy == pytest.approx(1 - 105 / 1100)
    assert [line.level.product.sku for line in count_figures.differences(count, by_cost=True)] == ["CUP", "TIN"]
    assert [line.level.product.sku for line in count_figures.differences(count, by_cost=False)] == ["TIN", "CUP"]


def test_a_count_has_one_clock_and_no_button_that_seems_to_close_it(shop, count, manager):
    ShopSettings.objects.update(demo_until="2026-03-01")
    other = services.open_count(warehouse=shop, actor=None)
    services.cancel_count(count=other, actor=None)
    assert abs(other.opened_at - StockCount.objects.get(pk=other.pk).closed_at) < timedelta(minutes=5)
    text = text_of(manager.get(page_of(count)))
    assert "All stock counts" in text and not re.search(r">\s*Close\s*<", text)


def test_a_clerk_sees_pieces_and_no_money(count, clerk):
    entered(count, CUP=18)
    text = text_of(clerk.get(page_of(count)))
    assert "Pieces more, fewer" in text and "100.00" not in text and "EUR" not in text
    report = text_of(clerk.get(page_of(count, "report")))
    assert "Value" not in report and "100.00" not in report


def test_a_blind_count_tells_nothing_of_what_is_expected_until_it_is_posted(shop, manager, make_user):
    ann = make_user("clerk", username="ann")
    count = services.open_count(warehouse=shop, actor=ann, rules=CountRules(is_blind=True))
    entered(count, CUP=18)
    text = text_of(manager.get(page_of(count)))
    assert "This count is blind" in text and "Largest differences" not in text
    assert "This count is blind" in text_of(manager.get(page_of(count, "report"), follow=True))
    (line,) = CountLineSheet(user=None).export(count.lines.select_related("count").filter(counted=18)).dict
    assert (line["counted"], line["expected"], line["delta"]) == ("18", "", "")
    assert "-100.00" not in text_of(manager.get(COUNTS))
    assert re.search(r"\b18\b", _row_of("CUP", manager)) and "-2" not in _row_of("CUP", manager)
    services.post_count(count=count, actor=ann)
    assert "-100.00" in text_of(manager.get(COUNTS))
    assert "Largest differences" in text_of(manager.get(page_of(count)))
    assert "-2" in _row_of("CUP", manager)


def _row_of(sku: str, client) -> str:
    page = text_of(client.get(f"/admin/stock/countline/?q={sku}"))
    return re.sub("<[^>]*>", " ", page[page.index("</thead>") : page.index("</table>")])


def test_the_report_is_one_page_with_totals_and_signatures(count, manager):
    entered(count, CUP=18, JAR=20)
    text = text_of(manager.get(page_of(count, "report")))
    assert "1 (50.0 %)" in text and "Value accuracy" in text and "Counted by" in text
    pdf = manager.get(page_of(count, "report") + "?as=pdf")
    assert pdf["Content-Type"] == "application/pdf" and pdf.content.startswith(b"%PDF")
    assert pdf.content.count(b"/Type /Page\n") + pdf.content.count(b"/Type /Page ") == 1


def test_a_page_costs_the_same_for_many_lines(count, manager, make_product, receive):
    entered(count, CUP=18)
    manager.get(page_of(count))
    few = _queries(manager, page_of(count))
    for n in range(8):
        receive(make_product(f"MORE-{n}"), 5)
        entered(count, **{f"MORE-{n}": 4})
    assert _queries(manager, page_of(count)) == few


def _queries(client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_accuracy_by_area_is_a_line_of_posted_counts(shop, manager, make_user):
    ann = make_user("clerk", username="ann")
    for cup in (18, 18):
        count = services.open_count(warehouse=shop, actor=ann)
        entered(count, CUP=cup, JAR=20, TIN=20)
        services.post_count(count=count, actor=ann)
    rows = count_figures.accuracy_by_area(StockCount.objects.all())
    assert [(row.area, row.counted, row.exact) for row in rows] == [
        ("North", 2, 1), ("South", 1, 1), ("North", 2, 2), ("South", 1, 1)
    ]  # fmt: skip
    assert rows[0].off == Decimal(100)
    text = text_of(manager.get("/admin/stock/stockcount/accuracy/"))
    assert "50.0 %" in text and "South" in text
    sheet = manager.get("/admin/stock/stockcount/accuracy/?export=1").content.decode("utf-8-sig").splitlines()
    assert sheet[1].split(",")[2:] == ["North", "2", "1", "1080.00", "100.00"]
    services.undo_count(count=StockCount.objects.latest("pk"), actor=ann)
    assert len(count_figures.accuracy_by_area(StockCount.objects.filter(state="posted"))) == 2


def test_areas_are_those_in_which_items_were_counted_not_where_they_lie_later(shop, make_user):
    ann, south = make_user("clerk", username="ann"), Bin.objects.get(code="S-1")
    Bin.objects.create(warehouse=shop, code="N-2", area="North")
    count = services.open_count(warehouse=shop, actor=ann)
    told = [("CUP", 8, "N-1"), ("CUP", 10, "N-2"), ("CUP", 10, "N-2"), ("JAR", 20, "")]
    sent = [Sent(uuid.uuid4(), sku, n, timezone.now(), place) for sku, n, place in told]
    services.record_entries(count=count, entries=sent, actor=ann)
    services.post_count(count=count, actor=ann, leave_unsettled=True)
    cup = StockLevel.objects.get(product__sku="CUP")
    cup.bins.set([south])
    assert [(row.name, row.done, row.all) for row in count_figures.by_area(count)] == [("North", 2, 2), ("South", 0, 1)]
    (row,) = count_figures.accuracy_by_area(StockCount.objects.all())
    assert (row.area, row.counted, row.exact, row.value, row.off) == ("North", 2, 1, Decimal(1080), Decimal(100))


def test_a_manager_undoes_a_posted_count_and_a_clerk_does_not(count, manager, clerk, make_user):
    entered(count, CUP=18)
    services.post_count(count=count, actor=make_user("clerk"))
    assert clerk.post(page_of(count, "do/undo"), once()).status_code == 403
    text = text_of(manager.post(page_of(count, "do/undo"), once(), follow=True))
    assert f"{count.number} is undone: its differences are reversed." in text
    assert StockLevel.objects.get(product__sku="CUP").on_hand == 20


# What is kept for a person


def test_what_nobody_could_take_is_told_wherever_the_count_is_seen(count, manager, clerk):
    entered(count, CUP=18, JAR=20, **{"XX-1": 3})
    link = f"{ENTRIES}?q={count.number}&amp;settle=yes"
    for page, said in ((COUNTS, "1 kept entry"), (page_of(count), "1 entry is kept and counts nothing until")):
        text = text_of(clerk.get(page))
        assert link in text and said in text
    assert "Kept entries" in text_of(manager.get(page_of(count, "report")))
    assert f"{ENTRIES}?settle=yes" in text_of(manager.get("/admin/"))
    rows = manager.get(ENTRIES).context["cl"].result_list
    assert [row.sent["code"] for row in rows] == ["XX-1", "JAR", "CUP"]
    assert [row.sent["code"] for row in manager.get(f"{ENTRIES}?settle=yes").context["cl"].result_list] == ["XX-1"]
    assert [row["code"] for row in CountEntrySheet().export(count.entries.order_by("pk")).dict] == [
        "CUP",
        "JAR",
        "XX-1",
    ]
    services.cancel_count(count=count, actor=None)
    assert "kept entr" not in text_of(clerk.get(COUNTS)) and "settle=yes" not in text_of(manager.get("/admin/"))


def test_a_manager_says_how_many_there_were_and_where(count, manager):
    told = [Sent(uuid.uuid4(), "CUP", "ten", timezone.now()), Sent(uuid.uuid4(), "JAR", 5, timezone.now(), "X-1")]
    services.record_entries(count=count, entries=told, actor=count.opened_by)
    cup, jar = count.entries.order_by("pk")
    manager.post(f"{ENTRIES}{cup.pk}/do/accept/", once(counted="10"))
    assert count.lines.get(level__product__sku="CUP").counted == 10
    page = text_of(manager.post(f"{ENTRIES}{jar.pk}/do/accept/", once(bin="Z-9")))
    assert "There is no bin “Z-9” here." in page and count.lines.get(level__product__sku="JAR").counted is None
    manager.post(f"{ENTRIES}{jar.pk}/do/accept/", once(bin="n-1"))
    jar.refresh_from_db()
    assert (jar.bin.code, jar.problem, count.lines.get(level__product__sku="JAR").counted) == ("N-1", "", 5)


def test_before_it_is_posted_its_page_says_what_that_does_and_what_it_leaves(count, manager, clerk):
    asked = page_of(count, "do/post")
    entered(count, CUP=18, JAR=23)
    text = text_of(manager.get(asked))
    assert "2 items differ: +3 and -2 pieces. Their value: -88.00 EUR, up and down together 112.00." in text
    assert "1 of 3 items is not counted and stays as it is." in text and 'name="leave"' not in text
    assert "Their value" not in text_of(clerk.get(asked))
    entered(count, **{"XX-1": 3})
    text = text_of(clerk.get(asked))
    assert "1 entry is kept and counts nothing: nobody could take it." in text and 'name="leave"' in text


def test_a_blind_count_tells_no_difference_before_it_is_posted(shop, manager, make_user):
    ann = make_user("clerk", username="ann")
    count = services.open_count(warehouse=shop, actor=ann, rules=CountRules(is_blind=True))
    entered(count, CUP=18)
    text = text_of(manager.get(page_of(count, "do/post")))
    assert "differ" not in text.split("<form")[-1].replace("differences", "") and "2 of 3 items are not counted" in text
