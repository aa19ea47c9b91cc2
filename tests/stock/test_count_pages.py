"""Counts in the admin: opened, entered by paste, looked at, reported, undone; each by who may."""

from __future__ import annotations

import io
import re
import uuid
from datetime import timedelta
from decimal import Decimal

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inventory_site.common.models import ShopSettings, User
from stock import count_figures, count_new, services
from stock.count_admin import CountLineSheet
from stock.count_entry_admin import CountEntrySheet
from stock.models import Bin, CountEntry, StockCount, StockLevel
from stock.services import CountRules, Sent
from tests.stock.moments import at_noon

pytestmark = pytest.mark.django_db
LIST, ADD = "/admin/stock/countneed/", "/admin/stock/stockcount/add/"
COUNTS, ENTRIES = "/admin/stock/stockcount/", "/admin/stock/countentry/"


@pytest.fixture
def shop(make_product, receive, warehouse):
    """Three items in two areas; CUP is dear."""
    for sku, cost, area in (("CUP", 50, "North"), ("JAR", 4, "North"), ("TIN", 1, "South")):
        receive(make_product(sku, unit_cost=cost), 20, reason="opening", effective_at=at_noon(40))
        place, _made = Bin.objects.get_or_create(warehouse=warehouse, code=f"{area[0]}-1", defaults={"area": area})
        place.levels.add(StockLevel.objects.get(product__sku=sku))
    return warehouse


@pytest.fixture
def clerk(make_user, client_of, shop):
    return client_of(make_user("clerk", shop))


@pytest.fixture
def manager(make_user, client_of, shop):
    return client_of(make_user("manager", shop, username="boss"))


@pytest.fixture
def count(shop, make_user):
    return services.open_count(warehouse=shop, actor=make_user("clerk", username="ann"))


def page_of(count: StockCount, part: str = "change") -> str:
    return f"/admin/stock/stockcount/{count.pk}/{part}/"


def entered(count: StockCount, by: str = "ann", **pieces: int) -> None:
    told = [Sent(uuid.uuid4(), sku, n, timezone.now()) for sku, n in pieces.items()]
    services.record_entries(count=count, entries=told, actor=User.objects.get(username=by))


def text_of(answer) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def once(**fields) -> dict:
    return {"once": uuid.uuid4().hex} | fields


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


# Lines pasted or imported


def paste(client, count, text="", **fields):
    return client.post(page_of(count, "paste"), once(**{"import_key": "k1", "text": text} | fields), follow=True)


def kept_text(answer) -> str:
    return answer.context["form"]["text"].value()


def test_pasted_lines_are_taken_whatever_the_separator_and_the_order_of_columns(count, clerk):
    assert "2 lines are taken." in text_of(paste(clerk, count, "CUP\t18\nJAR\t20"))
    assert "1 line is taken." in text_of(paste(clerk, count, "quantity;bin;sku\n7;S-1;tin"))
    assert sorted(count.lines.values_list("level__product__sku", "counted")) == [("CUP", 18), ("JAR", 20), ("TIN", 7)]


