"""Addresses: the admin at /admin/, the API at /api/, pages for people."""

from django.contrib import admin
from django.urls import path

urlpatterns = [
    path("admin/", admin.site.urls),
]
