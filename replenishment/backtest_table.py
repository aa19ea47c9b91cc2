"""A back-test's results as a table for people: rates made of sums, rules in one order, sentences about the whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from inventory_site.common.models import ShopSettings
from inventory_site.common.numbers import percent, whole
from replenishment.models import Backtest, BacktestResult
from replenishment.querysets_backtests import SUMS

Rule, Case, Basis = BacktestResult.Rule, BacktestResult.Case, BacktestResult.Basis

#: Figures in money: only for who may see costs.
MONEY = ("lost_margin", "holding_cost", "order_cost", "total", "stock_value", "lost_low", "lost_high")


@dataclass(frozen=True)
class Line:
    """One rule in one comparison; rates are None where nothing was asked for or delivered."""

    rule: str
    name: str
    figures: dict[str, float | None]


def figures(sums: Mapping[str, float]) -> dict[str, float | None]:
    """What people compare, from sums over items.

    >>> sums = dict.fromkeys(SUMS, 0.0) | {"demand": 200.0, "short": 10.0, "cycles": 20.0, "in_time": 19.0}
    >>> found = figures(sums | {"lost_margin": 30.0, "holding_cost": 5.0, "order_cost": 4.0})
    >>> found["fill_rate"], found["cycle_service_level"], found["total"]
    (0.95, 0.95, 39.0)
    """
    told: dict[str, float | None] = {name: sums[name] for name in SUMS}
    told["fill_rate"] = 1 - sums["short"] / sums["demand"] if sums["demand"] else None
    told["cycle_service_level"] = sums["in_time"] / sums["cycles"] if sums["cycles"] else None
    told["total"] = sums["lost_margin"] + sums["holding_cost"] + sums["order_cost"]
    return told


def lines_of(results, basis: str) -> list[Line]:
    """The rules of one comparison over these results, in the middle case, with the range of lost margin."""
    rows = results.filter(basis=basis).summed("rule", "case")
    found = {(row["rule"], row["case"]): {name: row[f"total_{name}"] for name in SUMS} for row in rows}
    names, lines = dict(Rule.choices), []
    for rule in Rule.values:
        if (rule, Case.MIDDLE.value) not in found:
            continue
        told = figures(found[rule, Case.MIDDLE.value])
        margins = [found[rule, case]["lost_margin"] for case in Case.values if (rule, case) in found]
        told["lost_low"], told["lost_high"] = min(margins), max(margins)
        lines.append(Line(rule, str(names[rule]), told))
    return lines


def comparisons(results) -> list[dict[str, Any]]:
    """The tables in the order in which they should be read: at equal stock value first, since only that is fair."""
    titles = {
        Basis.ADVICE: _("At equal stock value: every rule holds as much as our advice"),
        Basis.DONE: _("At the stock value that there was: every rule holds as much as you did"),
        Basis.OWN: _("As each rule is"),
    }
    told = [{"basis": b.value, "title": title, "lines": lines_of(results, b.value)} for b, title in titles.items()]
    return [table for table in told if table["lines"]]


def verdicts(tables: Sequence[Mapping[str, Any]], currency: str) -> list[str]:
    """What our advice would have earned or cost against each other rule at equal stock value, in one sentence each."""
    sentences = []
    for table in tables:
        own = {line.rule: line for line in table["lines"]}
        if table["basis"] == Basis.OWN or Rule.ADVICE not in own:
            continue
        rivals = [Rule.DONE] if table["basis"] == Basis.DONE else [Rule.FIXED, Rule.Z_FORMULA]
        sentences += [_verdict(own[Rule.ADVICE], own[rival], currency) for rival in rivals if rival in own]
    return sentences


def _verdict(ours: Line, other: Line, currency: str) -> str:
    difference = other.figures["total"] - ours.figures["total"]
    money = number_format(abs(round(difference)), force_grouping=True)
    rates = {"ours": percent(ours.figures["fill_rate"]), "theirs": percent(other.figures["fill_rate"])}
    told = {"rule": other.name, "currency": currency, "money": money}
    if difference >= 0:
        said = _("At the same stock value our advice costs %(money)s %(currency)s less than “%(rule)s”.")
    else:
        said = _("At the same stock value our advice costs %(money)s %(currency)s more than “%(rule)s”.")
    return f"{said % told} {_('The fill rate is %(ours)s against %(theirs)s.') % rates}"


def notes(backtest: Backtest) -> list[str]:
    """What a reader must know before believing a figure."""
    facts, said = backtest.facts, []
    days = {"first": date_format(backtest.first_on), "last": date_format(backtest.last_on)}
    said.append(
        _("Judged are %(first)s to %(last)s; every week was planned with what was known on its first evening.") % days
    )
    if len(backtest.series) < backtest.series_total:
        said.append(
            _("A sample of %(shown)d of %(total)d items; the money is of the sample.")
            % {"shown": len(backtest.series), "total": backtest.series_total}
        )
    said.append(
        _("The fixed minimum is %(days)g days of demand, the number that was cheapest before the judged days.")
        % {"days": facts.get("fixed_days", 0)}
    )
    if not facts.get("has_ledger"):
        said.append(_("What was done is not shown: the ledger does not tell the stock of these days."))
    if facts.get("without_cost"):
        said.append(
            _("%(n)d items have no cost: their stock counts as worth nothing, and their margin as the whole price.")
            % {"n": facts["without_cost"]}
        )
    return said


def table_of(backtest: Backtest) -> str:
    """The whole as text."""
    shop = ShopSettings.objects.load()
    tables, parts = comparisons(backtest.results.all()), []
    if not tables:
        return _("There is nothing to show: no part of the replay ended well.")
    columns = [_("lost margin"), _("(low – high)"), _("holding"), _("orders"), _("total"), _("stock value"),
               _("order lines"), _("fill rate"), _("in time")]  # fmt: skip
    for table in tables:
        parts += ["", table["title"], f"{'':20}" + "".join(f"{name:>18}" for name in columns)]
        parts += [f"{line.name:20}" + "".join(f"{cell:>18}" for cell in _cells(line)) for line in table["lines"]]
    return "\n".join([*parts, "", *verdicts(tables, shop.currency), *notes(backtest)])


def _cells(line: Line) -> list[str]:
    told = line.figures
    return [
        whole(told["lost_margin"]), f"{whole(told['lost_low'])} – {whole(told['lost_high'])}",
        whole(told["holding_cost"]), whole(told["order_cost"]), whole(told["total"]),
        whole(told["stock_value"]), whole(told["lines"]), percent(told["fill_rate"]),
        percent(told["cycle_service_level"]),
    ]  # fmt: skip
