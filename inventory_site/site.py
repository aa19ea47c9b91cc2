"""The admin's site: Unfold's, without the list of all models that no page of ours shows."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from unfold.sites import UnfoldAdminSite


class ShelfAdminSite(UnfoldAdminSite):
    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict]:
        """Made only where a page reads it: sixty models' permissions and addresses cost more than most pages."""
        return SimpleLazyObject(lambda: super(ShelfAdminSite, self).get_app_list(request, app_label))
