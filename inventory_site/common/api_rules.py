"""The defaults that settings.py names: tokens, roles, pages, ordering. Imports no DRF view (they import settings)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from django.db.models import F, Model
from django.db.models.expressions import OrderBy
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, permissions, status
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.filters import OrderingFilter
from rest_framework.pagination import PageNumberPagination
from rest_framework.throttling import UserRateThrottle

from inventory_site.common.models import ApiToken


@dataclass
class Count:
    """Calls of one person in one window: those that all processes know of, and ours that were not told yet."""

    window: int
    known: int = 0
    untold: int = 0
    told_at: float = 0.0


class TokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer sw_…``"""

    def authenticate(self, request):
        parts = get_authorization_header(request).decode("latin-1").split()
        if len(parts) != 2 or parts[0].lower() != "bearer":
            return None
        token = ApiToken.objects.select_related("user").filter(digest=ApiToken.objects.digest(parts[1])).first()
        if token is None or not token.user.is_active:
            raise exceptions.AuthenticationFailed(_("This token is not valid. Make a new one in the admin."))
        if token.last_used_at is None or (timezone.now() - token.last_used_at).total_seconds() > 60:
            ApiToken.objects.filter(pk=token.pk).update(last_used_at=timezone.now())
        return token.user, token

    def authenticate_header(self, request):
        return "Bearer"


class OtherPerson(exceptions.AuthenticationFailed):
    """Kept apart by its code, so that a device keeps what it was going to send."""

    status_code = status.HTTP_401_UNAUTHORIZED
    default_code = "other_person"


class PersonSession(SessionAuthentication):
    """A session; ``X-Acting-As`` names the person whom the caller believes to be logged in.

    What a device kept for one person must not be sent as another's, who logged in meanwhile.
    """

    def authenticate(self, request):
        found = super().authenticate(request)
        meant = request.headers.get("X-Acting-As", "")
        if meant and (found is None or str(found[0].pk) != meant):
            raise OtherPerson(_("Somebody else is logged in here by now. Log in again to send what is yours."))
        return found


class RolePermission(permissions.BasePermission):
    """The view names what each action needs: ``permissions = {"list": "stock.view_stocklevel", …}``."""

    def has_permission(self, request, view):
        if not request.user or not request.user.is_authenticated:
            return False
        needed = getattr(view, "permissions", {})
        action = getattr(view, "action", None)
        if action is None:  # a method that the route does not have, or the API's root
            return True
        if action not in needed:
            action = "list" if action == "retrieve" else action
        return action in needed and request.user.has_perm(needed[action])


class SharedRate(UserRateThrottle):
    """So many calls in each hour (day, minute). A process counts its own calls and adds them to all processes' count
    once a second: a limit against programs run wild need not cost each call a query and a list of all calls before it.
    """

    told_every_seconds = 1.0
    _counts: ClassVar[dict[str, Count]] = {}

    def allow_request(self, request, view):
        name = self.get_cache_key(request, view)
        if name is None:
            return True
        now = self.timer()
        window = int(now // self.duration)
        count = self._counts.get(name)
        if count is None or count.window != window:
            count = self._counts[name] = Count(window)
        count.untold += 1
        if now - count.told_at >= self.told_every_seconds:
            self._tell(f"{name}_{window}", count, now)
        self._ends_in = (window + 1) * self.duration - now
        return count.known + count.untold <= self.num_requests

    def _tell(self, key: str, count: Count, now: float) -> None:
        added, count.untold, count.told_at = count.untold, 0, now
        self.cache.add(key, 0, timeout=2 * self.duration)
        count.known = self.cache.incr(key, added)

    def wait(self):
        return self._ends_in


class Pages(PageNumberPagination):
    page_size_query_param = "page_size"
    max_page_size = 500


class DeclaredOrdering(OrderingFilter):
    """Orders by what the view declares and nothing else; an unknown field is refused, not ignored."""

    def get_ordering(self, request, queryset, view):
        asked = request.query_params.get(self.ordering_param, "")
        allowed = {name for name, _label in self.get_valid_fields(queryset, view, {"request": request})}
        for field in filter(None, asked.split(",")):
            if field.strip().lstrip("-") not in allowed:
                raise exceptions.ValidationError({self.ordering_param: [_("Unknown field “%s”.") % field]})
        return super().get_ordering(request, queryset, view)

    def get_default_valid_fields(self, queryset, view, context=None):
        return []

    def filter_queryset(self, request, queryset, view):
        """What is not known comes last, whichever way and on either database."""
        ordering = self.get_ordering(request, queryset, view)
        return queryset.order_by(*(_known_first(queryset.model, term) for term in ordering)) if ordering else queryset


def _known_first(model: type[Model], term: str) -> str | OrderBy:
    name = term.lstrip("-")
    nullable = {field.name for field in model._meta.concrete_fields if field.null}
    return OrderBy(F(name), descending=term != name, nulls_last=True) if name in nullable else term
