"""The plan of new items, which replaces what was said of them without looking at others."""

from __future__ import annotations

from collections.abc import Callable

from forecasting import services as forecasting
from forecasting.ending import faded, until_the_end
from forecasting.models import TrainedModel
from forecasting.services import launching
from inventory_site.common.models import JobRun
from replenishment.services.planning import endings, interval_of, items_of, kept
from stock.services import ensure_levels

#: New items of one partition.
LAUNCHED_AT_ONCE = 2_000


def split_launches(run: JobRun) -> list[dict]:
    """Young series and items without one, in parts; none before anything was trained."""
    if not TrainedModel.objects.filter(run=run).exists():
        return []
    wanted = [(pk, 0, 0) for pk in launching.young_series(run)]
    wanted += [(0, product, warehouse) for product, warehouse in launching.unsold_pairs(run)]
    parts = [wanted[at : at + LAUNCHED_AT_ONCE] for at in range(0, len(wanted), LAUNCHED_AT_ONCE)]
    return [
        {"series": [pk for pk, _p, _w in part if pk], "pairs": [[p, w] for pk, p, w in part if not pk]}
        for part in parts
    ]


def plan_launches(run: JobRun, payload: dict) -> Callable[[], None]:
    """Forecast and plan these new items by their look-alikes; returns what writes it."""
    taught = forecasting.learned_launches(run)
    if taught is None:
        return lambda: None
    pairs = [(product, warehouse) for product, warehouse in payload["pairs"]]
    new = launching.newcomers_of(run, payload["series"], pairs)
    items = items_of(run, new.keys)
    interval = interval_of(items)
    trained, ahead = forecasting.trained_of(run), int(interval.lengths.max(initial=1))
    panel, _keys = forecasting.panel_for(payload["series"], trained=trained, ahead=ahead)
    panel = launching.with_unsold(panel, len(pairs))
    left, is_fading = endings(run, items)
    sold = until_the_end(interval, left)
    result, rows = forecasting.forecast_new(run, taught, new, panel, sold)
    write = kept(run, items, new.keys, panel, faded(result, sold, left, is_fading), interval)

    def write_all() -> None:
        ensure_levels(pairs)  # an item has a position, and so a suggestion, only where it has a level
        write()
        forecasting.save_launches(run=run, rows=rows)

    return write_all
