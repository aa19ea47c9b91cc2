"""What Unfold's script draws with Chart.js: data and options as plain values, in Unfold's colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

PRIMARY, QUIET, RED = "var(--color-primary-500)", "var(--color-base-400)", "#dc2626"
BAND = "rgba(20, 148, 136, 0.18)"

SPARKLINE_OPTIONS: dict[str, Any] = {
    "responsive": True,
    "maintainAspectRatio": False,
    "animation": False,
    "elements": {"point": {"radius": 0, "hitRadius": 12}},
    "plugins": {"legend": {"display": False}, "tooltip": {"displayColors": False}},
    "scales": {"x": {"display": False}, "y": {"display": False, "grace": "10%"}},
}

SERIES_OPTIONS: dict[str, Any] = {
    "responsive": True,
    "maintainAspectRatio": False,
    "animation": False,
    "interaction": {"mode": "index", "intersect": False},
    "elements": {"point": {"radius": 0, "hitRadius": 8}},
    "plugins": {"legend": {"display": False}},
    "scales": {
        "x": {"ticks": {"maxTicksLimit": 8, "maxRotation": 0, "color": "#9ca3af"}, "grid": {"display": False}},
        "y": {"beginAtZero": True, "ticks": {"maxTicksLimit": 6, "color": "#9ca3af"}, "border": {"display": False}},
    },
}


def sparkline(labels: Sequence[str], values: Sequence[float]) -> dict[str, Any]:
    return {"labels": list(labels), "datasets": [line("", values)]}


def line(label: str, values: Sequence[float | None], colour: str = PRIMARY, **style: Any) -> dict[str, Any]:
    """One line; None leaves a gap."""
    drawn = {"type": "line", "label": label, "data": list(values), "borderColor": colour, "backgroundColor": colour}
    return drawn | {"borderWidth": 2, "pointStyle": False, "tension": 0, "fill": False} | style


def bars(label: str, values: Sequence[float | None], colour: str = QUIET) -> dict[str, Any]:
    drawn = {"type": "bar", "label": label, "data": list(values), "backgroundColor": colour}
    return drawn | {"barPercentage": 0.9, "categoryPercentage": 1.0, "order": 10}


def scatter_options(x: str, y: str) -> dict[str, Any]:
    """Options of lines and points over two scales, each with its title."""
    grey, base = {"color": "#9ca3af"}, SERIES_OPTIONS
    across = {"type": "linear", "title": {"display": True, "text": x, **grey}, "grid": {"display": False},
              "ticks": {"maxTicksLimit": 6, "maxRotation": 0, **grey}}  # fmt: skip
    upward = base["scales"]["y"] | {"title": {"display": True, "text": y, **grey}}
    legend = {"display": True, "position": "bottom", "labels": {"boxWidth": 12, **grey}}
    told = {name: base[name] for name in ("responsive", "maintainAspectRatio", "animation")}
    return told | {"plugins": {"legend": legend}, "scales": {"x": across, "y": upward}}
