"""Alerts over the API: read, acknowledged, snoozed, assigned, resolved, taken back."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.decorators import action

from alerts import services
from alerts.models import Alert, AlertEvent
from alerts.sentences import sentence
from inventory_site.common.api import ReadRoom
from inventory_site.common.models import ShopSettings
from stock.access import require


class EventSerializer(serializers.ModelSerializer):
    actor = serializers.CharField(source="actor.username", default=None, read_only=True)

    class Meta:
        model = AlertEvent
        fields = ["kind", "actor", "note", "at"]


class AlertSerializer(serializers.ModelSerializer):
    product = serializers.CharField(source="product.sku", default=None, read_only=True)
    warehouse = serializers.CharField(source="warehouse.code", default=None, read_only=True)
    supplier = serializers.CharField(source="supplier.code", default=None, read_only=True)
    assigned_to = serializers.CharField(source="assigned_to.username", default=None, read_only=True)
    severity = serializers.CharField(source="get_severity_display", read_only=True)
    sentence = serializers.SerializerMethodField()
    events = EventSerializer(many=True, read_only=True)

    class Meta:
        model = Alert
        fields = [
            "id", "rule", "severity", "state", "sentence", "product", "warehouse", "supplier", "money_at_risk",
            "opened_on", "seen_on", "changed_at", "snoozed_until", "leads", "reopened", "assigned_to", "events",
        ]  # fmt: skip

    def get_fields(self):
        fields = super().get_fields()
        request = self.context.get("request")
        if request is not None and not request.user.has_perm("catalog.view_cost"):
            del fields["money_at_risk"]
        return fields

    def get_sentence(self, alert) -> str:
        shows_money = "money_at_risk" in self.fields
        return sentence(alert.code, alert.terms, self.context.get("currency", ""), shows_money=shows_money)


class NoteSerializer(serializers.Serializer):
    note = serializers.CharField(required=False, allow_blank=True, max_length=2000, default="")


class SnoozeSerializer(NoteSerializer):
    """Until a day, until it changes, or whichever comes first."""

    until = serializers.DateField(required=False, allow_null=True, default=None)
    on_change = serializers.BooleanField(required=False, default=False)

    def validate(self, data):
        if data["until"] is None and not data["on_change"]:
            raise serializers.ValidationError({"until": _("Name a day, or say on_change.")})
        return data


class CommentSerializer(serializers.Serializer):
    note = serializers.CharField(max_length=2000)


class AssignSerializer(NoteSerializer):
    to = serializers.SlugRelatedField(slug_field="username", queryset=get_user_model().objects.filter(is_active=True))


class AlertViewSet(ReadRoom):
    queryset = (
        Alert.objects.select_related("product", "warehouse", "supplier", "assigned_to")
        .prefetch_related("events__actor")
        .order_by("-severity", "-money_at_risk", "pk")
    )
    serializer_class = reader_class = AlertSerializer
    permissions = {
        "list": "alerts.view_alert",
        **dict.fromkeys(["acknowledge", "comment", "snooze", "assign", "resolve", "reopen"], "alerts.change_alert"),
    }
    filterset_fields = {
        "state": ["exact", "in"], "rule": ["exact"], "leads": ["exact"], "severity": ["exact", "gte"],
        "warehouse__code": ["exact"], "product__sku": ["exact"],
    }  # fmt: skip
    ordering_fields = ["id", "severity", "opened_on"]

    def get_serializer_class(self):
        asked = {"snooze": SnoozeSerializer, "assign": AssignSerializer, "comment": CommentSerializer}
        return asked.get(self.action, AlertSerializer)

    def get_serializer_context(self):
        return super().get_serializer_context() | {"currency": ShopSettings.objects.load().currency}

    def _handle(self, service, **terms):
        alert = self.get_object()
        if alert.warehouse:
            require(self.request.user, "alerts.change_alert", alert.warehouse)
        return self.act(lambda: service(alert=alert, actor=self.request.user, **terms))

    @action(detail=True, methods=["post"], serializer_class=serializers.Serializer)
    def acknowledge(self, request, pk=None):
        """I know; it stays until its cause is gone."""
        return self._handle(services.acknowledge)

    @action(detail=True, methods=["post"])
    def comment(self, request, pk=None):
        """Say something about it."""
        return self._handle(services.comment, **self.valid_body().validated_data)

    @action(detail=True, methods=["post"])
    def snooze(self, request, pk=None):
        """Hide it until a day or until it changes."""
        return self._handle(services.snooze, **self.valid_body().validated_data)

    @action(detail=True, methods=["post"])
    def assign(self, request, pk=None):
        """Give it to somebody."""
        return self._handle(services.assign, **self.valid_body().validated_data)

    @action(detail=True, methods=["post"], serializer_class=serializers.Serializer)
    def resolve(self, request, pk=None):
        """Done with."""
        return self._handle(services.resolve)

    @action(detail=True, methods=["post"], serializer_class=serializers.Serializer)
    def reopen(self, request, pk=None):
        """Take back an acknowledgement, a snooze or a resolution."""
        return self._handle(services.reopen)


ROUTES = {"alerts": AlertViewSet}
