"""“Had you followed our advice”: asking for a back-test, and the steps of its run.

train (models each quarter) → plan (what each rule said, evening by evening, four weeks to a part) → replay (all days,
in money). A step keeps what the next one needs in ``BacktestPart``, so a killed worker costs one part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from django.db import transaction
from django.db.models import Max, Min, Sum
from django.utils.translation import gettext as _

from forecasting.engine import Trained
from inventory_site.common.jobs import Step, start_run
from inventory_site.common.models import JobRun
from orders.models import DailyDemand, DemandSeries
from replenishment.errors import NothingToReplay
from replenishment.models import Backtest, BacktestPart, BacktestResult
from replenishment.services.backtest_levels import Evening, evening_of, terms_on, train_on
from replenishment.services.backtest_replay import judge

KIND = "backtest"

#: Items that are replayed; of more a fixed sample is taken, spread over warehouses and over how well they sell.
MOST_SERIES = 400
#: Days judged at most, days before them in which shelves fill, and days of history that the first advice needs.
MOST_DAYS, WARM_DAYS, HISTORY_DAYS = 365, 56, 84
#: Days judged at least: fewer tell nothing.
LEAST_DAYS = 28
#: Days between two evenings of advice, evenings of one part, and evenings between two trainings.
EVERY_DAYS, EVENINGS_A_PART, EVENINGS_A_TRAINING = 7, 4, 13

RESULTS_AT_ONCE = 500


def request_backtest(
    *, requested_by: str, days: int = MOST_DAYS, most_series: int = MOST_SERIES, last_on: date | None = None
) -> Backtest:
    """Start a back-test of the last ``days`` up to ``last_on`` (the last closed day); one at a time.

    Raises ``NothingToReplay`` where the history is too short. Then wake the workers, or work on its run yourself.
    """
    first, closed = _history()
    last_on = min(last_on or closed, closed) if closed else None
    warmed_from = _warmed_from(first, last_on, min(days, MOST_DAYS))
    with transaction.atomic():
        run = start_run(kind=KIND, business_date=last_on, requested_by=requested_by, force=True)
        running = Backtest.objects.filter(run=run).first()
        if running:
            return running
        ids, total = sampled(warmed_from, last_on, most_series)
        return Backtest.objects.create(
            run=run, warmed_from=warmed_from, first_on=warmed_from + timedelta(days=WARM_DAYS), last_on=last_on,
            series=ids, series_total=total,
        )  # fmt: skip


def _history() -> tuple[date | None, date | None]:
    """First day with demand, last closed day."""
    first = DailyDemand.objects.filter(demand__gt=0).aggregate(first=Min("on_date"))["first"]
    return first, DemandSeries.objects.aggregate(last=Max("closed_on"))["last"]


def _warmed_from(first: date | None, last_on: date | None, days: int) -> date:
    """The first day of the replay."""
    if first is None or last_on is None:
        raise NothingToReplay(_("There is no demand yet: a back-test needs past sales. Import them first."))
    there, needed = (last_on - first).days + 1, HISTORY_DAYS + WARM_DAYS + LEAST_DAYS
    if there < needed:
        raise NothingToReplay(
            _("There are %(there)d days of demand. A back-test needs %(needed)d, the first advice %(history)d of them.")
            % {"there": there, "needed": needed, "history": HISTORY_DAYS}
        )
    judged = min(max(days, LEAST_DAYS), there - HISTORY_DAYS - WARM_DAYS)
    return last_on - timedelta(days=judged + WARM_DAYS - 1)


def sampled(warmed_from: date, last_on: date, most: int) -> tuple[list[int], int]:
    """Primary keys of the series to replay, ascending, and how many there are.

    Of more than ``most`` each so-manieth by warehouse and by what had been sold before the replay: no later fact
    chooses. Series that begin in the last four weeks have nothing to judge.
    """
    known = DemandSeries.objects.filter(first_on__lte=last_on - timedelta(days=LEAST_DAYS))
    sold = DailyDemand.objects.filter(on_date__lt=warmed_from).order_by().values_list("series").annotate(Sum("demand"))
    before = dict(sold)
    rows = [(warehouse, -before.get(pk, 0), pk) for pk, warehouse in known.values_list("pk", "warehouse_id")]
    if len(rows) > most:
        step = len(rows) / most
        ordered = sorted(rows)
        chosen = [ordered[int(at * step)] for at in range(most)]
    else:
        chosen = rows
    return sorted(pk for _warehouse, _sold, pk in chosen), len(rows)


def evenings_of(backtest: Backtest) -> list[date]:
    number = (backtest.last_on - backtest.warmed_from).days + 1
    return [backtest.warmed_from + timedelta(days=at) for at in range(0, number, EVERY_DAYS)]


def _trainings(backtest: Backtest) -> list[list[date]]:
    """Evenings by the training they use, which is on the first of them; a short rest stays with the one before."""
    days = evenings_of(backtest)
    blocks = [days[at : at + EVENINGS_A_TRAINING] for at in range(0, len(days), EVENINGS_A_TRAINING)]
    if len(blocks) > 1 and len(blocks[-1]) < EVENINGS_A_TRAINING / 2:
        blocks[-2:] = [blocks[-2] + blocks[-1]]
    return blocks


def parts_of(backtest: Backtest) -> int:
    """How many partitions its run has in all."""
    blocks = _trainings(backtest)
    return len(blocks) + sum(-(-len(block) // EVENINGS_A_PART) for block in blocks) + 1


def split_training(run: JobRun) -> list[dict]:
    return [{"day": block[0].isoformat()} for block in _trainings(run.backtest)]


def train(run: JobRun, payload: dict) -> Callable[[], None]:
    backtest, day = run.backtest, date.fromisoformat(payload["day"])
    data = train_on(day, backtest.series).dumps()
    return lambda: _keep(backtest, BacktestPart.Kind.TRAINED, {day: data})


def split_plan(run: JobRun) -> list[dict]:
    """Some evenings to a part, none across a training."""
    return [
        {"trained": block[0].isoformat(), "days": [day.isoformat() for day in block[at : at + EVENINGS_A_PART]]}
        for block in _trainings(run.backtest)
        for at in range(0, len(block), EVENINGS_A_PART)
    ]


def plan(run: JobRun, payload: dict) -> Callable[[], None]:
    backtest = run.backtest
    part = backtest.parts.get(kind=BacktestPart.Kind.TRAINED, on_date=payload["trained"])
    trained = Trained.loads(bytes(part.data))
    days = [date.fromisoformat(text) for text in payload["days"]]
    terms = terms_on(days[0], backtest.series)
    told = {day: evening_of(day, backtest.series, trained, terms).dumps() for day in days}
    return lambda: _keep(backtest, BacktestPart.Kind.LEVELS, told)


def _keep(backtest: Backtest, kind: str, told: dict[date, bytes]) -> None:
    backtest.parts.filter(kind=kind, on_date__in=told).delete()
    BacktestPart.objects.bulk_create(
        BacktestPart(backtest=backtest, kind=kind, on_date=day, data=data) for day, data in told.items()
    )


def split_replay(run: JobRun) -> list[dict]:
    return [{}] if run.backtest.parts.filter(kind=BacktestPart.Kind.LEVELS).exists() else []


def replay(run: JobRun, payload: dict) -> Callable[[], None]:
    """Where the levels of an evening are missing, those of the evening before hold on."""
    backtest = run.backtest
    levels = backtest.parts.filter(kind=BacktestPart.Kind.LEVELS)
    evenings = {part.on_date: Evening.loads(bytes(part.data)) for part in levels}
    rows, facts = judge(backtest, evenings)

    def write() -> None:
        backtest.results.all().delete()
        BacktestResult.objects.bulk_create(rows, batch_size=RESULTS_AT_ONCE)
        Backtest.objects.filter(pk=backtest.pk).update(facts=facts)

    return write


def finish(run: JobRun) -> None:
    """Drop what the steps kept for each other."""
    run.backtest.parts.all().delete()


STEPS: Sequence[Step] = (
    Step("train", split_training, train), Step("plan", split_plan, plan), Step("replay", split_replay, replay),
)  # fmt: skip
