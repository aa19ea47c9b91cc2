"""ITEMS.csv: the terms of each item, joined to the series of the demand; what is not given is taken and said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from forecasting.engine.panel import Freq
from replenishment.csv_table import BadRow, Table, UnreadableFileError, between, number, whole
from replenishment.plan_rows import ItemTerms, Position
from replenishment.protection import BUCKET_DAYS, protection_interval

#: Buckets of lead time where none is given: 14 days, 4 weeks, 3 months.
USUAL_LEAD_TIME: dict[Freq, int] = {"D": 14, "W": 4, "M": 3}
USUAL_CYCLE_SERVICE_LEVEL = 0.95

LONGEST_DAYS = 730  # of a lead time or a review period
MOST = 10**12
STOCK = ("on_hand", "on_order", "in_transit", "allocated", "backordered")


def _policy(text: str) -> str:
    policy = text.replace(" ", "")
    if policy not in ("R,s,nQ", "R,S"):
        raise ValueError(_("must be R,s,nQ or R,S"))
    return policy


_money = between(number, 0, MOST)
_days = between(number, 0, LONGEST_DAYS)
_chance = between(number, 0, 1, open_ends=True)
_stock = between(whole, 0, MOST)

#: column -> its parser; a field that is left empty is NaN (or "").
COLUMNS: dict[str, Callable[[str], Any]] = {
    "lead_time_days": _days,
    "lead_time_periods": number,
    "lead_time_std_days": between(number, 0, LONGEST_DAYS / 4),
    "review_period_days": _days,
    "review_period_periods": number,
    "unit_cost": _money,
    "order_cost": _money,
    "holding_rate": between(number, 0, 1),
    "min_order_quantity": _stock,
    "pack_size": between(whole, 1, MOST),
    "cycle_service_level": _chance,
    "fill_rate": _chance,
    "policy": _policy,
    "category": str,
    "on_hand": between(whole, -MOST, MOST),
    **dict.fromkeys(STOCK[1:], _stock),
}
TEXTS = ("policy", "category")

#: Two columns that say the same; only one of them may be filled in.
ONE_OF = (
    ("lead_time_days", "lead_time_periods"),
    ("review_period_days", "review_period_periods"),
    ("cycle_service_level", "fill_rate"),
)


@dataclass(frozen=True)
class Items:
    """A row for each series: first those of the demand, then items without any; NaN or "" where nothing is given."""

    frame: pd.DataFrame
    bad: list[BadRow]
    notes: list[str]

    def terms(self, freq: Freq) -> ItemTerms:
        frame, size = self.frame, len(self.frame)
        bucket = BUCKET_DAYS[freq]
        lead = _first_given(frame.lead_time_periods, frame.lead_time_days / bucket, USUAL_LEAD_TIME[freq])
        review = _first_given(frame.review_period_periods, frame.review_period_days / bucket, 0)
        interval = protection_interval(lead, frame.lead_time_std_days.fillna(0).to_numpy() / bucket, review)
        stock = {name: frame[name].fillna(0).to_numpy(np.int64) for name in STOCK}
        return ItemTerms.of(
            freq,
            interval,
            Position.of(size, known=frame.on_hand.notna().to_numpy(), **stock),
            review_days=review * bucket,
            cycle_service_level=frame.cycle_service_level.fillna(USUAL_CYCLE_SERVICE_LEVEL).to_numpy(),
            fill_rate=frame.fill_rate.to_numpy(),
            policy=frame.policy.replace("", "R,s,nQ").to_numpy(str),
            min_order_quantity=frame.min_order_quantity.fillna(1).to_numpy(np.int64),
            pack_size=frame.pack_size.fillna(1).to_numpy(np.int64),
            order_cost=frame.order_cost.to_numpy(),
            annual_holding_cost=(frame.unit_cost * frame.holding_rate).to_numpy(),
        )

    @property
    def category(self) -> np.ndarray | None:
        """The category of each series, None where the file names none at all."""
        category = self.frame.category.to_numpy(str)
        return category if (category != "").any() else None


def _first_given(one: pd.Series, other: pd.Series, usual: float) -> np.ndarray:
    return one.fillna(other).fillna(usual).to_numpy()


def read_items(path: Path | None, keys: pd.DataFrame, freq: Freq, *, has_warehouses: bool) -> Items:
    """Read and check ITEMS and join it to ``keys`` (sku, warehouse); without a path nothing is given."""
    if path is None:
        return Items(_nothing_given(keys), [], [])
    table = Table(path, required=("sku",), optional=("warehouse", *COLUMNS))
    given = _parse(table, freq)
    if not has_warehouses and (given.warehouse != "").any():
        raise UnreadableFileError(_("%s names warehouses, but the demand has no column warehouse.") % path)
    _reject_doubled(table, given)
    _reject_shared_stock(table, given, keys)
    given = given[table.good]
    joined, without_demand = _join(given, keys)
    notes = []
    if table.unused:
        notes.append(_("%(path)s: columns not used: %(names)s.") % {"path": path, "names": ", ".join(table.unused)})
    if without_demand:
        sentence = ngettext(
            "%(count)s item has no demand: its row in the plan is zero.",
            "%(count)s items have no demand: their rows in the plan are zero.",
            without_demand,
        )
        notes.append(sentence % {"count": without_demand})
    return Items(joined, table.bad, notes)


def usual_values(items: Items, freq: Freq) -> str:
    """One line on what was taken where ITEMS gives nothing, "" where it gives everything."""
    frame = items.frame
    rows = {
        _("lead time %s") % f"{USUAL_LEAD_TIME[freq]} {_unit(freq)}": frame.lead_time_days.isna()
        & frame.lead_time_periods.isna(),
        _("review period 0"): frame.review_period_days.isna() & frame.review_period_periods.isna(),
        _("cycle service level %s") % USUAL_CYCLE_SERVICE_LEVEL: frame.cycle_service_level.isna()
        & frame.fill_rate.isna(),
        _("order quantity of 30 days of demand"): frame[["order_cost", "unit_cost", "holding_rate"]].isna().any(axis=1),
    }
    phrases = [
        _("%(what)s (%(count)s of %(all)s)") % {"what": what, "count": int(mask.sum()), "all": len(frame)}
        for what, mask in rows.items()
        if mask.any()
    ]
    return _("Not given, so taken: %s.") % ", ".join(phrases) if phrases else ""


def _unit(freq: Freq) -> str:
    return {"D": _("days"), "W": _("weeks"), "M": _("months")}[freq]


def _nothing_given(keys: pd.DataFrame) -> pd.DataFrame:
    empty = {name: "" if name in TEXTS else np.nan for name in COLUMNS}
    return keys.assign(**empty)


def _parse(table: Table, freq: Freq) -> pd.DataFrame:
    """Every column of each row, good or bad."""
    frame = pd.DataFrame()
    for name in ("sku", "warehouse"):
        codes, texts = table.texts(name)
        frame[name] = texts[codes]
    for row in np.flatnonzero(frame.sku == ""):
        table.reject(int(row), "sku", "", _("is empty"))
    periods = between(number, 0, LONGEST_DAYS // BUCKET_DAYS[freq])
    for name, parser in COLUMNS.items():
        parser = periods if name.endswith("_periods") else parser
        frame[name] = table.parse(name, parser, filler="" if name in TEXTS else np.nan)
    for one, other in ONE_OF:
        for row in np.flatnonzero(frame[one].notna() & frame[other].notna()):
            table.reject(int(row), other, f"{frame[other][row]:g}", _("is given beside %s; give one of them") % one)
    return frame


def _reject_doubled(table: Table, given: pd.DataFrame) -> None:
    first = given.drop_duplicates(["sku", "warehouse"]).reset_index(names="first")[["sku", "warehouse", "first"]]
    firsts = given.merge(first, on=["sku", "warehouse"], how="left")["first"].to_numpy()
    for row in np.flatnonzero(given.duplicated(["sku", "warehouse"])):
        reason = _("is already on line %s") % table.line(int(firsts[row]))
        table.reject(int(row), "sku", given.sku[row], reason)


def _reject_shared_stock(table: Table, given: pd.DataFrame, keys: pd.DataFrame) -> None:
    """One stock cannot be that of several warehouses."""
    counts = keys.sku.value_counts()
    stocked = given[[name for name in STOCK if name in given]].notna().any(axis=1) & (given.warehouse == "")
    for row in np.flatnonzero(stocked & (given.sku.map(counts).fillna(0) > 1)):
        sku = given.sku[row]
        reason = _("has stock but no warehouse, and its demand is in %s warehouses") % counts[sku]
        table.reject(int(row), "sku", sku, reason)


def _join(given: pd.DataFrame, keys: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Terms of each key: its own row, else the row of its sku without a warehouse; then the items of no key."""
    own = given.set_index(["sku", "warehouse"])
    pairs = pd.MultiIndex.from_frame(keys[["sku", "warehouse"]])
    whole_sku = pd.MultiIndex.from_arrays([keys.sku, np.full(len(keys), "", object)])
    at = own.index.get_indexer(pairs)
    at = np.where(at < 0, own.index.get_indexer(whole_sku), at)
    found = given.reset_index(drop=True).reindex(at).reset_index(drop=True)
    found[["sku", "warehouse"]] = keys[["sku", "warehouse"]].to_numpy()
    found = found.fillna(dict.fromkeys(TEXTS, ""))
    alone = given.iloc[np.setdiff1d(np.arange(len(given)), at)]
    alone = alone[~((alone.warehouse == "") & alone.sku.isin(keys.sku))]
    return pd.concat([found, alone], ignore_index=True), len(alone)
