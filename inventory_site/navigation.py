"""The sidebar: what people do, in the order of a day. Entries that a person may not open are left out."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

PURCHASES, RECEIVE = "admin:orders_purchaseorder_changelist", "admin:orders_purchaseorder_receive"
Entry = tuple[str, str, str, str]  # title, icon, URL name (and what to ask it for), permission


def sections(request: HttpRequest) -> list[dict]:
    """Unfold's sidebar for this person."""
    groups = [
        ("", _everyday()),
        (_("Stock"), _stock()),
        (_("Selling and buying"), _orders()),
        (_("Planning"), _planning()),
        (_("Shop"), _shop()),
    ]
    return [
        {"title": title, "separator": bool(title), "collapsible": title == _("Shop"), "items": items}
        for title, entries in groups
        if (items := [_item(entry, request) for entry in entries if request.user.has_perm(entry[3])])
    ]


def _item(entry: Entry, request: HttpRequest) -> dict:
    title, icon, place, _permission = entry
    name, question, query = place.partition("?")
    item = {"title": title, "icon": icon, "link": f"{reverse(name)}{question}{query}"}
    if name in (PURCHASES, RECEIVE):  # one address begins with the other, and only one of them should be lit
        is_here = request.path.startswith(reverse(PURCHASES))
        item["active"] = is_here and (name == RECEIVE) == _is_receiving(request)
    return item


def _is_receiving(request: HttpRequest) -> bool:
    return request.path.startswith(reverse(RECEIVE)) or request.path.endswith("/do/receive/")


def _everyday() -> list[Entry]:
    return [
        (_("Today"), "today", "admin:index", "catalog.view_product"),
        (_("Warnings"), "warning", "warnings", "alerts.view_alert"),
        (_("Suggestions"), "shopping_cart", "admin:replenishment_suggestion_changelist?state__exact=open",
         "replenishment.view_suggestion"),
        (_("This week's purchase"), "savings", "purchase-plan", "catalog.view_cost"),
        (_("Inventory positions"), "inventory", "admin:replenishment_inventoryposition_changelist",
         "replenishment.view_inventoryposition"),
        (_("Products"), "category", "admin:catalog_product_changelist", "catalog.view_product"),
    ]  # fmt: skip


def _stock() -> list[Entry]:
    return [
        (_("Stock levels"), "shelves", "admin:stock_stocklevel_changelist", "stock.view_stocklevel"),
        (_("What to count"), "checklist", "admin:stock_countneed_changelist", "stock.view_countneed"),
        (_("Stock counts"), "fact_check", "admin:stock_stockcount_changelist", "stock.view_stockcount"),
        (_("Phone page"), "barcode_reader", "hall", "stock.view_stockcount"),
        (_("Phones"), "phone_iphone", "phones", "stock.view_stockcount"),
        (_("Movements"), "swap_vert", "admin:stock_stockmovement_changelist", "stock.view_stockmovement"),
        (_("Transfers"), "move_down", "admin:stock_transfer_changelist", "stock.view_transfer"),
        (
            _("Transfer lanes"),
            "conversion_path",
            "admin:replenishment_transferlane_changelist",
            "replenishment.view_transferlane",
        ),
        (_("Set-asides"), "block", "admin:stock_setaside_changelist", "stock.view_setaside"),
        (_("Warehouses"), "warehouse", "admin:stock_warehouse_changelist", "stock.view_warehouse"),
        (_("Bins"), "grid_view", "admin:stock_bin_changelist", "stock.view_bin"),
        (_("Closed days"), "event", "admin:stock_closedday_changelist", "stock.view_closedday"),
    ]


def _orders() -> list[Entry]:
    return [
        (_("Sales orders"), "receipt_long", "admin:orders_salesorder_changelist", "orders.view_salesorder"),
        (_("Returns"), "assignment_return", "admin:orders_return_changelist", "orders.view_return"),
        (_("Purchase orders"), "local_shipping", PURCHASES, "orders.view_purchaseorder"),
        (_("Receive goods"), "barcode_scanner", RECEIVE, "orders.receive_purchaseorder"),
        (_("Came by mistake"), "report", "admin:orders_deliveryfinding_changelist", "orders.view_deliveryfinding"),
        (_("Order by supplier"), "assignment", "supplier-orders", "orders.view_purchaseorder"),
        (_("Chase late goods"), "call", "supplier-chase", "orders.view_purchaseorder"),
        (_("Suppliers"), "factory", "admin:catalog_supplier_changelist", "catalog.view_supplier"),
        (_("Supplier scorecards"), "grading", "admin:replenishment_supplierscore_changelist",
         "replenishment.view_supplierscore"),
        (_("Suppliers' terms"), "handshake", "admin:catalog_supplierproduct_changelist",
         "catalog.view_supplierproduct"),
        (_("Promotions"), "sell", "admin:catalog_promotion_changelist", "catalog.view_promotion"),
        (_("Customers"), "person", "admin:orders_customer_changelist", "orders.view_customer"),
        (_("Imports"), "upload_file", "admin:common_importjob_changelist", "common.view_importjob"),
        (_("Views and carts"), "visibility", "admin:orders_dailyinterest_changelist", "orders.view_dailyinterest"),
        (_("Daily demand"), "bar_chart", "admin:orders_dailydemand_changelist", "orders.view_dailydemand"),
    ]  # fmt: skip