def test_all_that_is_wrong_is_said_at_once_and_nothing_is_lost(count, clerk, make_product, make_warehouse):
    make_product("OLD", is_active=False)
    Bin.objects.create(warehouse=make_warehouse("tallinn"), code="T-1")
    text = (
        "code\tcounted\tbin\tcounted at\nCUP\tten\tN-1\t\nNOBODY\t-1\t\t\nOLD\t3\t\t\nJAR\t\t\t\nJAR\t2.5\tT-1\t\n"
        f"TIN\t{10**12}\t\tyesterday\nTIN\t5\t\t2020-01-01 10:00\nJAR\t4\t\t\nJAR\t5\t\t\n"
        "TIN\t1.000\t\t\nTIN\t5\t\t2026-11-22\n"
    )
    answer = paste(clerk, count, text)
    faults = [(f.line, f.column, f.reason) for f in answer.context["faults"]]
    assert faults == [
        (2, "counted", "not a whole number of pieces from 0 on"),
        (3, "code", "nobody knows this SKU or barcode"),
        (3, "counted", "not a whole number of pieces from 0 on"),
        (4, "code", "this product is no longer bought"),
        (5, "counted", "empty: what nobody counted is not zero; take the line out or write 0"),
        (6, "counted", "not a whole number of pieces from 0 on"),
        (6, "bin", "there is no such bin in Riga"),
        (7, "counted", "more than can be counted"),
        (7, "counted at", "not a time like 2026-03-29 18:00"),
        (8, "counted at", "more than two weeks ago: count it again"),
        (10, "code", "also on line 9: which one holds?"),
        (11, "counted", "one or a thousand? Write it without points and commas"),
        (12, "counted at", "a day without a time: what was sold on it would be guessed"),
    ]
    assert kept_text(answer) == text
    assert CountEntry.objects.count() == 0


def test_the_good_ones_are_taken_and_the_rest_is_kept_when_the_person_says_so(count, clerk):
    text = "sku,counted\nCUP,18\nJAR,many\nTIN,20"
    answer = paste(clerk, count, text, take="good")
    assert "2 lines are taken." in text_of(answer)
    assert kept_text(answer).splitlines() == ["sku,counted", "JAR,many"]
    mended = paste(clerk, count, "sku,counted\nJAR,19")
    assert "1 line is taken." in text_of(mended) and count.entries.count() == 3


def test_an_item_is_known_however_it_is_written_and_told_once(count, clerk, make_product):
    make_product("POT", barcode="036000291452")
    make_product("PAN", barcode="Abc-1")
    answer = paste(clerk, count, "cup\t1\n0036000291452\t2\naBC-1\t3\npot\t4", take="good")
    (fault,) = answer.context["faults"]
    assert (fault.line, fault.reason) == (4, "also on line 2: which one holds?")
    assert sorted(count.entries.values_list("product__sku", "counted")) == [("CUP", 1), ("PAN", 3), ("POT", 2)]


def test_a_line_that_is_torn_is_kept_as_it_was(count, clerk):
    answer = paste(clerk, count, 'CUP,18\n"JAR"x,2\nTIN,20\n', take="good")
    assert "2 lines are taken." in text_of(answer)
    assert kept_text(answer) == '"JAR"x,2\n'


def test_the_same_import_sent_twice_counts_once(count, clerk):
    for _again in range(2):
        paste(clerk, count, "CUP\t18\nJAR\t20")
    assert count.entries.count() == 2


def test_a_number_sent_again_after_another_one_counts_or_is_said_not_to(count, clerk):
    text = "code\tcounted\nCUP\t{}\nNOBODY\t1\n"
    first = paste(clerk, count, text.format(8), take="good")
    fresh = first.context["import_key"]
    paste(clerk, count, text.format(7), take="good")
    assert "1 line was taken before" in text_of(paste(clerk, count, text.format(8), take="good"))
    assert count.lines.get(level__product__sku="CUP").counted == 7
    paste(clerk, count, text.format(8), take="good", import_key=fresh)
    assert count.lines.get(level__product__sku="CUP").counted == 8


@pytest.mark.parametrize("cell", ["box\x0bblue", "box\x0cblue", "box\u2028blue", '"box\nblue"', "box\rblue"])
def test_no_bad_line_is_dropped_from_what_is_left(count, clerk, cell):
    answer = paste(clerk, count, f"JAR\t20\n{cell}\t4\nNOBODY\tseven\nCUP\t9", take="good")
    assert "2 lines are taken." in text_of(answer)
    assert kept_text(answer) == f"{cell}\t4\nNOBODY\tseven\n"


