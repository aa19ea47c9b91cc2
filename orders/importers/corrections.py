"""Find the sales that a file's cancellations take back, in the file and among what was imported before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

import numpy as np
from django.utils.translation import gettext as _

from orders.importers import known
from orders.importers.formats import Kind
from orders.importers.lines import NOTHING
from orders.importers.netting import Event, net
from orders.importers.report import Listing
from orders.importers.sales_file import FORMATS, Correction, FileLine, SalesFile


class _Sale(NamedTuple):
    key: str
    warehouse: str
    day: date


def set_off(file: SalesFile, listing: Listing) -> None:
    """Fill ``file.corrections``; what finds no sale is listed and counted, not applied."""
    cancellations = file.places(Kind.CANCELLATION)
    if not len(cancellations):
        return
    matcher = _Matcher(file, cancellations)
    matches, left_over = net(matcher.events())
    file.corrections = [matcher.correction(match.sale, match.cancellation, match.quantity) for match in matches]
    for place, rest in sorted(left_over.items()):
        line, sku = int(file.columns["line"][place]), file.skus.things[file.columns["sku"][place]]
        listing.add("cancellation_without_sale", line, "", sku, _("%(rest)d pieces found no sale") % {"rest": rest})
    asked = -int(file.columns["quantity"][cancellations].sum())
    unmatched = sum(left_over.values())
    file.report.facts |= {"netted": asked - unmatched, "unmatched": unmatched, "unmatched_rows": len(left_over)}


class _Matcher:
    """Sales and cancellations of one customer and SKU (and warehouse, for nobody's) as events of one group."""

    def __init__(self, file: SalesFile, cancellations: np.ndarray):
        self.file = file
        self.cancellations = {line.place: line for line in file.lines(cancellations.tolist())}
        self.groups = self._groups()
        wanted = np.unique(self.groups[cancellations])
        self.wanted = set(wanted.tolist()) - {NOTHING}
        sales = np.flatnonzero((file.columns["kind"] == Kind.SALE) & np.isin(self.groups, list(self.wanted)))
        self.sales = {line.place: line for line in file.lines(sales.tolist())}
        self.products = self._products()
        self.taken, self.applied = known.corrections(self.products)
        self.earlier: list[_Sale] = []

    def _groups(self) -> np.ndarray:
        columns = self.file.columns
        customer, sku = columns["customer"].astype(np.int64), columns["sku"].astype(np.int64)
        warehouse = np.where(customer == NOTHING, columns["warehouse"], 0)
        groups = self._group(customer, sku, warehouse)
        return groups if self._nets_anonymous() else np.where(customer == NOTHING, NOTHING, groups)

    def _group(self, customer, sku, warehouse):
        skus, warehouses = len(self.file.skus), len(self.file.warehouses.chosen)
        return ((customer + 1) * skus + sku) * warehouses + warehouse

    def _nets_anonymous(self) -> bool:
        return FORMATS[self.file.options.format].nets_anonymous

    def _products(self) -> list[int]:
        by_sku = known.products_by_sku()
        skus = {self.file.skus.things[line.sku].upper() for line in self.cancellations.values()}
        return [by_sku[sku] for sku in sorted(skus) if sku in by_sku]

    def events(self) -> Iterator[Event]:
        """A sale's or cancellation's ``key`` is its place in the file; earlier imported sales count below 0."""
        for line in self.sales.values():
            yield self._event(line, False, max(line.quantity - self.taken.get(line.key, 0), 0))
        for line in self.cancellations.values():
            rest = -line.quantity - self.applied.get(line.key, 0)
            if rest > 0:
                yield self._event(line, True, rest)
        if self.products and known.has_imported_lines():
            yield from self._earlier({line.key for line in self.sales.values()})

    def _event(self, line: FileLine, is_cancellation: bool, quantity: int) -> Event:
        group = int(self.groups[line.place])
        if group == NOTHING:  # nobody's cancellation: a group of its own, where no sale is
            group = -2 - line.place
        return Event(group, line.at, is_cancellation, line.place, line.place, quantity)

    def _earlier(self, keys: set[str]) -> Iterator[Event]:
        codes = {warehouse.code: number for number, warehouse in enumerate(self.file.warehouses.chosen)}
        for sale in known.earlier_sales(self.products, keys):
            customer = self.file.customers.numbers.get(sale.customer, None) if sale.customer else NOTHING
            warehouse = codes.get(sale.warehouse) if customer == NOTHING else 0
            if customer is None or warehouse is None:
                continue
            group = self._group(customer, self.file.skus.numbers[sale.sku.upper()], warehouse)
            if group in self.wanted:
                self.earlier.append(_Sale(sale.key, sale.warehouse, sale.day))
                left = max(sale.quantity - self.taken.get(sale.key, 0), 0)
                yield Event(group, sale.at, False, -1, -len(self.earlier), left)

    def correction(self, sale: int, cancellation: int, quantity: int) -> Correction:
        found, by = self._sale(sale), self.cancellations[cancellation]
        known_on = max(by.day, found.day)
        sku = self.file.skus.things[by.sku].upper()
        return Correction(sku, found.warehouse, found.day, known_on, quantity, f"{found.key}.{by.key}")

    def _sale(self, place: int) -> _Sale:
        if place < 0:
            return self.earlier[-place - 1]
        line = self.sales[place]
        return _Sale(line.key, self.file.warehouses.chosen[line.warehouse].code, line.day)
