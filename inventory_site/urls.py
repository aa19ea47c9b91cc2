"""Addresses: the admin at /admin/, the API at /api/, pages for people."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from alerts.pages import warnings
from alerts.pages_live import live
from alerts.pages_messages import preview, unsubscribe
from alerts.pages_rules import rules
from forecasting.pages_accuracy import accuracy
from inventory_site.common.languages import switch_language
from inventory_site.phones import phones
from inventory_site.today_more import confirm_default, more
from replenishment import pages_backtest, pages_key_figures, pages_what_if
from replenishment.pages import decide
from replenishment.pages_budget import apply_plan, budget_plan
from replenishment.pages_front import apply, front
from replenishment.pages_room import room
from replenishment.pages_suppliers import chase, promise, suppliers
from replenishment.pages_suppliers import order as supplier_order
from replenishment.pages_suppliers import risk as supplier_order_risk
from replenishment.product_page import product
from stock.label_admin import labels

handler400 = "inventory_site.refusals.bad_request"
handler403 = "inventory_site.refusals.forbidden"
handler404 = "inventory_site.refusals.not_found"
handler500 = "inventory_site.refusals.failed"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/catalog/product/<int:pk>/plan/", admin.site.admin_view(product), name="product"),
    path("admin/forecasting/accuracy-figures/", admin.site.admin_view(accuracy), name="forecast-accuracy"),
    path("admin/replenishment/backtest-figures/", admin.site.admin_view(pages_backtest.backtest), name="backtest"),
    path("admin/replenishment/backtest-start/", admin.site.admin_view(pages_backtest.start), name="backtest-start"),
    path("admin/replenishment/front/", admin.site.admin_view(front), name="policy-front"),
    path("admin/replenishment/front/apply/", admin.site.admin_view(apply), name="policy-front-apply"),
    path("admin/replenishment/room/", admin.site.admin_view(room), name="room-plan"),
    path("admin/replenishment/plan/", admin.site.admin_view(budget_plan), name="purchase-plan"),
    path("admin/replenishment/plan/apply/", admin.site.admin_view(apply_plan), name="purchase-plan-apply"),
    path(
        "admin/catalog/product/<int:pk>/what-if/", admin.site.admin_view(pages_what_if.product), name="product-what-if"
    ),
    path("admin/replenishment/key-figures/", admin.site.admin_view(pages_key_figures.key_figures), name="key-figures"),
    path("admin/replenishment/what-if/", admin.site.admin_view(pages_what_if.whole_shop), name="what-if"),
    path("admin/replenishment/what-if/apply/", admin.site.admin_view(pages_what_if.apply), name="what-if-apply"),
    path("admin/replenishment/suppliers/", admin.site.admin_view(suppliers), name="supplier-orders"),
    path("admin/replenishment/chase/", admin.site.admin_view(chase), name="supplier-chase"),
    path(
        "admin/replenishment/suppliers/<path:code>/order/", admin.site.admin_view(supplier_order), name="supplier-order"
    ),
    path(
        "admin/replenishment/suppliers/<path:code>/risk/",
        admin.site.admin_view(supplier_order_risk),
        name="supplier-order-risk",
    ),
    path(
        "admin/replenishment/suppliers/<path:code>/promise/",
        admin.site.admin_view(promise),
        name="supplier-order-promise",
    ),
    path("admin/stock/labels/", admin.site.admin_view(labels), name="labels"),
    path("admin/phones/", admin.site.admin_view(phones), name="phones"),
    path("admin/", admin.site.urls),
    path("today/more/", more, name="today-more"),
    path("today/confirm/", confirm_default, name="today-confirm"),
    path("live/", live, name="live"),
    path("warnings/", warnings, name="warnings"),
    path("warnings/rules/", rules, name="warning-rules"),
    path("warnings/<slug:code>/", warnings, name="warnings"),
    path("messages/stop/<uuid:token>/", unsubscribe, name="unsubscribe"),
    path("messages/preview/<int:pk>/", preview, name="digest-preview"),
    path("suggestions/<int:pk>/<str:verb>/", decide, name="suggestion-decide"),
    path("count/", include("inventory_site.hall.urls")),
    path("api/", include("inventory_site.api")),
    path("i18n/setlang/", switch_language, name="set_language"),
]
