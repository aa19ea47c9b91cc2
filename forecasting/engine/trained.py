"""What a night's training leaves behind, and its way through a file."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, fields
from datetime import date

import numpy as np

from forecasting.engine.boosting import QuantileModel
from forecasting.engine.calibration import Calibration
from forecasting.engine.features import Common
from forecasting.engine.pooled import Pooled

FORMAT = 4


@dataclass(frozen=True)
class Scored:
    """A past origin, the model that was trained before it (None: too little data) and what was common then."""

    origin: int
    model: QuantileModel | None
    common: Common


@dataclass(frozen=True)
class Trained:
    """All that ``forecast`` needs of the other series. Lists run over the segments of the calibration.

    ``coverage`` tells how often held-out windows stayed below the quantiles, see ``calibration.coverage``.
    """

    freq: str
    last_on: date
    buckets: int
    whole_pieces: bool
    ahead: tuple[str, ...]
    lengths: tuple[int, ...]
    products: tuple[str, ...]
    model: QuantileModel | None
    common: Common
    scored: tuple[Scored, ...]
    calibration: Calibration
    coverage: dict[str, np.ndarray]
    blend: tuple[float, ...]
    mean_share: tuple[float, ...]
    window_methods: tuple[tuple[str, ...], ...]
    inflation: tuple[float, ...]
    step_method: tuple[str, ...]

    def dumps(self) -> bytes:
        """A numpy archive without pickles: a JSON head, arrays, and lightgbm's own model strings."""
        arrays: dict[str, np.ndarray] = {}
        models = list({id(m): m for m in (self.model, *(s.model for s in self.scored)) if m is not None}.values())
        head = {name: getattr(self, name) for name in _PLAIN} | {
            "format": FORMAT,
            "last_on": self.last_on.isoformat(),
            "models": [m.library for m in models],
            "model": _place(models, self.model),
            "scored": [[s.origin, _place(models, s.model)] for s in self.scored],
        }
        arrays["head"] = np.frombuffer(json.dumps(head).encode(), np.uint8)
        for at, model in enumerate(models):
            for level, text in enumerate(model.texts):
                arrays[f"model_{at}_{level}"] = np.frombuffer(text, np.uint8)
        for at, common in enumerate([self.common, *(s.common for s in self.scored)]):
            _put_common(arrays, f"common_{at}", common)
        for field in fields(Calibration):
            arrays[f"calibration_{field.name}"] = getattr(self.calibration, field.name)
        for name, values in self.coverage.items():
            arrays[f"coverage_{name}"] = values
        with io.BytesIO() as out:
            np.savez_compressed(out, **arrays)
            return out.getvalue()

    @classmethod
    def loads(cls, data: bytes) -> Trained:
        """The opposite of ``dumps``; refuses another format."""
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            arrays = dict(stored)
        head = json.loads(arrays["head"].tobytes())
        if head["format"] != FORMAT:
            raise ValueError(f"trained models of format {head['format']}, this version reads {FORMAT}")
        models = [_get_model(arrays, at, library) for at, library in enumerate(head["models"])]
        scored = tuple(
            Scored(origin, None if at is None else models[at], _get_common(arrays, f"common_{number}"))
            for number, (origin, at) in enumerate(head["scored"], start=1)
        )
        plain = {name: _tuples(head[name]) for name in _PLAIN}
        return cls(
            last_on=date.fromisoformat(head["last_on"]),
            model=None if head["model"] is None else models[head["model"]],
            common=_get_common(arrays, "common_0"),
            scored=scored,
            calibration=Calibration(**{f.name: arrays[f"calibration_{f.name}"] for f in fields(Calibration)}),
            coverage={n.removeprefix("coverage_"): v for n, v in arrays.items() if n.startswith("coverage_")},
            **plain,
        )


_PLAIN = (
    "freq", "buckets", "whole_pieces", "ahead", "lengths", "products", "blend", "mean_share", "window_methods",
    "inflation", "step_method",
)  # fmt: skip


def _tuples(value):
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _place(models: list[QuantileModel], model: QuantileModel | None) -> int | None:
    return next((at for at, other in enumerate(models) if other is model), None)


def _get_model(arrays: dict[str, np.ndarray], at: int, library: str) -> QuantileModel:
    levels = sum(name.startswith(f"model_{at}_") for name in arrays)
    return QuantileModel(library, tuple(arrays[f"model_{at}_{k}"].tobytes() for k in range(levels)))


def _put_common(arrays: dict[str, np.ndarray], name: str, common: Common) -> None:
    for part in ("everything", "group"):
        pooled = getattr(common, part)
        if pooled is not None:
            for field in fields(Pooled):
                arrays[f"{name}_{part}_{field.name}"] = getattr(pooled, field.name)


def _get_common(arrays: dict[str, np.ndarray], name: str) -> Common:
    def pooled(part: str) -> Pooled | None:
        if f"{name}_{part}_week" not in arrays:
            return None
        return Pooled(**{f.name: arrays[f"{name}_{part}_{f.name}"] for f in fields(Pooled)})

    return Common(pooled("everything"), pooled("group"))
