"""What the state machines share: an example is one transaction, rolled back, and every outcome is counted."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test
from rest_framework.test import APIClient

log = logging.getLogger(__name__)


class Machine(RuleBasedStateMachine):
    """``outcomes`` counts (operation, whether it was done) over all examples: what is always refused tests little."""

    def __init__(self, api: APIClient, outcomes: Counter):
        super().__init__()
        self.api, self.outcomes = api, outcomes
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL jit = off")  # it would compile the checks anew after every step

    def teardown(self):
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    def attempt(self, act: str, call: Callable[[], object], refusal: type[Exception] | None = None) -> bool:
        """Whether it was done. Where the model expects a refusal, that one must come."""
        if refusal is None:
            call()
        else:
            with pytest.raises(refusal):
                call()
        self.outcomes[act, refusal is None] += 1
        return refusal is None

    def told(self, path: str) -> dict:
        answer = self.api.get(f"/api/v1/{path}/")
        assert answer.status_code == 200, answer.content
        return answer.json()


def wrong(statement: str) -> list[tuple]:
    """What a statement finds that selects rows which must not be."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def run(machine: type[Machine], api: APIClient, *, examples: int, steps: int) -> Counter:
    """So many sequences of so many operations, the same ones every time; returns the outcomes."""
    outcomes: Counter = Counter()
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    run_state_machine_as_test(
        lambda: machine(api, outcomes),
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, derandomize=True, database=None,
            suppress_health_check=quiet,
        ),
    )  # fmt: skip
    log.info("%s: %s", machine.__name__, outcomes)
    return outcomes
