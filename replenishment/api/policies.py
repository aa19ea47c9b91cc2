"""Policies over the API: read by everybody, written by the office."""

from __future__ import annotations

from copy import copy

from django.core.exceptions import ValidationError as ModelError
from rest_framework import serializers, status

from catalog.api import ProductBySku
from catalog.models import Category, Supplier
from inventory_site.common import audit
from inventory_site.common.api import CostFields, WriteRoom
from inventory_site.common.errors import StaleVersion
from replenishment.models import Policy, PolicyModeChange
from replenishment.reach import require_reach
from replenishment.services.policies import tell_changed
from replenishment.services.policy_modes import log_mode
from stock.api_fields import WarehouseByCode

TERMS = (
    "target", "rule", "cycle_service_level", "fill_rate", "shortage_cost", "level_floor", "level_ceiling",
    "review_period_days", "minimum_stock", "reorder_point_floor", "maximum_stock", "order_quantity", "mode",
    "mode_is_pinned", "note",
)  # fmt: skip


class PolicySerializer(CostFields, serializers.ModelSerializer):
    """``version`` of the last answer, told with a change, refuses it where somebody else was quicker."""

    cost_fields = ("shortage_cost",)
    product = ProductBySku(required=False, allow_null=True)
    category = serializers.SlugRelatedField(
        slug_field="name", queryset=Category.objects.all(), required=False, allow_null=True
    )
    supplier = serializers.SlugRelatedField(
        slug_field="code", queryset=Supplier.objects.all(), required=False, allow_null=True
    )
    warehouse = WarehouseByCode(required=False, allow_null=True)
    version = serializers.IntegerField(required=False, min_value=1)

    class Meta:
        model = Policy
        fields = ["id", "product", "category", "abc", "xyz", "supplier", "warehouse", *TERMS, "version"]
        validators = ()  # the model's own, below, tell what is wrong

    def validate(self, data):
        told = {name: value for name, value in data.items() if name != "version"}
        policy = copy(self.instance) if self.instance else Policy()
        for name, value in told.items():
            setattr(policy, name, value)
        try:
            policy.full_clean()
        except ModelError as error:
            raise serializers.ValidationError(error.message_dict) from None
        return data


class PolicyViewSet(WriteRoom):
    queryset = Policy.objects.select_related("product", "category", "supplier", "warehouse").order_by("pk")
    serializer_class = PolicySerializer
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]
    permissions = {
        "list": "replenishment.view_policy",
        "create": "replenishment.add_policy",
        "partial_update": "replenishment.change_policy",
        "destroy": "replenishment.delete_policy",
    }
    filterset_fields = {
        "product__sku": ["exact"], "category__name": ["exact"], "abc": ["exact"], "xyz": ["exact"],
        "supplier__code": ["exact"], "warehouse__code": ["exact"], "target": ["exact"], "mode": ["exact"],
    }  # fmt: skip
    ordering_fields = ["id"]

    def create(self, request, *args, **kwargs):
        """Add one; where there is one for exactly the same, change that."""
        return super().create(request, *args, **kwargs)

    def destroy(self, request, *args, **kwargs):
        """Delete it; its items are planned by the next wider policy from the next night on."""
        row = self.get_object()
        require_reach(request.user, "replenishment.delete_policy", row.warehouse)

        def gone() -> None:
            audit.record(actor=request.user, action="policy.delete", subject=row, changes={"row": str(row)})
            product = row.product_id
            row.delete()
            tell_changed({product})

        return self.act(gone, code=status.HTTP_204_NO_CONTENT, answer=lambda _none: None)

    def saved(self, body: PolicySerializer, verb: str) -> Policy:
        """Save it with its next version; a mode that is not as before is logged."""
        old = Policy.objects.locked().filter(pk=body.instance.pk).first() if body.instance else None
        seen = body.validated_data.pop("version", None)
        permission = self.permissions["partial_update" if old else "create"]
        if old:
            StaleVersion.check(old, seen)
            body.instance = copy(old)  # as it is under the lock; what was read before may be older
            require_reach(self.request.user, permission, old.warehouse)
        require_reach(self.request.user, permission, body.validated_data.get("warehouse", old and old.warehouse))
        body.validated_data["version"] = old.version + 1 if old else 1
        row = super().saved(body, verb)
        if row.mode != (old.mode if old else ""):
            log_mode(row, old.mode if old else "", PolicyModeChange.Reason.BY_HAND, actor=self.request.user)
        tell_changed({old.product_id if old else None, row.product_id})
        return row
