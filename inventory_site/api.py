"""Mounts every app's routes under /api/v1/, the shop's first integration under /api/, and the schema."""

from __future__ import annotations

from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework import serializers
from rest_framework.routers import DefaultRouter

import alerts.api
import catalog.api
import forecasting.api
import orders.api
import replenishment.api
import stock.api
import stock.label_api
from inventory_site.common.api import ReadRoom
from inventory_site.common.models import JobPartition, JobRun


class JobRunSerializer(serializers.ModelSerializer):
    """``parts`` counts the parts of the run by state."""

    parts = serializers.SerializerMethodField()

    class Meta:
        model = JobRun
        fields = [
            "id", "kind", "business_date", "version", "state", "step", "requested_by", "error", "facts", "started_at",
            "finished_at", "parts",
        ]  # fmt: skip

    def get_parts(self, run) -> dict[str, int]:
        counts = dict.fromkeys(JobPartition.State.values, 0)
        for part in run.partitions.all():
            counts[part.state] += 1
        return counts


class JobRunViewSet(ReadRoom):
    queryset = JobRun.objects.prefetch_related("partitions").order_by("-pk")
    serializer_class = JobRunSerializer
    permissions = {"list": "common.view_jobrun"}
    filterset_fields = ["kind", "state", "business_date"]
    ordering_fields = ["id", "business_date"]


ROUTES = (
    catalog.api.ROUTES | stock.api.ROUTES | orders.api.ROUTES | forecasting.api.ROUTES | replenishment.api.ROUTES
    | alerts.api.ROUTES | {"jobs": JobRunViewSet}
)  # fmt: skip

router = DefaultRouter()
router.trailing_slash = "/?"
for _prefix, _viewset in ROUTES.items():
    router.register(_prefix, _viewset, basename=_prefix)

urlpatterns = [
    path("v1/", include(router.urls)),
    *(
        re_path(rf"^{address}/?$", view.as_view(), name=address.replace("/", "-"))
        for address, view in (replenishment.api.VIEWS | stock.label_api.VIEWS).items()
    ),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
]
