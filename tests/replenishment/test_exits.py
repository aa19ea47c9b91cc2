"""Ways out for surplus: marked down, sent back, bought no more."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from catalog.models import Promotion, SupplierProduct
from inventory_site.common.models import Audit, ShopSettings
from replenishment import services
from replenishment.models import Suggestion
from replenishment.reasons import reason
from stock.errors import InsufficientStock
from stock.models import SetAside
from tests.replenishment.conftest import TODAY, accept_all, found, nightly, propose, sentence

pytestmark = [pytest.mark.django_db, pytest.mark.ledger]

Kind = Suggestion.Kind


@pytest.fixture
def surplus(plan, shelf):
    """A product of which 1 a day is asked for, with 1,000 on hand: 90 days and the level need 90."""

    def surplus(**terms):
        level = shelf(1000)
        SupplierProduct.objects.filter(product=level.product).delete()
        plan(level.product)
        SupplierProduct.objects.filter(product=level.product).update(**terms)
        return level

    return surplus


def test_surplus_is_marked_down_by_the_step_that_gains_most(run, surplus):
    level = surplus()
    propose(run)
    row = Suggestion.objects.get()
    assert (row.kind, row.quantity, row.supplier) == (Kind.MARKDOWN, 910, None)
    terms = row.reason_terms
    assert terms["free"] == terms["needed"] + terms["surplus"] == 1000
    assert Decimal(terms["gain"]) == Decimal(terms["revenue"]) + Decimal(terms["holding"]) == row.margin_at_risk
    assert row.price == (level.product.price * Decimal("0.7")).quantize(Decimal("0.01"))
    assert "if demand answers a price 30 % lower as assumed (elasticity 2)" in sentence(row)
    hidden = reason(row.reason_code, terms, shows_money=False)
    assert "Revenue changes" in sentence(row) and "Revenue changes" not in hidden


def test_accepting_a_markdown_makes_a_promotion_and_undo_ends_it(run, surplus, make_user):
    level = surplus()
    propose(run)
    [promotion] = services.accept_suggestions(suggestions=list(Suggestion.objects.all()), actor=make_user("buyer"))
    assert (promotion.product, promotion.warehouse_code) == (level.product, "riga")
    assert (promotion.starts_on, promotion.announced_on) == (TODAY + timedelta(days=1), TODAY)
    assert Audit.objects.filter(action="promotion.add").count() == 1
    propose(nightly(TODAY + timedelta(days=1)))
    assert found() == []  # while it is marked down nothing more is proposed
    services.reopen_suggestions(suggestions=list(Suggestion.objects.all()), actor=None)
    assert not Promotion.objects.exists() and found() == [("markdown", "riga", 910)]


def test_a_markdown_that_runs_ends_today_when_it_is_taken_back(run, surplus):
    surplus()
    propose(run)
    [promotion] = accept_all()
    ShopSettings.objects.update(demo_until=TODAY + timedelta(days=5))
    services.reopen_suggestions(suggestions=list(Suggestion.objects.all()), actor=None)
    promotion.refresh_from_db()
    assert promotion.ends_on == TODAY + timedelta(days=5)


def test_what_the_supplier_takes_back_is_sent_back_where_that_brings_more(run, surplus, supplier):
    surplus(accepts_returns=True, return_rate=Decimal(1))
    propose(run)
    row = Suggestion.objects.get()
    assert (row.kind, row.quantity, row.supplier) == (Kind.RETURN, 910, supplier)
    terms = {name: Decimal(row.reason_terms[name]) for name in ("credit", "later", "holding", "gain")}
    assert terms["credit"] == Decimal("3640.00")  # 910 pieces of 4.00
    assert terms["gain"] == terms["credit"] - terms["later"] + terms["holding"] == row.margin_at_risk


def test_what_goes_back_is_set_aside_and_undo_puts_it_on_sale(run, surplus):
    level = surplus(accepts_returns=True, return_rate=Decimal(1))
    propose(run)
    [aside] = accept_all()
    level.refresh_from_db()
    assert (level.unsellable, aside.reason, aside.quantity) == (910, SetAside.Reason.HELD, 910)
    propose(nightly(TODAY + timedelta(days=1)))
    assert found() == []
    services.reopen_suggestions(suggestions=list(Suggestion.objects.all()), actor=None)
    level.refresh_from_db()
    assert level.unsellable == 0


def test_what_was_sold_meanwhile_is_not_sent_back(run, surplus, receive):
    level = surplus(accepts_returns=True, return_rate=Decimal(1))
    propose(run)
    receive(level.product, -500, reason="adjustment")
    with pytest.raises(InsufficientStock):
        accept_all()
    assert not SetAside.objects.exists() and Suggestion.objects.get().state == "open"


@pytest.fixture
def dead(plan, shelf):
    level = shelf(100)
    plan(level.product, a_day=0.0, is_dormant=True, is_stocked=False, last_demand_on=TODAY - timedelta(days=200),
         reorder_point=0, order_up_to_level=0, yearly_demand=2, yearly_revenue=Decimal("18"))  # fmt: skip
    return level


def test_a_product_dead_for_long_that_costs_more_than_it_earns_is_stopped_and_undone(run, dead, make_user):
    propose(run)
    row = Suggestion.objects.get()
    assert (row.kind, row.quantity) == (Kind.STOP, 100)
    terms = row.reason_terms  # 100 × 4.00 × a quarter; 18.00 of revenue less 2 × 4.00
    assert (terms["keeping"], terms["earned"], terms["gain"]) == ("100.00", "10.00", "90.00")
    assert sentence(row).startswith("Stop buying it: nobody has asked for it since 09/11/2025, 201 days ago, and 100")
    accept_all()
    dead.product.refresh_from_db()
    assert not dead.product.is_active
    propose(run)
    assert found() == []
    services.reopen_suggestions(suggestions=[row], actor=make_user("owner"))
    dead.product.refresh_from_db()
    assert dead.product.is_active
    assert Audit.objects.filter(action="product.change").count() == 2


def test_stopping_a_product_takes_a_role_wherever_it_is_kept(run, dead, receive, tallinn, make_user):
    propose(run)
    here, everywhere = make_user("buyer", dead.warehouse), make_user("buyer")
    decide = "replenishment.change_suggestion"
    row = Suggestion.objects.get()
    assert row.places == [dead.warehouse, dead.warehouse]
    assert Suggestion.objects.visible_to(here, decide).exists()
    receive(dead.product, 5, warehouse=tallinn)
    assert tallinn in Suggestion.objects.get().places
    assert not Suggestion.objects.visible_to(here, decide).exists() and Suggestion.objects.visible_to(here).exists()
    assert Suggestion.objects.visible_to(everywhere, decide).exists()


def test_a_markdown_of_somebodys_own_is_not_touched(run, surplus):
    level = surplus()
    own = Promotion.objects.create(
        product=level.product, warehouse_code="riga", starts_on=TODAY + timedelta(days=1), ends_on=TODAY + timedelta(2),
        name="Markdown", price=5, announced_on=TODAY,
    )  # fmt: skip
    Promotion.objects.filter(pk=own.pk).update(warehouse_code="elsewhere")
    propose(run)
    Promotion.objects.filter(pk=own.pk).update(warehouse_code="riga")
    [made] = accept_all()
    assert made != own
    services.reopen_suggestions(suggestions=list(Suggestion.objects.all()), actor=None)
    assert Promotion.objects.get() == own


def test_a_product_that_was_asked_for_lately_is_not_stopped(run, dead):
    ShopSettings.objects.update(stop_after_days=300)
    propose(run)
    assert found() == []
