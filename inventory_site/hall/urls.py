"""Addresses of the phone's page."""

from csp.decorators import csp_replace
from django.urls import path

from inventory_site.hall import views
from inventory_site.hall.login import HallLogin

urlpatterns = [
    path("", views.page, name="hall"),
    path("login/", csp_replace(views.POLICY)(HallLogin.as_view()), name="hall-login"),
    path("logout/", views.log_out, name="hall-logout"),
    path("manifest.json", views.manifest, name="hall-manifest"),
    path("worker.js", views.worker, name="hall-worker"),
    path("session/", views.session, name="hall-session"),
    path("texts/<slug:language>.json", views.texts, name="hall-texts"),
]
