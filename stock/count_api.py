"""Stock counts over the API: opened, sent in bulk by devices, settled, approved, posted."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Count, Q
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.gzip import gzip_page
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.response import Response

from catalog.api import ProductBySku
from catalog.models import Category
from inventory_site.common.api import ReadRoom
from inventory_site.common.api_lines import Pieces, Versioned
from inventory_site.common.api_times import ZonedTime
from stock import services
from stock.access import require
from stock.api_fields import WarehouseByCode
from stock.count_sheet import SheetSerializer, sheet_of
from stock.models import Bin, CountEntry, CountLine, StockCount
from stock.models.counts import MOST_COUNTED

OPEN, COUNT = "stock.add_stockcount", "stock.change_stockcount"
APPROVE, SETTLE = "stock.approve_stockcount", "stock.settle_countentry"
MOST_ENTRIES = 5000
MOST_SCANNED = 200
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

#: What is said of each entry that could not be taken.
SENTENCES = {
    "unknown": _("“{code}”: nobody knows this code. It is kept for a person to say what it was."),
    "inactive": _("“{code}” is no longer bought. It is kept for a person to settle."),
    "quantity": _("“{code}”: “{counted}” is not a quantity. Write a whole number from 0 to a billion."),
    "foreign_bin": _("“{code}”: there is no bin “{bin}” in this warehouse. It is kept for a person to settle."),
    "closed": _("“{code}”: this count was closed before. It is kept; enter it in another count."),
    "conflict": _("“{code}” was sent before with another quantity. Both are kept; a person says which holds."),
    "future": _("“{code}” was counted in the future by the device's clock. Set the clock; it is kept for a person."),
    "time": _("“{code}”: nothing tells when it was counted. It is kept for a person to settle."),
    "old": _("“{code}” was counted more than two weeks ago. It is kept; count it again."),
    "withdrawn": _("“{code}” was taken back before. It counts nothing; enter it again."),
    "same_person": _("“{code}” differs much and should be counted again by somebody else. It is kept."),
}


class CountSerializer(serializers.ModelSerializer):
    warehouse = serializers.CharField(source="warehouse.code", read_only=True)
    line_count = serializers.IntegerField(read_only=True)
    counted = serializers.IntegerField(source="counted_count", read_only=True)
    unsettled = serializers.IntegerField(source="unsettled_count", read_only=True)
    opened_by = serializers.CharField(source="opened_by.username", default=None, read_only=True)
    approved_by = serializers.CharField(source="approved_by.username", default=None, read_only=True)

    class Meta:
        model = StockCount
        fields = [
            "number", "warehouse", "kind", "state", "version", "is_blind", "note", "line_count", "counted", "unsettled",
            "opened_by", "opened_at", "approved_by", "closed_at",
        ]  # fmt: skip


class CountLineSerializer(serializers.ModelSerializer):
    product = serializers.CharField(source="level.product.sku", read_only=True)

    class Meta:
        model = CountLine
        fields = ["product", "state", "expected", "counted", "delta", "captured_at"]

    def to_representation(self, line):
        shown = super().to_representation(line)
        if line.count.is_blind and line.count.state == StockCount.State.OPEN:
            shown["expected"] = shown["delta"] = None
        return shown


class FindingSerializer(serializers.ModelSerializer):
    product = serializers.CharField(source="product.sku", default=None, read_only=True)
    actor = serializers.CharField(source="actor.username", default=None, read_only=True)

    class Meta:
        model = CountEntry
        fields = ["uuid", "problem", "sent", "product", "counted", "captured_at", "received_at", "actor"]


class Skus(serializers.ListField):
    """Products by SKU; thousands are one query."""

    child = ProductBySku()

    def to_internal_value(self, data):
        if isinstance(data, list) and len(data) <= MOST_ENTRIES:
            self.child.look_up({sku for sku in data if isinstance(sku, str)})
        return super().to_internal_value(data)


class NewCountSerializer(serializers.Serializer):
    """Of a category, of what lies in some bins, of some products, or of everything."""

    warehouse = WarehouseByCode()
    category = serializers.SlugRelatedField(
        slug_field="name", queryset=Category.objects.all(), required=False, allow_null=True, default=None
    )
    bins = serializers.ListField(
        child=serializers.CharField(max_length=40), required=False, default=list, allow_empty=False
    )
    products = Skus(required=False, default=list, max_length=MOST_ENTRIES, allow_empty=False)
    is_blind = serializers.BooleanField(required=False, default=False)
    recount_pieces = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=MOST_COUNTED
    )
    recount_cost = serializers.DecimalField(14, 2, required=False, allow_null=True, default=None, min_value=0)
    approve_cost = serializers.DecimalField(14, 2, required=False, allow_null=True, default=None, min_value=0)
    note = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")

    def validate(self, data):
        if not data["bins"]:
            return data
        found = Bin.objects.filter(warehouse=data["warehouse"]).by_code(data["bins"])
        missing = sorted(set(data["bins"]) - found.keys())
        if missing:
            raise serializers.ValidationError({"bins": [_("There is no bin “%s” here.") % code for code in missing]})
        return data | {"bins": list(found.values())}


def _text(told: Any) -> str:
    """Whatever a scanner read, a whole address too: what nobody knows is kept, not refused."""
    text = told if isinstance(told, str) else "" if told is None else json.dumps(told)
    return text[:MOST_SCANNED]


class EntrySerializer(serializers.Serializer):
    """``code`` is a SKU or a barcode. What is wrong with a single entry is said of it, and the rest goes through."""

    uuid = serializers.UUIDField()
    code = serializers.CharField()
    counted = serializers.JSONField()
    captured_at = ZonedTime()
    bin = serializers.CharField(required=False, default="", allow_blank=True)

    def run_validation(self, data=serializers.empty) -> dict[str, Any]:
        """None as ``uuid`` or ``captured_at`` where none can be read; only a time without its zone is refused."""
        told = data if isinstance(data, Mapping) else {}
        return {
            "uuid": _read(self.fields["uuid"], told.get("uuid")),
            "code": _text(told.get("code")),
            "counted": told.get("counted"),
            "captured_at": self._moment(told.get("captured_at")),
            "bin": _text(told.get("bin")),
        }

    def _moment(self, told: Any) -> datetime | None:
        try:
            return self.fields["captured_at"].run_validation(told)
        except serializers.ValidationError as error:
            if isinstance(told, str) and DAY.match(told):
                raise serializers.ValidationError({"captured_at": error.detail}) from error
            return None


def _read(field: serializers.Field, told: Any) -> Any:
    try:
        return field.run_validation(told)
    except serializers.ValidationError:
        return None


class EntriesSerializer(serializers.Serializer):
    """``sent_at`` is the device's clock as it sends, so that a wrong clock does no harm."""

    sent_at = ZonedTime(required=False, allow_null=True, default=None)
    entries = EntrySerializer(many=True, allow_empty=False, max_length=MOST_ENTRIES)


