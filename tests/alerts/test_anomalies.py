"""What somebody explained warns nobody any more, within a sweep of the outbox."""

from __future__ import annotations

import pytest

from alerts import services
from alerts.models import Alert
from forecasting.models import Anomaly
from forecasting.services import explain_anomaly, withdraw_explanations
from inventory_site.common import outbox

pytestmark = pytest.mark.django_db


def test_an_explanation_closes_the_alert_at_once_and_taking_it_back_opens_it(planters, make_user):
    planters["demand_anomaly"].plant()
    services.evaluate(rules=["demand_anomaly"])
    alert = Alert.objects.get()
    assert (alert.state, alert.code) == ("open", "demand_anomaly_spike")
    assert alert.terms["seen"] == 40 and alert.terms["expected"] == 5.2
    explain_anomaly(anomaly=Anomaly.objects.get(), explanation="one_off", actor=(buyer := make_user("buyer")))
    outbox.deliver()
    assert Alert.objects.get().state == "closed"
    withdraw_explanations(anomalies=[Anomaly.objects.get()], actor=buyer)
    outbox.deliver()
    assert Alert.objects.filter(state="open").count() == 1
