"""Lines of a count pasted or brought in: all that is wrong at once, nothing lost, nothing twice."""

from __future__ import annotations

import io

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from stock import services
from stock.models import Bin, CountEntry
from tests.stock.counts_desk import once, page_of, stocked, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(make_product, receive, warehouse):
    return stocked(make_product, receive, warehouse)


@pytest.fixture
def clerk(make_user, client_of, shop):
    return client_of(make_user("clerk", shop))


@pytest.fixture
def count(shop, make_user):
    return services.open_count(warehouse=shop, actor=make_user("clerk", username="ann"))


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
