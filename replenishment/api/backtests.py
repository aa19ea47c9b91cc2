"""Back-tests over the API: start one, see how far it is, read its comparison."""

from __future__ import annotations

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.response import Response

from inventory_site.common.api import ReadRoom
from inventory_site.common.jobs import wake_workers
from replenishment.backtest_table import MONEY, comparisons
from replenishment.models import Backtest, BacktestResult
from replenishment.services import backtests


class BacktestSerializer(serializers.ModelSerializer):
    """``items`` of ``items_total`` were replayed; ``state`` is published when it is done."""

    state = serializers.CharField(source="run.state", read_only=True)
    items = serializers.SerializerMethodField()
    items_total = serializers.IntegerField(source="series_total", read_only=True)

    class Meta:
        model = Backtest
        fields = ["id", "state", "warmed_from", "first_on", "last_on", "items", "items_total"]

    def get_items(self, row) -> int:
        return len(row.series)


class StartSerializer(serializers.Serializer):
    days = serializers.IntegerField(min_value=1, max_value=backtests.MOST_DAYS, default=backtests.MOST_DAYS)
    items = serializers.IntegerField(min_value=1, max_value=100_000, default=backtests.MOST_SERIES)


class BacktestViewSet(mixins.CreateModelMixin, ReadRoom):
    queryset = Backtest.objects.select_related("run").order_by("-pk")
    serializer_class = reader_class = BacktestSerializer
    permissions = {
        "list": "replenishment.view_backtest",
        "results": "replenishment.view_backtest",
        "create": "replenishment.add_backtest",
    }
    filterset_fields = {"last_on": ["exact", "gte", "lte"]}
    ordering_fields = ["id", "last_on"]

    def get_serializer_class(self):
        return StartSerializer if self.action == "create" else BacktestSerializer

    @extend_schema(request=StartSerializer, responses={201: BacktestSerializer})
    def create(self, request, *args, **kwargs) -> Response:
        """Start one over the last ``days``; while another runs the answer is that one."""
        told = self.valid_body().validated_data

        def start() -> Backtest:
            row = backtests.request_backtest(
                requested_by=request.user.get_username(), days=told["days"], most_series=told["items"]
            )
            wake_workers()
            return row

        return self.act(start, code=status.HTTP_201_CREATED)

    @extend_schema(parameters=[OpenApiParameter("warehouse"), OpenApiParameter("category")])
    @action(detail=True, pagination_class=None)
    def results(self, request, pk=None) -> Response:
        """Every comparison of the rules; ``?warehouse=`` (a code) and ``?category=`` (a name) narrow it."""
        rows = BacktestResult.objects.visible_to(request.user).filter(backtest=self.get_object())
        if code := request.query_params.get("warehouse"):
            rows = rows.filter(warehouse__code=code)
        if category := request.query_params.get("category"):
            rows = rows.filter(category__name=category)
        sees_costs = request.user.has_perm(settings.COST_PERMISSION)
        return Response({"results": [line for table in comparisons(rows) for line in _lines(table, sees_costs)]})


def _lines(table: dict, sees_costs: bool) -> list[dict]:
    return [
        {"compared": table["basis"], "rule": line.rule}
        | {name: value for name, value in line.figures.items() if sees_costs or name not in MONEY}
        for line in table["lines"]
    ]
