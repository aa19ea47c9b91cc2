"""Suggestions: what is proposed, what is not proposed again, and what people decide."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction

from inventory_site.common import outbox
from inventory_site.common.models import Audit
from orders import services as orders
from orders.models import PurchaseOrder, PurchaseOrderLine
from replenishment import services
from replenishment.errors import CannotReopen, SuggestionClosed
from replenishment.models import Policy, Suggestion
from replenishment.reasons import reason
from replenishment.shown_suggestions import reason_of
from tests.replenishment.conftest import TODAY, nightly, propose, published

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]


def open_ones() -> list[tuple[str, int]]:
    return list(Suggestion.objects.open().order_by("product__sku").values_list("product__sku", "quantity"))


def test_at_the_reorder_point_a_lot_is_proposed_and_its_sentence_adds_up(run, plan, shelf, supplier):
    low, fine = shelf(20), shelf(21)
    plan(low.product)
    plan(fine.product)
    propose(run)
    suggestion = Suggestion.objects.get()
    assert (suggestion.product, suggestion.supplier, suggestion.run) == (low.product, supplier, run)
    assert (suggestion.quantity, suggestion.unit_cost, suggestion.cost) == (30, Decimal("4.0000"), Decimal("120.00"))
    assert reason(suggestion.reason_code, suggestion.reason_terms) == (
        "Sells 1 a day, 20 = 20 on hand, a delivery takes 9 days: 95 % of the time 20 are enough. With 20 it is time "
        "to order 30, which makes 50."
    )


def test_packs_and_the_minimum_order_hold_under_both_rules(run, plan, shelf):
    lots, packed, least = shelf(3), shelf(7), shelf(7)
    plan(lots.product, order_quantity=12, pack_size=12)
    fields = {"rule": Policy.Rule.R_S, "reorder_point": 39, "order_up_to_level": 40, "safety_stock": 30}
    plan(packed.product, pack_size=6, **fields)
    plan(least.product, pack_size=6, min_order_quantity=40, **fields)
    propose(run)
    # two lots of a pack lift 3 above 20; 33 are missing up to 40, in packs of 6, at least 40
    assert open_ones() == [(lots.product.sku, 24), (packed.product.sku, 36), (least.product.sku, 42)]
    terms = Suggestion.objects.get(product=least.product).reason_terms
    assert (terms["level"], terms["expected"] + terms["safety_stock"], terms["need"]) == (40, 40, 33)


def test_what_is_on_order_is_not_proposed_again(run, plan, shelf, buy):
    level = shelf(5)
    plan(level.product)
    buy(level.product, 30)
    propose(run)
    assert open_ones() == []


def test_what_lies_in_a_draft_is_not_proposed_again(run, plan, shelf, buy):
    level, more = shelf(5), shelf(5)
    plan(level.product)
    plan(more.product)
    buy(level.product, 30, confirmed=False)
    buy(more.product, 12, confirmed=False)
    propose(run)
    suggestion = Suggestion.objects.get()
    assert (suggestion.product, suggestion.quantity) == (more.product, 30)
    text = reason(suggestion.reason_code, suggestion.reason_terms)
    assert "17 = 5 on hand + 12 in draft orders, a delivery" in text and "order 30, which makes 47." in text


def test_the_next_night_updates_the_open_suggestion_and_closes_what_is_not_needed(run, plan, shelf, receive):
    grown, filled = shelf(20), shelf(20)
    for level in (grown, filled):
        plan(level.product)
    propose(run)
    before = {row.product_id: row.pk for row in Suggestion.objects.all()}
    receive(filled.product, 50)
    later = nightly(TODAY + timedelta(days=1))
    plan(grown.product, of=later, reorder_point=60, safety_stock=50, order_up_to_level=90)
    plan(filled.product, of=later)
    propose(later)
    propose(later)  # a second try changes nothing
    assert open_ones() == [(grown.product.sku, 60)]
    rows = {row.product_id: row for row in Suggestion.objects.all()}
    assert {pk: row.pk for pk, row in rows.items()} == before
    assert (rows[grown.product_id].run, rows[filled.product_id].state) == (later, "superseded")


def test_nothing_is_bought_for_the_shelf_of_what_does_not_sell(run, plan, shelf, make_product):
    idle, gone = shelf(0), shelf(0)
    plan(idle.product, is_stocked=False, reorder_point=0, order_quantity=1, order_up_to_level=1)
    plan(gone.product, supplier=None)
    propose(run)
    assert open_ones() == []


def test_accepting_makes_one_draft_per_supplier_and_warehouse(run, plan, shelf, make_supplier, make_user):
    actor, other = make_user("buyer"), make_supplier("other")
    levels = [shelf(5) for _ in range(3)]
    for level in levels[:2]:
        plan(level.product, pack_size=10)
    plan(levels[2].product, supplier=other)
    propose(run)
    suggestions = list(Suggestion.objects.all())
    drafts = services.accept_suggestions(suggestions=suggestions, actor=actor)
    assert [(order.state, order.supplier.code, order.lines.count()) for order in drafts] == [
        ("draft", "acme", 2),
        ("draft", "other", 1),
    ]
    line = PurchaseOrderLine.objects.get(product=levels[0].product)
    assert (line.quantity, line.unit_cost, line.pack_size) == (30, Decimal("4.0000"), 10)
    accepted = Suggestion.objects.get(product=levels[0].product)
    assert (accepted.state, accepted.purchase_line, accepted.decided_by) == ("accepted", line, actor)
    assert Audit.objects.filter(action="suggestion.accept").count() == 3
    propose(nightly(TODAY + timedelta(days=1)))
    assert open_ones() == []


def test_a_double_click_accepts_once(run, plan, shelf):
    plan(shelf(5).product)
    propose(run)
    stale = list(Suggestion.objects.all())
    first = services.accept_suggestions(suggestions=stale, actor=None)
    second = services.accept_suggestions(suggestions=stale, actor=None)
    assert first == second
    assert PurchaseOrderLine.objects.get().quantity == 30


def test_what_is_accepted_later_the_same_day_joins_the_draft(run, plan, shelf):
    for _ in range(2):
        plan(shelf(5).product)
    propose(run)
    first, second = Suggestion.objects.order_by("pk")
    assert services.accept_suggestions(suggestions=[first], actor=None) == services.accept_suggestions(
        suggestions=[second], actor=None
    )
    assert PurchaseOrder.objects.get().lines.count() == 2


def test_a_draft_made_by_hand_is_left_alone(run, plan, shelf, buy):
    level = shelf(5)
    plan(level.product)
    own = buy(shelf(1).product, 4, confirmed=False)
    propose(run)
    assert services.accept_suggestions(suggestions=Suggestion.objects.all(), actor=None) != [own]


def test_taking_back_empties_the_draft(run, plan, shelf):
    for _ in range(2):
        plan(shelf(5).product)
    propose(run)
    first, second = Suggestion.objects.order_by("pk")
    services.accept_suggestions(suggestions=[first, second], actor=None)
    services.reopen_suggestions(suggestions=[first], actor=None)
    assert PurchaseOrder.objects.get().lines.get().product == second.product
    services.reopen_suggestions(suggestions=[first, second], actor=None)
    assert not PurchaseOrder.objects.exists()
    assert Suggestion.objects.open().count() == 2
    assert set(Suggestion.objects.values_list("purchase_line", "decided_at")) == {(None, None)}


def test_what_was_ordered_cannot_be_taken_back(run, plan, shelf):
    plan(shelf(5).product)
    propose(run)
    suggestion = Suggestion.objects.get()
    [order] = services.accept_suggestions(suggestions=[suggestion], actor=None)
    orders.confirm_purchase_order(order=order, actor=None)
    with pytest.raises(CannotReopen, match=f"{order.number} is confirmed"):
        services.reopen_suggestions(suggestions=[suggestion], actor=None)
    suggestion.refresh_from_db()
    assert (suggestion.state, suggestion.purchase_line.quantity) == ("accepted", 30)


def test_a_dismissal_holds_until_much_more_is_missing(run, plan, shelf, receive):
    level = shelf(20)
    plan(level.product)
    propose(run)
    suggestion = Suggestion.objects.get()
    services.dismiss_suggestion(suggestion=suggestion, actor=None, because="too_much", note="end of the season")
    services.dismiss_suggestion(suggestion=suggestion, actor=None)
    told = {"because": "too_much", "note": "end of the season", "until": "2026-04-27"}
    assert Audit.objects.get(action="suggestion.dismiss").changes == told
    receive(level.product, -15, reason="adjustment")  # 45 are missing, 30 were
    propose(run)
    assert open_ones() == []
    receive(level.product, -1, reason="adjustment")
    propose(run)
    assert open_ones() == [(level.product.sku, 30)]
    again = Suggestion.objects.open().get()
    assert again.follows == suggestion
    told = reason_of(again, currency="EUR", shows_money=True)
    assert told.endswith("Dismissed on 03/30/2026: end of the season.")


def test_a_dismissal_ends_after_four_weeks(run, plan, shelf):
    level = shelf(20)
    plan(level.product)
    propose(run)
    services.dismiss_suggestion(suggestion=Suggestion.objects.get(), actor=None)
    for days, expected in ((27, []), (28, [(level.product.sku, 30)])):
        later = nightly(TODAY + timedelta(days=days))
        plan(level.product, of=later)
        propose(later)
        assert open_ones() == expected


def test_a_closed_suggestion_is_refused_as_a_whole(run, plan, shelf):
    for _ in range(2):
        plan(shelf(5).product)
    propose(run)
    dismissed, still_open = Suggestion.objects.order_by("pk")
    services.dismiss_suggestion(suggestion=dismissed, actor=None)
    with pytest.raises(SuggestionClosed, match=f"{dismissed.product.sku} is no longer open: it is dismissed"):
        services.accept_suggestions(suggestions=[still_open, dismissed], actor=None)
    still_open.refresh_from_db()
    assert still_open.state == "open"
    assert not PurchaseOrder.objects.exists()
    services.reopen_suggestions(suggestions=[dismissed], actor=None)
    assert Suggestion.objects.open().count() == 2


def test_reopening_gives_way_to_a_newer_suggestion(run, plan, shelf, receive):
    level = shelf(20)
    plan(level.product)
    propose(run)
    old = Suggestion.objects.get()
    services.dismiss_suggestion(suggestion=old, actor=None)
    receive(level.product, -20, reason="adjustment")
    propose(run)
    with pytest.raises(CannotReopen, match="A newer suggestion"):
        services.reopen_suggestions(suggestions=[old], actor=None)
    assert Suggestion.objects.count() == 2


def test_a_delivery_during_the_day_withdraws_what_is_needed_no_more(run, plan, shelf, receive, buy):
    filled, ordered, short = shelf(20), shelf(20), shelf(20)
    for level in (filled, ordered, short):
        plan(level.product)
    propose(run)
    published(run)
    receive(filled.product, 40)
    buy(ordered.product, 30)
    receive(short.product, -2, reason="adjustment")
    while outbox.deliver():
        pass
    assert open_ones() == [(short.product.sku, 30)]
    assert set(Suggestion.objects.filter(state="superseded").values_list("product", flat=True)) == {
        filled.product_id,
        ordered.product_id,
    }


def test_suggestions_of_a_run_that_is_not_published_yet_stay(run, plan, shelf):
    level = shelf(20)
    plan(level.product, reorder_point=5)
    published(run)
    later = nightly(TODAY + timedelta(days=1))
    plan(level.product, of=later)
    propose(later)
    services.refresh_positions(level_ids=[level.pk])
    assert open_ones() == [(level.product.sku, 30)]


def test_what_arrives_between_suggesting_and_publishing_is_not_bought(run, plan, shelf, receive):
    arrived, short = shelf(20), shelf(20)
    plan(arrived.product)
    plan(short.product)
    propose(run)
    receive(arrived.product, 40)
    published(run)
    assert open_ones() == [(short.product.sku, 30)]


def test_a_write_that_is_rolled_back_leaves_nothing(run, plan, shelf):
    plan(shelf(5).product)
    [payload] = services.split_suggestions(run)
    write = services.make_suggestions(run, payload)
    with pytest.raises(RuntimeError), transaction.atomic():
        write()
        raise RuntimeError("the lease was lost")
    assert not Suggestion.objects.exists()