def test_without_names_each_line_has_its_own_columns_and_none_is_passed_over(count, clerk):
    text = "JAR\t5\nCUP\t5\tN-1\nTIN\t5\tX-1\nTIN\t5\tS-1\t2020-01-01 10:00\nTIN\t5\tS-1\t\tleft shelf\nTIN\t9,5\n"
    answer = paste(clerk, count, text, take="good")
    assert [(f.line, f.column, f.value, f.reason) for f in answer.context["faults"]] == [
        (3, "bin", "X-1", "there is no such bin in Riga"),
        (4, "counted_at", "2020-01-01 10:00", "more than two weeks ago: count it again"),
        (5, "", "left shelf", "more cells than four columns"),
        (6, "counted", "9,5", "not a whole number of pieces from 0 on"),
    ]
    assert sorted(count.entries.values_list("product__sku", "bin__code")) == [("CUP", "N-1"), ("JAR", None)]
    named = paste(clerk, count, "code,counted\nTIN,9,5\n")
    assert [(f.value, f.reason) for f in named.context["faults"]] == [("5", "more cells than there are headers")]


def test_both_faults_of_a_line_are_said(count, clerk):
    answer = paste(clerk, count, "CUP\t9\nCUP\t8\tX-1\n")
    assert [fault.reason for fault in answer.context["faults"]] == [
        "there is no such bin in Riga", "also on line 1: which one holds?",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["\nCUP\t9", "\t\t\n\nCUP\t9\n", "CUP;9,0", "CUP;9,0\nJAR;8", "\ufeffCUP,9", "CUP\t9,0"]
)
def test_blank_lines_are_skipped_and_most_lines_tell_the_separator(count, clerk, text):
    paste(clerk, count, text)
    assert count.lines.get(level__product__sku="CUP").counted == 9


def test_a_text_that_begins_like_a_workbook_is_a_text(count, clerk, make_product):
    make_product("PK-1")
    assert "1 line is taken." in text_of(paste(clerk, count, "PK-1\t3"))


def test_a_workbook_is_taken_and_what_is_wrong_in_it_can_be_mended_in_place(count, clerk):
    book = openpyxl.Workbook()
    for row in (["SKU", "Counted"], ["CUP", 18], ["JAR", 2.5]):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    answer = paste(clerk, count, file=SimpleUploadedFile("count.xlsx", out.getvalue()))
    assert [(fault.line, fault.value) for fault in answer.context["faults"]] == [(3, "2.5")]
    assert kept_text(answer).splitlines() == ["SKU\tCounted", "CUP\t18", "JAR\t2.5"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Paste lines, or choose a file."),
        ("sku,price\nx,y", "The columns “code” and “counted” are needed; the first line names sku, price."),
        ("\x00\x01", "Null characters are not allowed."),
    ],
)
def test_what_is_no_list_is_refused_in_words(count, clerk, text, said):
    assert said in text_of(paste(clerk, count, text))


def test_hundreds_of_lines_cost_hardly_more_queries_than_one(count, clerk, shop):
    from catalog.models import Product

    Product.objects.bulk_create(Product(sku=f"P{n}", name=f"P{n}", price=1, unit_cost=1) for n in range(401))
    text = "\n".join(f"P{n}\t{n % 7}" for n in range(400))
    with CaptureQueriesContext(connection) as one:
        assert "1 line is taken." in text_of(paste(clerk, count, "P400\t1"))
    with CaptureQueriesContext(connection) as many:
        assert "400 lines are taken." in text_of(paste(clerk, count, text))
    assert len(many) <= len(one) + 12  # rows are written some hundred at once
    assert count.entries.count() == 401


def test_nobody_enters_into_a_closed_count_or_without_the_right(count, clerk, make_user, client_of, shop):
    assert client_of(make_user("viewer", shop)).get(page_of(count, "paste")).status_code == 403
    services.cancel_count(count=count, actor=None)
    assert "cannot be" in text_of(clerk.get(page_of(count, "paste"), follow=True))
