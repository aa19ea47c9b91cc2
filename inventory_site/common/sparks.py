"""Small charts as SVG, drawn here: fifty on a page need no script, and paper shows them too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH, HEIGHT, EDGE = 120, 32, 2


#: What a lower app's list shows of what only a higher one knows: by the list's model, from user and primary keys.
Provider = Callable[[Any, Sequence[int]], "dict[int, Spark]"]
_providers: dict[str, Provider] = {}


def provide(model: str, provider: Provider) -> None:
    """Let the list of that model show these charts."""
    _providers[model] = provider


def provided(model: str, user: Any, keys: Sequence[int]) -> dict[int, Spark]:
    return _providers[model](user, keys) if model in _providers else {}


@dataclass(frozen=True)
class Spark:
    """What was, what is expected, and a line that matters; ``words`` say the same to who cannot see it.

    ``past`` and ``ahead`` have one value a step (None: not known), and join where the one ends.
    """

    words: str
    past: Sequence[float | None]
    ahead: Sequence[float] = ()
    level: float | None = None

    @property
    def svg(self) -> SafeString:
        """Draws in its text's colour; the classes are those of shelfwise.css."""
        known = [value for value in (*self.past, *self.ahead, self.level) if value is not None]
        steps = len(self.past) + len(self.ahead)
        if steps < 2 or not known:
            return SafeString("")
        top = max(*known, 1e-9)
        across = (WIDTH - 2 * EDGE) / (steps - 1)
        lines = [("sw-spark-past", _points(self.past, 0, across, top))]
        if self.ahead:
            joined = [*([self.past[-1]] if self.past else []), *self.ahead]
            lines.append(("sw-spark-ahead", _points(joined, steps - len(joined), across, top)))
        if self.level is not None:
            lines.append(("sw-spark-level", _points([self.level] * steps, 0, across, top)))
        drawn = format_html_join("", '<polyline class="{}" points="{}"/>', [line for line in lines if line[1]])
        return format_html(
            '<svg class="sw-spark-small" viewBox="0 0 {} {}" role="img" aria-label="{}"><title>{}</title>{}</svg>',
            WIDTH, HEIGHT, self.words, self.words, drawn,
        )  # fmt: skip


def _points(values: Sequence[float | None], first: int, across: float, top: float) -> str:
    """Where the line goes; what is not known at its beginning is left out."""
    height = HEIGHT - 2 * EDGE
    return " ".join(
        f"{EDGE + (first + step) * across:.1f},{EDGE + height * (1 - max(value, 0) / top):.1f}"
        for step, value in enumerate(values)
        if value is not None
    )


def folded(values: Sequence[float], size: int) -> list[float]:
    """Sums of ``size`` values each, from the end backwards; an incomplete first part is left out.

    >>> folded([9, 1, 2, 3, 4], 2)
    [3, 7]
    """
    first = len(values) % size
    return [sum(values[place : place + size]) for place in range(first, len(values), size)]
