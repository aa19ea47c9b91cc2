"""Sales orders and demand over the API: documents are named by number."""

from __future__ import annotations

from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers, status
from rest_framework.decorators import action

from inventory_site.common.api import ReadRoom
from inventory_site.common.api_lines import QuantitiesSerializer, Versioned, skus_of
from orders import return_api, services
from orders.access import require_everywhere, require_for_return
from orders.errors import InvalidLines, StaleVersion
from orders.finding_api import DeliveryFindingViewSet
from orders.interest_api import CartEventViewSet
from orders.lookup_api import LookupViewSet
from orders.models import Customer, DailyDemand, SalesOrder, SalesOrderLine
from orders.pick_api import PickViewSet
from orders.purchase_api import PurchaseOrderViewSet
from orders.sales_fields import (
    AllocateSerializer,
    HoldSerializer,
    MergeSerializer,
    NewSalesOrderSerializer,
    OneSalesOrderSerializer,
    SalesLinesSerializer,
    SalesOrderSerializer,
    SplitSerializer,
)
from stock.access import require, within

ADD, SELL = "orders.add_salesorder", "orders.change_salesorder"


class SalesOrderViewSet(ReadRoom):
    """Orders with the lines of the caller's warehouses; what is moved is moved in these only."""

    queryset = (
        SalesOrder.objects.select_related("channel", "customer", "merged_into")
        .with_stage()
        .with_total()
        .order_by("-pk")
    )
    lines = SalesOrderLine.objects.with_allocated().select_related("product", "warehouse").order_by("pk")
    serializer_class = SalesOrderSerializer
    reader_class = OneSalesOrderSerializer
    permissions = {
        "list": "orders.view_salesorder",
        "create": ADD,
        "return_goods": "orders.add_return",
    } | dict.fromkeys(("place", "change_lines", "allocate", "split", "merge", "undo", "ship", "cancel", "hold"), SELL)
    lookup_field = "number"
    filterset_fields = {
        "state": ["exact"], "channel__code": ["exact"], "external_id": ["exact"], "placed_at": ["gte", "lte"],
        "customer__external_id": ["exact"],
    }  # fmt: skip
    search_fields = ["number", "external_id"]
    ordering_fields = ["placed_at", "number"]
    bodies = {
        "retrieve": OneSalesOrderSerializer,
        "create": NewSalesOrderSerializer,
        "place": Versioned,
        "change_lines": SalesLinesSerializer,
        "allocate": AllocateSerializer,
        "split": SplitSerializer,
        "merge": MergeSerializer,
        "undo": Versioned,
        "ship": QuantitiesSerializer,
        "cancel": QuantitiesSerializer,
        "hold": HoldSerializer,
        "return_goods": return_api.NewReturnSerializer,
    }

    def get_queryset(self):
        lines = self.lines.visible_to(self.request.user)
        return super().get_queryset().prefetch_related(Prefetch("lines", lines))

    def get_serializer_class(self):
        return self.bodies.get(self.action, SalesOrderSerializer)

    def create(self, request, *args, **kwargs):
        """Place an order, or write a draft; what takes no back-orders is allocated in full or the whole is refused."""
        wish = dict(self.valid_body().validated_data)
        lines = [services.NewLine(**line) for line in wish.pop("lines")]
        require(request.user, ADD, *{line.warehouse for line in lines})
        number, minutes = wish.pop("customer"), wish.pop("reserved_minutes")
        if minutes:
            wish["reserved_until"] = timezone.now() + timedelta(minutes=minutes)

        def place():
            customer = Customer.objects.get_or_create(external_id=number)[0] if number else None
            return services.place_sales_order(
                **wish, lines=lines, customer=customer, actor=request.user, within=within(request.user, ADD)
            )

        return self.act(place, code=status.HTTP_201_CREATED)

    def _order_and_body(self, permission: str = SELL):
        """The order, where the caller's role allows the act in some warehouse of it, and the body.

        A line that the caller cannot see is not there for them.
        """
        order = self.get_object()
        body = self.valid_body(skus=skus_of(SalesOrderLine.objects.filter(order=order)))
        if not SalesOrder.objects.visible_to(self.request.user, permission).filter(pk=order.pk).exists():
            raise PermissionDenied(_("Your role in this order's warehouses does not allow this."))
        asked = body.chosen() if isinstance(body, QuantitiesSerializer) else None
        if asked and not set(asked) <= {line.pk for line in order.lines.all()}:
            raise InvalidLines(_("%(number)s has no such line.") % {"number": order.number})
        return order, body

    def _whole_order_and_body(self):
        """The same for acts on all of an order: the caller's role must allow them wherever it has lines."""
        order, body = self._order_and_body()
        require_everywhere(self.request.user, SELL, [order])
        return order, body

    @action(detail=True, methods=["post"])
    def place(self, request, number=None):
        """Make a draft an order: it is allocated, and its demand counts from now."""
        order, body = self._whole_order_and_body()
        wish = {"within": within(request.user, SELL), "version": body.version_seen()}
        return self.act(lambda: services.confirm_sales_order(order=order, actor=request.user, **wish))

    @action(detail=True, methods=["post"], url_path="lines")
    def change_lines(self, request, number=None):
        """Change, add and take off lines of a draft."""
        order, body = self._whole_order_and_body()
        wish = body.changes() | {"within": within(request.user, SELL)}
        require(request.user, SELL, *{line.warehouse for line in wish["added"]})
        return self.act(lambda: services.change_sales_draft(order=order, actor=request.user, **wish))

    @action(detail=True, methods=["post"])
    def allocate(self, request, number=None):
        """Promise what is available to whatever waits, by the order's strategy or another one."""
        order, body = self._order_and_body()
        wish = {"strategy": body.validated_data["strategy"], "version": body.version_seen()}
        places = within(request.user, SELL)
        return self.act(
            lambda: services.allocate_sales_order(order=order, actor=request.user, within=places, **wish),
            answer=lambda _pieces: self.shown(order),
        )

    @action(detail=True, methods=["post"])
    def ship(self, request, number=None):
        """Ship some lines, or all that the caller's warehouses have allocated."""
        order, body = self._order_and_body()
        wish = {"quantities": body.chosen(), "within": within(request.user, SELL), "version": body.version_seen()}
        return self.act(lambda: services.ship_sales_order(order=order, actor=request.user, **wish))

    @action(detail=True, methods=["post"])
    def cancel(self, request, number=None):
        """Cancel some lines, or all that was not shipped; a draft as a whole."""
        order, body = self._order_and_body()
        wish = {"quantities": body.chosen(), "within": within(request.user, SELL), "version": body.version_seen()}
        return self.act(lambda: services.cancel_sales_order(order=order, actor=request.user, **wish))

    @action(detail=True, methods=["post"])
    def hold(self, request, number=None):
        """Reserve its stock for so many minutes or until a time; with neither for good."""
        order, body = self._whole_order_and_body()
        wish = {"until": body.until(), "within": within(request.user, SELL), "version": body.version_seen()}
        return self.act(lambda: services.hold_sales_order(order=order, actor=request.user, **wish))

    @action(detail=True, methods=["post"])
    def split(self, request, number=None):
        """Move what waits, what other warehouses serve, or chosen pieces to new orders; ``orders`` has all of them."""
        order, body = self._whole_order_and_body()
        wish = {"by": body.validated_data["by"], "quantities": body.chosen(), "version": body.version_seen()}
        return self.act(
            lambda: services.split_sales_order(order=order, actor=request.user, **wish),
            code=status.HTTP_201_CREATED,
            answer=lambda made: {"orders": [self.shown(row) for row in (order, *made)]},
        )

    @action(detail=False, methods=["post"])
    def merge(self, request):
        """Put open orders of one customer and address together: the oldest takes what the others wait for."""
        body = self.valid_body()
        orders = self._named(body.validated_data["orders"])
        require_everywhere(request.user, SELL, orders)
        seen = {order.pk: body.validated_data["versions"].get(order.number) for order in orders}
        versions = {pk: version for pk, version in seen.items() if version is not None}
        return self.act(
            lambda: services.merge_sales_orders(orders=orders, actor=request.user, versions=versions or None)
        )

    def _named(self, numbers: list[str]) -> list[SalesOrder]:
        found = {order.number: order for order in self.get_queryset().filter(number__in=numbers)}
        missing = [number for number in numbers if number not in found]
        if missing:
            sentence = _("There is no order %(numbers)s.") % {"numbers": ", ".join(missing)}
            raise serializers.ValidationError({"orders": [sentence]})
        return list(found.values())

    @action(detail=True, methods=["post"])
    def undo(self, request, number=None):
        """Undo the order's newest split or merge."""
        order, body = self._order_and_body()

        def undo():
            StaleVersion.check(order, body.version_seen())
            newest = services.newest_reshaping(order)
            require_everywhere(request.user, SELL, newest.orders.all())
            versions = {order.pk: body.version_seen()}
            return services.undo_reshaping(reshaping=newest, actor=request.user, versions=versions)

        return self.act(undo, answer=lambda _reshaping: self.shown(order))

    @action(detail=True, methods=["post"], url_path="return")
    def return_goods(self, request, number=None):
        """Announce that the customer sends shipped pieces back; answers with the return."""
        order, body = self._order_and_body("orders.add_return")
        wish = {"quantities": body.chosen(), "reason": body.validated_data["reason"], "version": body.version_seen()}

        def announce():
            made = services.register_return(order=order, actor=request.user, **wish)
            require_for_return(request.user, return_api.ANNOUNCE, made)
            return made

        return self.act(
            announce,
            code=status.HTTP_201_CREATED,
            answer=lambda made: return_api.shown(made, self.get_serializer_context()),
        )


class DailyDemandSerializer(serializers.ModelSerializer):
    product = serializers.CharField(source="series.product.sku", read_only=True)
    warehouse = serializers.CharField(source="series.warehouse.code", read_only=True)

    class Meta:
        model = DailyDemand
        fields = ["product", "warehouse", "on_date", "demand", "sales", "price", "stocked_out_rate"]


class DemandViewSet(ReadRoom):
    """Daily demand; a day without a row had none."""

    queryset = DailyDemand.objects.select_related("series__product", "series__warehouse").order_by("series", "on_date")
    serializer_class = DailyDemandSerializer
    permissions = {"list": "orders.view_dailydemand"}
    filterset_fields = {
        "series__product__sku": ["exact"], "series__warehouse__code": ["exact"], "on_date": ["exact", "gte", "lte"],
    }  # fmt: skip
    ordering_fields = ["on_date", "demand"]


ROUTES = {
    "sales-orders": SalesOrderViewSet,
    "picks": PickViewSet,
    "lookup": LookupViewSet,
    "returns": return_api.ReturnViewSet,
    "purchase-orders": PurchaseOrderViewSet,
    "delivery-findings": DeliveryFindingViewSet,
    "demand": DemandViewSet,
    "cart-events": CartEventViewSet,
}
