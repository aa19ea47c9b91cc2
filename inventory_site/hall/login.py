"""Logging in on a phone: the admin's own page weighs 1.4 MB, too much for a hall."""

from __future__ import annotations

from django.contrib.auth.views import LoginView


class HallLogin(LoginView):
    """Leads to the phone's page, or to where ``next`` says within this site."""

    template_name = "hall/login.html"
    next_page = "hall"
