"""Addresses of the phone's page."""

from django.urls import path

from inventory_site.hall import views

urlpatterns = [
    path("", views.page, name="hall"),
    path("manifest.json", views.manifest, name="hall-manifest"),
    path("worker.js", views.worker, name="hall-worker"),
    path("session/", views.session, name="hall-session"),
    path("texts/<slug:language>.json", views.texts, name="hall-texts"),
]
