"""Which warehouse a row means."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils.text import slugify
from django.utils.translation import gettext as _

from inventory_site.common.models import ShopSettings
from inventory_site.common.tables import ImportRefused
from orders.importers.cells import BadCell
from stock.models import Warehouse

FIRST_WAREHOUSE = "main"


class Warehouses:
    """Those that the person may write to, by code or name; new ones only where that was allowed.

    A row that names none means ``default``, else the only one there is; the first one of a shop is made.
    """

    def __init__(self, *, actor: Any, permission: str, default: str = "", may_create: bool = False):
        self._known = _by_name(_permitted(actor, permission))
        self._may_create = may_create
        self._places: dict[str, int] = {}
        self.chosen: list[Warehouse] = []
        self.zones: list[ZoneInfo] = []
        self.default = self._find_default(default)

    def _find_default(self, wanted: str) -> Warehouse | None:
        if wanted:
            try:
                return self._find(wanted)
            except BadCell as why:
                raise ImportRefused(_("Warehouse “%(name)s”: %(why)s.") % {"name": wanted, "why": why}) from why
        distinct = {warehouse.pk: warehouse for warehouse in self._known.values()}
        if len(distinct) == 1:
            return distinct.popitem()[1]
        return None if distinct or Warehouse.objects.exists() else _new(FIRST_WAREHOUSE, _("Main warehouse"))

    @property
    def new(self) -> list[str]:
        return [warehouse.code for warehouse in self.chosen if warehouse.pk is None]

    def place(self, name: str) -> int:
        """Its number in ``chosen``; raises ``BadCell`` where the row cannot mean one."""
        if name not in self._places:
            warehouse = self._find(name) if name else self.default
            if warehouse is None:
                raise BadCell(_("empty, and there are several warehouses: name one for such rows"))
            if warehouse not in self.chosen:
                self.chosen.append(warehouse)
                self.zones.append(ZoneInfo(warehouse.time_zone))
            self._places[name] = self.chosen.index(warehouse)
        return self._places[name]

    def _find(self, name: str) -> Warehouse:
        if found := self._known.get(name.casefold()):
            return found
        code = slugify(name)[:32]
        is_others = Warehouse.objects.filter(code=code).exists() and code not in self._known
        if not self._may_create or not code or is_others:
            raise BadCell(_("there is no such warehouse that you may write to"))
        made = self._known.get(code) or _new(code, name[:100])
        self._known[name.casefold()] = self._known[code] = made
        return made


def _permitted(actor: Any, permission: str) -> QuerySet[Warehouse]:
    """All of them for the command line, where there is no actor."""
    every = Warehouse.objects.active()
    return every if actor is None else every.visible_to(actor, permission)


def _by_name(warehouses: QuerySet[Warehouse]) -> dict[str, Warehouse]:
    found = list(warehouses)
    by_name = {warehouse.name.casefold(): warehouse for warehouse in found}
    return by_name | {warehouse.code.casefold(): warehouse for warehouse in found}


def _new(code: str, name: str) -> Warehouse:
    return Warehouse(code=code, name=name, time_zone=ShopSettings.objects.load().time_zone)
