"""Every rule, by the same suite: it finds its cause, opens once, closes by itself, in a constant number of queries."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts import services
from alerts.models import Alert, RuleSetting, Severity
from alerts.rules import RULES
from alerts.rules.base import Action
from alerts.sentences import sentence
from catalog.models import Supplier
from tests.alerts.planters import TODAY

pytestmark = pytest.mark.django_db
ONE_AT_MOST = {"nightly_job", "data_quality"}  # there is one last run; one alert tells of all products


def run(code: str) -> None:
    services.evaluate(rules=[code], today=TODAY)


def findings(code: str) -> list:
    return list(RULES[code](today=TODAY).findings())


def test_every_rule_has_a_planted_cause(planters):
    assert set(planters) == set(RULES)


@pytest.mark.parametrize("code", sorted(RULES))
def test_a_rule_finds_its_cause_and_says_it_in_a_sentence(code, planters):
    assert findings(code) == []
    planters[code].plant()
    (finding,) = findings(code)
    terms = json.loads(json.dumps(finding.terms))
    text = sentence(finding.code or code, terms, "EUR")
    assert finding.severity in (0, *Severity.values)
    assert "%" not in text.replace(" %", "")
    assert text.endswith((".", "full"))
    assert RULES[code].action in Action.LABELS


@pytest.mark.parametrize("code", sorted(RULES))
def test_a_near_miss_is_left_alone(code, planters):
    planters[code].near_miss()
    assert findings(code) == []


@pytest.mark.parametrize("code", sorted(RULES))
def test_a_cause_opens_one_alert_in_ten_runs_that_closes_with_it(code, planters):
    planters[code].plant()
    for _ in range(10):
        run(code)
    assert [(alert.rule, alert.state, alert.reopened) for alert in Alert.objects.all()] == [(code, "open", 0)]
    planters[code].mend()
    run(code)
    assert [alert.state for alert in Alert.objects.all()] == ["closed"]


@pytest.mark.parametrize(
    ("few", "many"), [(1, 6), pytest.param(10, 1000, marks=pytest.mark.long)], ids=["small", "full"]
)
@pytest.mark.parametrize("code", sorted(RULES.keys() - ONE_AT_MOST))
def test_a_rule_costs_the_same_queries_for_many_findings(code, few, many, planters):
    for _ in range(few):
        planters[code].plant()
    with CaptureQueriesContext(connection) as before:
        assert len(findings(code)) == few
    for _ in range(many - few):
        planters[code].plant()
    with CaptureQueriesContext(connection) as after:
        assert len(findings(code)) == many
    assert len(after) == len(before)


def test_a_rule_that_is_off_closes_its_alerts(plant_position):
    plant_position("out")
    run("out_of_stock")
    RuleSetting.objects.create(rule="out_of_stock", is_enabled=False)
    run("out_of_stock")
    assert Alert.objects.live().count() == 0


def test_settings_change_severity_and_thresholds(plant_position):
    plant_position("overstock", overstock_value=Decimal("80"))
    RuleSetting.objects.create(rule="overstock", severity=Severity.CRITICAL, thresholds={"minimum_value": 81})
    run("overstock")
    assert Alert.objects.count() == 0
    RuleSetting.objects.update(thresholds={"minimum_value": 80})
    run("overstock")
    assert Alert.objects.get().severity == Severity.CRITICAL


def test_a_late_delivery_gets_critical_after_a_week(planters):
    planters["late_delivery"].plant()
    run("late_delivery")
    assert Alert.objects.get().severity == Severity.WARNING
    services.evaluate(rules=["late_delivery"], today=TODAY + timedelta(days=5))
    assert (Alert.objects.get().severity, Alert.objects.get().terms["days"]) == (Severity.CRITICAL, 8)


def test_an_unknown_sentence_is_shown_with_its_terms():
    assert sentence("gone", {"sku": "CUP"}) == "gone: sku CUP"


def test_a_delivery_that_is_a_day_late_is_said_in_the_singular(planters):
    planters["late_delivery"].plant()
    services.evaluate(rules=["late_delivery"], today=TODAY - timedelta(days=2))
    alert = Alert.objects.get()
    assert " is a day late with " in sentence(alert.code, alert.terms)
    assert str(alert) == f"Late delivery: {alert.terms['number']}"


def test_a_silent_supplier_is_told_with_who_else_sells_its_items(planters):
    planters["supply_interruption"].plant()
    (finding,) = findings("supply_interruption")
    other = Supplier.objects.exclude(pk=finding.supplier_id).get()
    assert (finding.terms["items"], finding.terms["elsewhere"], finding.terms["others"]) == (1, 1, other.name)
    assert sentence(finding.code or "supply_interruption", finding.terms).endswith(
        f"other suppliers sell 1: {other.name}."
    )