def _planning() -> list[Entry]:
    return [
        (_("Alerts"), "notifications", "admin:alerts_alert_changelist?state__exact=open", "alerts.view_alert"),
        (_("Reorder points"), "vertical_align_bottom", "admin:replenishment_reorderpoint_changelist",
         "replenishment.view_reorderpoint"),
        (_("Policies"), "tune", "admin:replenishment_policy_changelist", "replenishment.view_policy"),
        (_("Stock value against fill rate"), "scatter_plot", "policy-front", "replenishment.change_policy"),
        (_("What fits into the room"), "shelves", "room-plan", "replenishment.view_reorderpoint"),
        (_("Forecasts"), "trending_up", "admin:forecasting_forecast_changelist", "forecasting.view_forecast"),
        (_("Anomalies"), "troubleshoot", "admin:forecasting_anomaly_changelist?state__exact=open",
         "forecasting.view_anomaly"),
        (_("Signals"), "cloud", "admin:forecasting_signal_changelist", "forecasting.view_signal"),
        (_("Missing days"), "event_busy", "admin:forecasting_datarule_changelist", "forecasting.view_datarule"),
        (_("Overrides by week"), "edit_calendar", "admin:forecasting_override_grid", "forecasting.view_override"),
        (_("Forecast accuracy"), "target", "forecast-accuracy", "forecasting.view_accuracybyhorizon"),
        (_("Forecasts of groups"), "stacked_line_chart", "admin:forecasting_aggregateforecast_changelist",
         "forecasting.view_aggregateforecast"),
        (_("New items"), "fiber_new", "admin:forecasting_launch_changelist", "forecasting.view_launch"),
        (_("Segments"), "donut_small", "admin:forecasting_segment_changelist", "forecasting.view_segment"),
        (_("Models"), "model_training", "admin:forecasting_modelversion_changelist", "forecasting.view_modelversion"),
        (_("Methods by choice"), "playlist_add_check", "admin:forecasting_methodchoice_changelist",
         "forecasting.view_methodchoice"),
        (_("What if"), "page_info", "what-if", "replenishment.view_reorderpoint"),
        (_("Had you followed us"), "history", "backtest", "replenishment.view_backtest"),
        (_("Lead times"), "schedule", "admin:replenishment_leadtime_changelist", "replenishment.view_leadtime"),
        (_("Key figures"), "monitoring", "key-figures", "replenishment.view_keyfigures"),
    ]  # fmt: skip


def _shop() -> list[Entry]:
    return [
        (_("Nightly jobs"), "nightlight", "admin:common_jobrun_changelist", "common.view_jobrun"),
        (_("Shop settings"), "storefront", "admin:common_shopsettings_changelist", "common.change_shopsettings"),
        (_("People"), "group", "admin:common_user_changelist", "common.view_user"),
        (_("Warehouse access"), "key", "admin:stock_warehouseaccess_changelist", "stock.view_warehouseaccess"),
        (_("API tokens"), "token", "admin:common_apitoken_changelist", "common.view_apitoken"),
        (_("Messages"), "mail", "admin:alerts_subscription_changelist", "alerts.view_subscription"),
        (_("Messages sent"), "outgoing_mail", "admin:alerts_delivery_changelist", "alerts.view_delivery"),
        (_("Message channels"), "webhook", "admin:alerts_channel_changelist", "alerts.view_channel"),
        (_("Warning rules"), "rule", "warning-rules", "alerts.view_rulesetting"),
        (_("Audit trail"), "history", "admin:common_audit_changelist", "common.view_audit"),
        (_("Timetable"), "alarm", "admin:django_celery_beat_periodictask_changelist",
         "django_celery_beat.view_periodictask"),
        (_("Failed log-ins"), "lock", "admin:axes_accessattempt_changelist", "axes.view_accessattempt"),
    ]  # fmt: skip