class PostSerializer(Versioned):
    """``leave_unsettled``: post what is settled, and leave the rest as it is."""

    leave_unsettled = serializers.BooleanField(required=False, default=False)


class SettleSerializer(serializers.Serializer):
    """``counted`` and ``bin`` replace what was sent; ``is_whole``: it is all there is of the item, in whatever bins."""

    uuid = serializers.UUIDField()
    accept = serializers.BooleanField()
    product = ProductBySku(required=False, allow_null=True, default=None)
    counted = Pieces(min_value=0, max_value=MOST_COUNTED, required=False, allow_null=True, default=None)
    bin = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")
    is_whole = serializers.BooleanField(required=False, default=False)


class WithdrawSerializer(serializers.Serializer):
    uuid = serializers.UUIDField()


class StockCountViewSet(ReadRoom):
    """Counts of what lies in a warehouse; selling goes on meanwhile."""

    queryset = (
        StockCount.objects.select_related("warehouse", "opened_by", "approved_by")
        .annotate(
            line_count=Count("lines"),
            counted_count=Count("lines", filter=Q(lines__state__in=["counted", "posted"])),
            unsettled_count=Count("lines", filter=Q(lines__state__in=CountLine.UNSETTLED)),
        )
        .order_by("-pk")
    )
    serializer_class = reader_class = CountSerializer
    lookup_field = "number"
    permissions = {
        "list": "stock.view_stockcount",
        "create": OPEN,
        "lines": COUNT,
        "post": COUNT,
        "cancel": COUNT,
        "approve": APPROVE,
        "undo": APPROVE,
        "settle": SETTLE,
        "findings": "stock.view_stockcount",
        "items": "stock.view_stockcount",
        "sheet": "stock.view_stockcount",
        "withdraw": COUNT,
    }
    filterset_fields = {"state": ["exact"], "warehouse__code": ["exact"], "kind": ["exact"]}
    ordering_fields = ["opened_at", "number"]
    bodies = {
        "create": NewCountSerializer, "lines": EntriesSerializer, "post": PostSerializer, "cancel": Versioned,
        "approve": Versioned, "undo": Versioned, "settle": SettleSerializer, "findings": FindingSerializer,
        "items": CountLineSerializer,
        "withdraw": WithdrawSerializer, "sheet": SheetSerializer,
    }  # fmt: skip

    def get_serializer_class(self):
        return self.bodies.get(self.action, CountSerializer)

    def create(self, request, *args, **kwargs):
        """Open one; its lines are all items of that kind, also those without stock."""
        wish = dict(self.valid_body().validated_data)
        require(request.user, OPEN, wish["warehouse"])
        names = ("is_blind", "recount_pieces", "recount_cost", "approve_cost")
        rules = services.CountRules(**{name: wish.pop(name) for name in names})
        return self.act(
            lambda: services.open_count(**wish, rules=rules, actor=request.user), code=status.HTTP_201_CREATED
        )

    @action(detail=True, methods=["post"])
    def lines(self, request, number=None):
        """Take what devices counted; each entry once, whatever comes twice. The answer tells of each."""
        count, told = self.get_object(), self.valid_body().validated_data
        require(request.user, COUNT, count.warehouse)
        entries = [services.Sent(**entry) for entry in told["entries"] if entry["uuid"]]
        return self.act(
            lambda: services.record_entries(count=count, entries=entries, actor=request.user, sent_at=told["sent_at"]),
            answer=lambda taken: {"entries": _answers(told["entries"], taken)},
        )

    @action(detail=True, methods=["post"])
    def post(self, request, number=None):
        """Post all differences in one transaction, each as of the moment it was counted."""
        count, body = self.get_object(), self.valid_body()
        require(request.user, COUNT, count.warehouse)
        leaves = body.validated_data["leave_unsettled"]
        return self.act(
            lambda: services.post_count(
                count=count, actor=request.user, leave_unsettled=leaves, version=body.version_seen()
            )
        )

    @action(detail=True, methods=["post"])
    def approve(self, request, number=None):
        """A manager has looked at the differences; ``approved_by`` stays null if they changed meanwhile: look again."""
        count, version = self.get_object(), self.valid_body().version_seen()
        require(request.user, APPROVE, count.warehouse)
        return self.act(lambda: services.approve_count(count=count, actor=request.user, version=version))

    @action(detail=True, methods=["post"])
    def cancel(self, request, number=None):
        """Give it up; nothing is posted."""
        count, version = self.get_object(), self.valid_body().version_seen()
        require(request.user, COUNT, count.warehouse)
        return self.act(lambda: services.cancel_count(count=count, actor=request.user, version=version))

    @action(detail=True, methods=["post"])
    def undo(self, request, number=None):
        """Reverse all differences of a posted count, each as of its own moment."""
        count, version = self.get_object(), self.valid_body().version_seen()
        require(request.user, APPROVE, count.warehouse)
        return self.act(lambda: services.undo_count(count=count, actor=request.user, version=version))

    @action(detail=True, methods=["post"])
    def settle(self, request, number=None):
        """Say what an entry was that was kept: a count of a product, or nothing."""
        count, told = self.get_object(), dict(self.valid_body().validated_data)
        require(request.user, SETTLE, count.warehouse)
        entry = serializers.SlugRelatedField(slug_field="uuid", queryset=count.entries.findings())
        row, code = entry.run_validation(told.pop("uuid")), told.pop("bin")
        place = Bin.objects.filter(warehouse=count.warehouse_id).by_code([code]).get(code) if code else None
        if code and place is None:
            raise serializers.ValidationError({"bin": [_("There is no bin “%s” here.") % code]})
        return self.act(
            lambda: services.settle_finding(entry=row, actor=request.user, place=place, **told),
            answer=lambda entry: FindingSerializer(entry).data,
        )

    @action(detail=True, methods=["post"])
    def withdraw(self, request, number=None):
        """Take back an entry of one's own; one that never came is nothing to take back."""
        count, told = self.get_object(), self.valid_body().validated_data
        require(request.user, COUNT, count.warehouse)
        return self.act(
            lambda: services.withdraw_entry(count=count, uuid=told["uuid"], actor=request.user),
            answer=lambda entry: {"is_withdrawn": entry is not None},
        )

    @method_decorator(gzip_page)
    @action(detail=True, pagination_class=None, filter_backends=[])
    def sheet(self, request, number=None):
        """All that a device needs to count without a connection: every item, its codes, packs and bins."""
        return Response(sheet_of(self.get_object(), request.user))

    @action(detail=True, methods=["get"])
    def items(self, request, number=None):
        """Its lines: what was expected, counted, and the difference; a blind count says only what was counted."""
        lines = self.get_object().lines.select_related("level__product", "count").order_by("pk")
        return self._paged(lines, CountLineSerializer)

    @action(detail=True, methods=["get"])
    def findings(self, request, number=None):
        """What a person has to settle."""
        rows = self.get_object().entries.findings().select_related("product", "actor").order_by("pk")
        return self._paged(rows, FindingSerializer)

    def _paged(self, rows, serializer) -> Response:
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(serializer(page, many=True, context=self.get_serializer_context()).data)


def _answers(sent: list[dict], taken: list[services.Taken]) -> list[dict]:
    """In the order in which they were sent; one without an id cannot be kept, since nothing tells it from its twin."""
    rest = iter(taken)
    return [_told(next(rest)) if entry["uuid"] else _refused(entry) for entry in sent]


def _refused(entry: dict) -> dict:
    detail = _("“{code}” has no id (a UUID of its own) and was not taken. Send it again with one.")
    return {"uuid": None, "state": "refused", "code": "uuid", "detail": str(detail).format(code=entry["code"])}


def _told(taken: services.Taken) -> dict:
    entry = taken.entry
    return {
        "uuid": str(taken.uuid),
        "state": "kept" if entry.problem else "taken" if taken.is_new else "known",
        "code": entry.problem,
        "detail": str(SENTENCES[entry.problem]).format(**entry.sent) if entry.problem else "",
    }


ROUTES = {"stock-counts": StockCountViewSet}
