"""Refusals that a person can act on."""

from __future__ import annotations


class DomainError(Exception):
    """A business refusal: nothing was changed. ``code`` is for programs, the sentence for people."""

    code = "refused"

    def __init__(self, sentence: str, **facts):
        super().__init__(sentence)
        self.facts = facts


class Busy(DomainError):
    """Others held the rows too long; asking again will do."""

    code = "busy"
    retry_after_seconds = 1


class KeyReused(DomainError):
    """The idempotency key was used before, for something else."""

    code = "idempotency_key_reused"
