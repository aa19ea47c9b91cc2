"""Refusals that a person can act on."""

from __future__ import annotations

from django.utils.translation import gettext as _


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


class WrongState(DomainError):
    """The document has moved on to a state in which this is no longer possible."""

    code = "wrong_state"

    @classmethod
    def of(cls, document, wanted: str) -> WrongState:
        return cls(
            _("%(number)s is %(state)s: it cannot be %(wanted)s.")
            % {"number": document.number, "state": document.get_state_display(), "wanted": wanted}
        )


class StaleVersion(DomainError):
    """Somebody else changed it after the caller had looked."""

    code = "stale_version"

    @classmethod
    def check(cls, document, version: int | None) -> None:
        """Refuse unless the caller saw the version that is there now; None asks nothing. Call it under the lock."""
        if version is None or version == document.version:
            return
        facts = {"number": getattr(document, "number", document), "now": document.version, "seen": version}
        raise cls(
            _("%(number)s was changed meanwhile (version %(now)d, you saw %(seen)d). Look at it again, then repeat.")
            % facts
        )
