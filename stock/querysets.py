"""Reads of stock; ``with_…`` annotates, adjectives filter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db import models
from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce

from inventory_site.common.querysets import Lockable


class WarehouseQuerySet(Lockable):
    def visible_to(self, user, permission: str | None = None):
        """Those in which the user has a role (one that grants ``permission``, where it is named)."""
        from inventory_site.common.roles import roles_granting

        if not user.is_authenticated or not user.is_active:
            return self.none()
        if user.is_superuser:
            return self
        # Filtered here: a request reads the person's access once and asks for it in many places.
        access = user.warehouse_access.all()
        if permission is not None:
            access = [row for row in access if row.role in roles_granting(permission)]
        warehouses = {row.warehouse_id for row in access}
        return self if None in warehouses else self.filter(pk__in=warehouses)

    def active(self):
        return self.filter(is_active=True)


class InWarehouse(models.QuerySet):
    """Rows that lead to a warehouse along ``warehouse_path``."""

    warehouse_path = "warehouse"

    def visible_to(self, user, permission: str | None = None):
        from stock.models import Warehouse

        if user.is_authenticated and user.is_superuser:
            return self
        warehouses = Warehouse.objects.visible_to(user, permission)
        if not warehouses.query.where:  # all of them: a subquery would only keep the database from using its indexes
            return self
        return self.filter(**{f"{self.warehouse_path}__in": warehouses.values("pk")})


class SharedOrInWarehouse(models.QuerySet):
    """Rows of one warehouse or, where they name none, of the whole shop: whoever works in any sees these.

    To do something to them (any permission but to view) takes a role in all warehouses.
    """

    def visible_to(self, user, permission: str | None = None):
        from stock.models import Warehouse

        warehouses = Warehouse.objects.visible_to(user, permission)
        if not user.is_authenticated or (warehouses.query.where and not warehouses.exists()):
            return self.none()
        if not warehouses.query.where or not hasattr(self.model, "warehouse"):
            return self
        mine = Q(warehouse__in=warehouses.values("pk"))
        return self.filter(mine if permission and ".view_" not in permission else mine | Q(warehouse=None))


class StockLevelQuerySet(Lockable, InWarehouse):
    def with_available(self):
        """Annotate ``available_now`` = on hand - allocated - unsellable."""
        return self.annotate(available_now=F("on_hand") - F("allocated") - F("unsellable"))

    def differing_from_ledger(self):
        """Levels whose cached sums are not those of their movements, open allocations and set-asides."""
        from stock.models import Allocation, SetAside, StockMovement

        return self.annotate(
            moved=_total(StockMovement.objects.all()),
            promised=_total(Allocation.objects.open()),
            aside=_total(SetAside.objects.all()),
        ).exclude(on_hand=F("moved"), allocated=F("promised"), unsellable=F("aside"))

    def as_of(self, moment: datetime):
        """Annotate ``on_hand_then``, ``allocated_then``, ``unsellable_then`` and ``available_then``.

        Counted backwards from now by when things happened: what is dated back later changes the answer. What
        happened at the very moment has happened.
        """
        from stock.models import Allocation, SetAside, StockMovement

        later = Q(effective_at__gt=moment)
        standing = Q(created_at__lte=moment) & (Q(closed_at=None) | Q(closed_at__gt=moment))
        return self.annotate(
            on_hand_then=F("on_hand") - _total(StockMovement.objects.filter(later)),
            allocated_then=_total(Allocation.objects.filter(standing)),
            unsellable_then=F("unsellable") - _total(SetAside.objects.filter(later)),
        ).annotate(available_then=F("on_hand_then") - F("allocated_then") - F("unsellable_then"))

    def totals(self, user, skus=None):
        """What the user may see of each product, all warehouses together, in ONE statement: never a torn transfer.

        ``total`` is on hand and in transit; allocated and unsellable are parts of what is on hand.
        """
        from stock.models import Transfer, TransferLine

        transfers = Transfer.objects.visible_to(user).on_the_way()
        coming = TransferLine.objects.filter(transfer__in=transfers, product=models.OuterRef("product"))
        levels = self.visible_to(user) if skus is None else self.visible_to(user).filter(product__sku__in=skus)
        summed = {name: Sum(name) for name in ("on_hand", "allocated", "unsellable")}
        pieces = Sum(F("shipped") - F("received") - F("returned"))
        return (
            levels.order_by("product__sku")
            .values("product", sku=F("product__sku"))
            .annotate(**summed, in_transit=_total(coming, "product", pieces))
            .annotate(total=F("on_hand") + F("in_transit"))
        )


def _total(rows, of: str = "level", pieces=None):
    """The sum of these rows' quantities for the outer row, 0 where there are none."""
    own = rows.filter(level=models.OuterRef("pk")) if of == "level" else rows
    total = own.order_by().values(of).annotate(summed=pieces or Sum("quantity")).values("summed")
    return Coalesce(models.Subquery(total), 0, output_field=models.BigIntegerField())


