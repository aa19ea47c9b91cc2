"""Refusals that a person can act on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.utils.translation import gettext as _

MOST_NAMED = 5


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
    def of(cls, document, wanted: str, asked: Iterable[tuple[str, int]] = ()) -> WrongState:
        """``asked`` are the pieces asked by SKU; of a long list the first few are named."""
        told = {"number": document.number, "state": document.get_state_display(), "wanted": wanted}
        sentence = _("%(number)s is %(state)s: of %(sku)s %(asked)d were asked, 0 can be %(wanted)s.")
        named = [sentence % (told | {"sku": sku, "asked": n}) for sku, n in list(asked)[:MOST_NAMED]]
        return cls(" ".join(named) or _("%(number)s is %(state)s: it cannot be %(wanted)s.") % told)

    @classmethod
    def of_lines(cls, document, wanted: str, quantities: Mapping[int, int] | None = None, lines=None) -> WrongState:
        """The same by the document's lines: those that the caller named with their pieces, or all.

        ``lines`` (a queryset) are those that the caller may see.
        """
        lines = document.lines.all() if lines is None else lines
        if quantities is not None:
            lines = lines.filter(pk__in=list(quantities)[:MOST_NAMED])
        told = quantities or {}
        found = lines.order_by("pk")[:MOST_NAMED]
        return cls.of(document, wanted, [(line.product.sku, told.get(line.pk, line.quantity)) for line in found])


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
