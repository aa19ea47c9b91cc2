#!/usr/bin/env python3
"""Series a second of the engine on made-up daily demand, at one, two and four times the size.

  python bench/engine.py                    # 1,000 series of 365 days, then 2,000, then 4,000
  python bench/engine.py --series 25000 --days 730

Training is global and samples its rows, so it hardly grows; the forecast must grow with the series.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from datetime import date
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from forecasting.engine import Panel, ProtectionInterval, forecast, train


def made_up(series: int, days: int, seed: int = 0) -> np.ndarray:
    """Negative binomial demand with weekdays, a yearly wave and rates from one a month to dozens a day."""
    rng = np.random.default_rng(seed)
    rate = rng.lognormal(0.0, 1.5, (series, 1))
    week = np.tile([0.8, 0.8, 0.9, 1.0, 1.3, 1.5, 0.7], days // 7 + 1)[:days]
    year = 1 + 0.3 * np.sin(np.arange(days) * 2 * np.pi / 365 + rng.random((series, 1)) * 6)
    return rng.poisson(rate * week * year * rng.gamma(2.0, 0.5, (series, days))).astype(float)


def measure(series: int, days: int) -> tuple[float, float]:
    panel = Panel(made_up(series, days), "D", date(2024, 12, 29))
    interval = ProtectionInterval.fixed(np.resize([7, 14, 28], series))
    start = time.perf_counter()
    trained = train(panel, interval=interval)
    middle = time.perf_counter()
    forecast(panel, trained, interval, horizon=28)
    return middle - start, time.perf_counter() - middle


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=1_000)
    parser.add_argument("--days", type=int, default=365)
    args = parser.parse_args()
    for times in (1, 2, 4):
        series = args.series * times
        cpu = time.process_time()
        training, answering = measure(series, args.days)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{series} series x {args.days} days: train {training:.1f} s, forecast {answering:.1f} s, "
            f"cpu {time.process_time() - cpu:.1f} s, {series / (training + answering):.0f} series/s, "
            f"peak {peak:.0f} MiB"
        )


if __name__ == "__main__":
    main()
