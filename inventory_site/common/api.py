"""What every endpoint shares: idempotent writes and one shape of error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler

from inventory_site.common import idempotency
from inventory_site.common.errors import Busy, DomainError, KeyReused
from inventory_site.common.retry import retry_when_busy


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "inventory_site.common.api_rules.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema):
        return {"type": "http", "scheme": "bearer"}


def explain_error(error: Exception, context: dict) -> Response | None:
    """409 for a business refusal, 422 for a reused key; the rest as DRF does."""
    if isinstance(error, KeyReused):
        return Response({"code": error.code, "detail": str(error)}, status.HTTP_422_UNPROCESSABLE_ENTITY)
    if isinstance(error, DomainError):
        headers = {"Retry-After": str(error.retry_after_seconds)} if isinstance(error, Busy) else None
        return Response({"code": error.code, "detail": str(error)}, status.HTTP_409_CONFLICT, headers=headers)
    if isinstance(error, DjangoPermissionDenied) and str(error):
        error = exceptions.PermissionDenied(str(error))
    return exception_handler(error, context)


def write_once(
    request, operation: str, effect: Callable[[], tuple[int, Any]], *, retried: Callable | None = None
) -> Response:
    """Run ``effect`` under the request's ``Idempotency-Key`` and answer what it, or its first call, said.

    ``effect`` makes the change and returns (status, plain data). Without a key it simply runs.
    """
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > 200:
        raise exceptions.ValidationError({"Idempotency-Key": [_("At most 200 characters.")]})

    def once() -> tuple[int, Any, bool]:
        with transaction.atomic():
            if not key:
                return *effect(), True
            claimed = idempotency.claim(
                principal=f"user:{request.user.pk}",
                operation=operation,
                key=key,
                body={"path": request.path, "data": request.data},
            )
            if claimed.is_new:
                claimed.store(*effect())
            return claimed.status, claimed.answer, claimed.is_new

    code, answer, is_new = retry_when_busy(once)
    return Response(answer, status=code, headers=None if is_new else {"Idempotency-Replayed": "true"})
