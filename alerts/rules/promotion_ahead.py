"""A promotion starts soon, and what is there and on order will not last through it."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from alerts.rules.base import Action, PositionRule, Threshold, register
from catalog.models import Promotion


@register
class PromotionAhead(PositionRule):
    code, label = "promotion_ahead", _("Promotion ahead without enough stock")
    action = Action.ORDER
    statuses = ("out", "order", "runs_out")
    thresholds = {"days_ahead": Threshold(14, _("days ahead"), _("Promotions that start later are not told yet."), 1)}
    sentences = {
        "promotion_ahead": _(
            "%(sku)s %(product)s goes on promotion in %(warehouse)s on %(starts_on)s, with only %(available)s "
            "available and %(on_order)s on order."
        )
    }

    def positions(self):
        until = self.today + timedelta(days=self.threshold("days_ahead"))
        ahead = Promotion.objects.known_on(self.today).filter(
            Q(warehouse_code="") | Q(warehouse_code=OuterRef("warehouse__code")),
            product=OuterRef("product"), starts_on__gt=self.today, starts_on__lte=until,
        )  # fmt: skip
        first = Subquery(ahead.order_by("starts_on").values("starts_on")[:1])
        return super().positions().filter(Exists(ahead)).annotate(starts_on=first)

    def finding(self, position):
        return self.about(position, position.margin_at_risk, starts_on=position.starts_on.isoformat())
