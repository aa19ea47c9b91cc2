"""Which bins an item lies in. A bin is a label: this moves no stock, and saying it again changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.models import Product
from inventory_site.common import audit
from inventory_site.common.models import User
from stock.errors import WrongBin
from stock.models import Bin, PlaceChange, StockLevel
from stock.services.levels import ensure_levels

#: An aisle (a letter or a number) and a bay in it: A-03-2, 12-7, B 4.
AISLE_AND_BAY = re.compile(r"\s*([A-Za-z]{1,2}|[0-9]{1,3})[^A-Za-z0-9]*0*([0-9]{1,3})(?![0-9])")
METRES_A_BAY = 1


def spot_of(code: str) -> tuple[int, int] | None:
    """The aisle and the metres into it that a bin's code tells, or None.

    >>> spot_of("A-03-2"), spot_of("12-7"), spot_of("B4"), spot_of("Shop window")
    ((1, 3), (12, 7), (2, 4), None)
    """
    found = AISLE_AND_BAY.match(code)
    if found is None:
        return None
    aisle, bay = found.groups()
    number = int(aisle) if aisle.isdecimal() else _number_of(aisle.upper())
    return number, int(bay) * METRES_A_BAY


def _number_of(letters: str) -> int:
    """A is 1, Z is 26, AA is 27."""
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number


@transaction.atomic
def place_by_codes(*, bins: Iterable[Bin], actor: User | None) -> list[Bin]:
    """Write where each bin is by its code, a metre for each bay; returns those whose code tells nothing."""
    untold = []
    for place in bins:
        spot = spot_of(place.code)
        if spot is None:
            untold.append(place)
            continue
        place.aisle, place.position_metres = spot
        place.save(update_fields=["aisle", "position_metres"])
        told = {"aisle": place.aisle, "position_metres": place.position_metres}
        audit.record(actor=actor, action="stock.place_bin", subject=place, changes=told)
    return untold


@transaction.atomic
def put_in_bin(
    *, product: Product, place: Bin, actor: User | None, instead_of: Bin | None = None, at: datetime | None = None
) -> StockLevel:
    """The item lies in this bin too, or ``instead_of`` another one of the same warehouse.

    ``at`` is when it was laid there, if that is told later: counts of its bins before and after it are not summed.
    The bins are locked, so that none gets another warehouse while something is laid into it.
    """
    _hold([place] if instead_of is None else [place, instead_of])
    if instead_of is not None and instead_of.warehouse_id != place.warehouse_id:
        raise WrongBin(
            _("%(one)s and %(other)s are not in the same warehouse. Send a transfer.")
            % {"one": instead_of.code, "other": place.code}
        )
    level = _level(product, place)
    before = set(level.bins.values_list("pk", flat=True))
    place.levels.add(level)
    if instead_of is not None and instead_of.pk != place.pk:
        instead_of.levels.remove(level)
    if before != set(level.bins.values_list("pk", flat=True)):
        _note_change(level, at)
    told = {"sku": product.sku, "to": place.code, "from": instead_of.code if instead_of else ""}
    audit.record(actor=actor, action="stock.put_in_bin", subject=place, changes=told)
    return level


@transaction.atomic
def take_from_bin(*, product: Product, place: Bin, actor: User | None, at: datetime | None = None) -> StockLevel:
    """The item lies in this bin no more."""
    level = _level(product, place)
    if not place.levels.filter(pk=level.pk).exists():
        raise WrongBin(_("%(sku)s does not lie in %(bin)s.") % {"sku": product.sku, "bin": place.code})
    place.levels.remove(level)
    _note_change(level, at)
    audit.record(actor=actor, action="stock.take_from_bin", subject=place, changes={"sku": product.sku})
    return level


def _note_change(level: StockLevel, at: datetime | None) -> None:
    """By the clock of counts; a moment that is still to come is now."""
    now = timezone.now()
    PlaceChange.objects.create(level=level, at=min(at or now, now))


def _hold(places: Sequence[Bin]) -> None:
    """Lock the bins; refuse if one is in another warehouse by now than the caller saw."""
    now = {place.pk: place for place in Bin.objects.filter(pk__in=[place.pk for place in places]).locked()}
    for place in places:
        if place.pk not in now or now[place.pk].warehouse_id != place.warehouse_id:
            said = {"bin": place.code, "warehouse": place.warehouse.code}
            raise WrongBin(_("There is no bin “%(bin)s” in %(warehouse)s.") % said)


def _level(product: Product, place: Bin) -> StockLevel:
    ids = ensure_levels([(product.pk, place.warehouse_id)])
    return StockLevel.objects.select_related("product").get(pk=ids[product.pk, place.warehouse_id])
