"""LSTM and GRU across series: one recurrent network reads each series' recent past, relative to its level."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np

from forecasting.engine.panel import STEP_LEVELS
from forecasting.methods.across_series import AcrossSeries, Sample
from forecasting.methods.base import register
from forecasting.methods.windows import Windows

#: Buckets that the network reads before each origin.
READ = {"D": 84, "W": 56, "M": 24}
HIDDEN, BATCH, RATE = 40, 128, 4e-3
#: Batches learned from at least and at most; about EPOCHS times the sample between them.
LEAST_BATCHES, MOST_BATCHES, EPOCHS = 60, 2_500, 6
#: Where softplus is 1: the network starts from "as the level".
ONE = 0.5413
LARGEST_RATIO = 30.0


class Recurrent(AcrossSeries):
    """The network's last state and what is told of a window go through a small head, which answers the window's mean
    (quasi-Poisson loss) and quantiles (pinball loss; sums of positive steps, so they never cross).

    Any window is one question with its distance and length as inputs, lead-time demand as well as single buckets.
    """

    seconds = 0.4
    library = "torch"
    requirements = "requirements-recurrent.txt"
    #: The class in ``torch.nn``.
    cell: ClassVar[str]

    def __init__(self, seed: int = 0, most_batches: int = MOST_BATCHES):
        super().__init__(seed)
        self.most_batches = most_batches

    def learn(self, windows: Windows, sample: Sample) -> Any:
        import torch

        with _alone(self.seed):
            told = _finite(windows.ahead(sample.row[:1], sample.origin[:1], sample.gap[:1], sample.length[:1]))
            inputs = 2 + windows.calendar.shape[1] + windows.signals.shape[2]
            memory = getattr(torch.nn, self.cell)(inputs, HIDDEN, batch_first=True)
            head = torch.nn.Sequential(
                torch.nn.Linear(HIDDEN + told.shape[1], HIDDEN), torch.nn.ReLU(),
                torch.nn.Linear(HIDDEN, 1 + len(STEP_LEVELS)),
            )  # fmt: skip
            self._train(torch.nn.ModuleList([memory, head]), windows, sample)
        return memory, head

    def _train(self, model: Any, windows: Windows, sample: Sample) -> None:
        import torch

        rng = np.random.default_rng(self.seed + 1)
        batches = int(np.clip(EPOCHS * len(sample.target) // BATCH, LEAST_BATCHES, self.most_batches))
        optimiser = torch.optim.Adam(model.parameters(), lr=RATE)
        decay = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1 - 0.95 * step / batches)
        level = torch.tensor(STEP_LEVELS)
        for _ in range(batches):
            pick = rng.integers(0, len(sample.target), BATCH)
            row, origin = sample.row[pick], sample.origin[pick]
            ahead = _finite(windows.ahead(row, origin, sample.gap[pick], sample.length[pick]))
            target = torch.from_numpy(np.minimum(sample.target[pick], LARGEST_RATIO).astype(np.float32))
            mean, quantiles = _answers(model, _past(windows, row, origin), ahead)
            error = target[:, None] - quantiles
            pinball = torch.maximum(level * error, (level - 1) * error).sum(dim=1)
            loss = (mean - target * torch.log(mean + 1e-6) + pinball).mean()
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            decay.step()

    def say(self, windows: Windows, row, origin, gap, length) -> tuple[np.ndarray, np.ndarray]:
        import torch

        means, quantiles = [], []
        with _alone(self.seed), torch.no_grad():
            for at in range(0, len(row), BATCH * 16):
                part = slice(at, at + BATCH * 16)
                pairs, place = np.unique(np.stack([row[part], origin[part]]), axis=1, return_inverse=True)
                state = self.model_[0](_past(windows, *pairs))[0][:, -1][torch.from_numpy(np.ravel(place))]
                ahead = _finite(windows.ahead(row[part], origin[part], gap[part], length[part]))
                found = _positive(self.model_[1](torch.cat([state, ahead], dim=1)))
                means.append(found[0].numpy())
                quantiles.append(found[1].numpy())
        return np.concatenate(means).astype(float), np.concatenate(quantiles).astype(float)


@register
class LSTM(Recurrent):
    """Long short-term memory (Hochreiter and Schmidhuber 1997)."""

    name = "lstm"
    cell = "LSTM"


@register
class GRU(Recurrent):
    """Gated recurrent units (Cho and others 2014)."""

    name = "gru"
    cell = "GRU"


def _past(windows: Windows, row: np.ndarray, origin: np.ndarray) -> Any:
    """The buckets before each origin, float32 [windows, READ, terms]; what was not observed is marked, not zero."""
    import torch

    at = origin[:, None] + np.arange(-min(READ[windows.freq], windows.buckets), 0)
    inside, at = at >= 0, np.maximum(at, 0)
    demand = windows.demand[row[:, None], at]
    seen = inside & ~np.isnan(demand)
    level = np.maximum(windows.level(row, origin), 1e-300)[:, None]
    ratio = np.where(seen, np.log1p(np.minimum(np.nan_to_num(demand) / level, LARGEST_RATIO)), 0.0)
    parts = [ratio[:, :, None], seen[:, :, None], windows.calendar[at], windows.signals[row[:, None], at]]
    return torch.from_numpy(np.concatenate(parts, axis=2).astype(np.float32))


def _finite(ahead: np.ndarray) -> Any:
    """What is told of windows as float32, with a mark where last year's demand is missing."""
    import torch

    missing = np.isnan(ahead).any(axis=1)[:, None]
    squeezed = np.clip(np.nan_to_num(ahead), -LARGEST_RATIO, LARGEST_RATIO)
    return torch.from_numpy(np.concatenate([squeezed, missing], axis=1).astype(np.float32))


def _answers(model: Any, past: Any, ahead: Any) -> tuple[Any, Any]:
    import torch

    memory, head = model
    return _positive(head(torch.cat([memory(past)[0][:, -1], ahead], dim=1)))


def _positive(raw: Any) -> tuple[Any, Any]:
    """Mean and quantiles out of the head's numbers."""
    import torch

    softplus = torch.nn.functional.softplus
    return softplus(raw[:, 0] + ONE), torch.cumsum(softplus(raw[:, 1:]), dim=1)


@contextmanager
def _alone(seed: int) -> Iterator[None]:
    """One thread and a seed of its own, so that the same numbers come out everywhere; leaves torch as it was."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)