class BinQuerySet(Lockable, InWarehouse):
    def by_code(self, codes: Iterable[str]) -> dict:
        """The bin that each code means, by the code as it was given, in any case; what nobody knows is not in it.

        Ask for one warehouse only: in another one the same code is another bin.
        """
        places = list(self)
        known = {place.code.lower(): place for place in places} | {place.code: place for place in places}
        meant = {code: known.get(code.strip()) or known.get(code.strip().lower()) for code in codes}
        return {code: place for code, place in meant.items() if place is not None}

    def by_level(self, levels) -> dict[int, list]:
        """Where each of these levels lies: by its primary key its bins, in the order of a walk. Two queries."""
        links = self.model.levels.through.objects.filter(stocklevel__in=levels)
        pairs = list(links.order_by("bin__walk_order", "bin__code", "bin").values_list("stocklevel", "bin"))
        places = self.in_bulk({place for _level, place in pairs})
        found: dict[int, list] = defaultdict(list)
        for level, place in pairs:
            if place in places:
                found[level].append(places[place])
        return found


class StockMovementQuerySet(InWarehouse):
    warehouse_path = "level__warehouse"


class AllocationQuerySet(InWarehouse):
    warehouse_path = "level__warehouse"

    def open(self):
        return self.filter(state="open")

    def picked(self):
        """Taken off the shelf; on hand all the same for as long as they are open."""
        return self.filter(picked_at__isnull=False)

    def pieces_by_level(self) -> dict[int, int]:
        """By primary key of a level, of those that have any."""
        return dict(self.order_by().values_list("level").annotate(Sum("quantity")))

    def least_sure_first(self):
        """Those that break first: the newest of what nobody has picked, then what was picked last."""
        return self.order_by(F("picked_at").desc(nulls_first=True), "-created_at", "-pk")

    def oldest_first(self):
        """By when the promise was made: part of one that was handed over is as old as the whole."""
        return self.order_by("created_at", "pk")


class StockSnapshotQuerySet(InWarehouse):
    warehouse_path = "level__warehouse"


class SetAsideQuerySet(InWarehouse):
    warehouse_path = "level__warehouse"


class DamagePhotoQuerySet(InWarehouse):
    warehouse_path = "set_aside__level__warehouse"


class TransferQuerySet(Lockable):
    def visible_to(self, user, permission: str | None = None):
        """Transfers from or to a warehouse that the user may enter."""
        from stock.models import Warehouse

        if user.is_authenticated and user.is_superuser:
            return self
        warehouses = Warehouse.objects.visible_to(user, permission)
        if not warehouses.query.where:
            return self
        mine = warehouses.values("pk")
        return self.filter(Q(source__in=mine) | Q(destination__in=mine))

    def on_the_way(self):
        return self.filter(state__in=["shipped", "partly_received"])


class TransferLineQuerySet(models.QuerySet):
    def visible_to(self, user, permission: str | None = None):
        """Lines of transfers from or to a warehouse that the user may enter."""
        from stock.models import Transfer

        transfers = Transfer.objects.visible_to(user, permission)
        return self.filter(transfer__in=transfers.values("pk")) if transfers.query.where else self

    def on_the_way(self):
        """Lines of which pieces may be in transit."""
        return self.filter(
            transfer__state__in=["shipped", "partly_received"], shipped__gt=F("received") + F("returned")
        )


class StockCountQuerySet(Lockable, InWarehouse):
    def open(self):
        return self.filter(state="open")

    def with_kept(self):
        """Annotate ``kept``: entries that a person has to settle; none of counts that were given up or undone."""
        from stock.models import CountEntry

        own = CountEntry.objects.to_settle().filter(count=models.OuterRef("pk")).order_by()
        rows = own.values("count").annotate(n=models.Count("pk")).values("n")
        return self.annotate(kept=Coalesce(models.Subquery(rows), 0, output_field=models.IntegerField()))


class CountLineQuerySet(InWarehouse):
    warehouse_path = "count__warehouse"

    def in_open_counts(self):
        return self.filter(count__state="open")

    def unsettled(self):
        """Counted, and something still to be done before they can be posted."""
        return self.filter(state__in=["partly", "moved", "recount"])


class CountEntryQuerySet(InWarehouse):
    warehouse_path = "count__warehouse"

    def accepted(self):
        return self.filter(problem="")

    def firsts(self):
        """(line, person) of all who took part in the first count of a line."""
        return self.accepted().filter(is_recount=False).order_by().values_list("line", "actor").distinct()

    def findings(self):
        """What a person has to settle."""
        return self.exclude(problem="").filter(settled_at=None)

    def to_settle(self):
        """Findings that still matter: not those of counts that were given up or undone."""
        return self.findings().filter(count__state__in=["open", "posted"])


def _open_lines():
    """Lines of open counts that have the outer row's level."""
    from stock.models import CountLine

    return CountLine.objects.in_open_counts().filter(level=models.OuterRef("level"))


class CountNeedQuerySet(InWarehouse):
    warehouse_path = "level__warehouse"

    def listed(self):
        """What is on today's list of its warehouse."""
        return self.filter(rank__isnull=False)

    def of_posted(self, count):
        """Those that this count has posted, if they are on the list."""
        posted = count.lines.filter(state="posted")
        return self.listed().filter(level__in=posted.values("level"))

    def with_open_count(self):
        """Annotate ``open_count`` and ``open_count_number`` of the open count that has this level already, if any."""
        lines = _open_lines().order_by("count")
        return self.annotate(
            open_count=models.Subquery(lines.values("count")[:1]),
            open_count_number=models.Subquery(lines.values("count__number")[:1]),
        )

    def without_open_count(self):
        """Not those that an open count has already."""
        return self.exclude(models.Exists(_open_lines()))
