"""The page of all rules: what is set where, by whom, and what an empty field takes."""

from __future__ import annotations

import pytest

from alerts.models import RuleSetting, Severity
from alerts.rule_settings import RuleSettings
from alerts.rules import RULES
from inventory_site.common.models import Audit

PAGE = "/warnings/rules/"


@pytest.fixture
def sent(warehouse):
    """What a browser sends of an untouched page, with some fields changed."""

    def sent(client, page: str = PAGE, **changed) -> dict:
        told = {}
        for form in client.get(page).context["forms"]:
            for field in form:
                value = field.value()
                if value not in (None, "", False, []):
                    told[field.html_name] = "on" if value is True else value
        return told | {name.replace("__", "-", 1): value for name, value in changed.items()}

    return sent


def test_every_rule_is_there_with_its_numbers_labelled(make_user, client_of, warehouse):
    text = client_of(make_user("manager")).get(PAGE).content.decode()
    for rule in RULES.values():
        assert str(rule.label) in text
        assert all(str(threshold.label) in text for threshold in rule.thresholds.values())


def test_what_is_saved_holds_and_the_rest_is_left_alone(make_user, client_of, sent):
    person = make_user("owner")
    client = client_of(person)
    data = sent(client, overstock__threshold_minimum_value="75.5", overstock__severity="3", overstock__roles=["buyer"],
                overstock__assigned_to=person.pk, overstock__escalate_after_days="4")  # fmt: skip
    answer = client.post(PAGE, data, follow=True)
    assert "1 rule saved:" in answer.content.decode()
    row = RuleSetting.objects.get()
    assert (row.rule, row.warehouse, row.severity, row.thresholds) == ("overstock", None, 3, {"minimum_value": 75.5})
    assert (row.roles, row.assigned_to, row.escalate_after_days, row.is_enabled) == (["buyer"], person, 4, True)
    assert Audit.objects.filter(action="rulesetting.set", actor=person).count() == 1
    client.post(PAGE, sent(client))
    assert Audit.objects.filter(action="rulesetting.set").count() == 1


def test_a_warehouse_has_its_own_and_goes_back_to_the_shops(make_user, client_of, warehouse, sent):
    RuleSetting.objects.create(rule="overstock", thresholds={"minimum_value": 50}, severity=Severity.WARNING)
    client, page = client_of(make_user("manager", warehouse)), f"{PAGE}?warehouse={warehouse.code}"
    assert 'placeholder="50"' in client.get(page).content.decode()
    data = sent(client, page, overstock__threshold_minimum_value="10")
    client.post(page, data)
    held = RuleSettings.load("overstock").of(warehouse.pk)
    assert (held.thresholds, held.severity) == ({"minimum_value": 10}, Severity.WARNING)
    client.post(page, sent(client, page, overstock__holds="usual"))
    assert RuleSettings.load("overstock").of(warehouse.pk).thresholds == {"minimum_value": 50}
    data = sent(client, page)
    del data["overstock-is_enabled"]
    client.post(page, data)
    assert not RuleSettings.load("overstock").of(warehouse.pk).is_enabled
    assert RuleSettings.load("overstock").of(None).is_enabled


def test_a_wrong_number_is_told_at_its_field_and_nothing_is_saved(make_user, client_of, sent):
    client = client_of(make_user("owner"))
    data = sent(client, overstock__threshold_minimum_value="-1", late_delivery__threshold_grace_days="2")
    answer = client.post(PAGE, data)
    assert answer.status_code == 200 and "greater than or equal to 0" in answer.content.decode()
    assert RuleSetting.objects.count() == 0


def test_who_has_one_warehouse_changes_its_rules_only(make_user, make_warehouse, client_of, warehouse, sent):
    make_warehouse("elsewhere")
    manager, buyer = client_of(make_user("manager", warehouse)), client_of(make_user("buyer"))
    assert manager.post(PAGE, sent(manager)).status_code == 403
    assert manager.get(f"{PAGE}?warehouse=elsewhere").status_code == 404
    assert buyer.post(PAGE, sent(buyer)).status_code == 403
    assert "Save the rules" not in buyer.get(PAGE).content.decode()
    assert client_of(make_user("clerk")).get(PAGE).status_code == 403
