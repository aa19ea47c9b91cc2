"""What every endpoint shares: idempotent writes and one shape of error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions, mixins, serializers, status, viewsets
from rest_framework.response import Response
from rest_framework.views import exception_handler

from inventory_site.common import audit, idempotency
from inventory_site.common.errors import Busy, DomainError, KeyReused
from inventory_site.common.retry import retry_when_busy, retry_when_taken


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
    return exception_handler(_known_to_api(error), context)


def _known_to_api(error: Exception) -> Exception:
    """Django's and Python's own refusals as those that the API answers with a sentence."""
    if isinstance(error, RequestDataTooBig):
        return BodyTooLarge(
            _("The body is larger than %(most)d bytes. Send it in several requests.")
            % {"most": settings.DATA_UPLOAD_MAX_MEMORY_SIZE}
        )
    if isinstance(error, OverflowError):
        return exceptions.ValidationError({"detail": [_("A date or a number of the request is out of range.")]})
    if isinstance(error, DjangoPermissionDenied) and str(error):
        return exceptions.PermissionDenied(str(error))
    return error


class BodyTooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE


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


class CostFields:
    """A serializer that leaves out ``cost_fields`` for people who may not see costs."""

    cost_fields: tuple[str, ...] = ()

    def get_fields(self):
        fields = super().get_fields()
        request = self.context.get("request")
        if request is not None and not request.user.has_perm(settings.COST_PERMISSION):
            for name in self.cost_fields:
                fields.pop(name, None)
        return fields


class Room(viewsets.GenericViewSet):
    """Rows that the caller may see, and acts that each run once per key."""

    lookup_value_regex = "[^/]+"

    def get_queryset(self):
        return super().get_queryset().visible_to(self.request.user)

    def valid_body(self, serializer: type[serializers.Serializer] | None = None, **context):
        """The validated body, or a 400 that names every bad field at once; ``context`` is told to the serializer."""
        made = (serializer or self.get_serializer_class())(
            data=self.request.data, context=self.get_serializer_context() | context
        )
        made.is_valid(raise_exception=True)
        return made

    def act(
        self, effect: Callable[[], Any], *, code: int = status.HTTP_200_OK, answer: Callable | None = None
    ) -> Response:
        """Run ``effect`` once per key; the answer is the row as it is afterwards."""

        def made() -> tuple[int, Any]:
            result = effect()
            return code, answer(result) if answer else self.shown(result)

        return write_once(self.request, f"{self.basename}.{self.action}", made)

    def shown(self, row: Any) -> Any:
        """The row as a list or retrieve would show it."""
        fresh = self.get_queryset().get(pk=row.pk)
        reader = getattr(self, "reader_class", None) or self.get_serializer_class()
        return reader(fresh, context=self.get_serializer_context()).data


class ReadRoom(mixins.ListModelMixin, mixins.RetrieveModelMixin, Room):
    """Lists and single rows."""


class WriteRoom(ReadRoom):
    """A catalogue-like resource: create and change, each once per key."""

    # Validated within the act: asked again, a name that is taken by now was taken by this very request.

    def create(self, request, *args, **kwargs):
        return retry_when_taken(
            lambda: self.act(lambda: self.saved(self.valid_body(), "create"), code=status.HTTP_201_CREATED)
        )

    def partial_update(self, request, *args, **kwargs):
        row = self.get_object()

        def change():
            body = self.get_serializer(self.held(row), data=request.data, partial=True)
            body.is_valid(raise_exception=True)
            return self.saved(body, "change")

        return retry_when_taken(lambda: self.act(change))

    def held(self, row: Any) -> Any:
        """The row to change; read again under its lock, where others write what its change is judged by."""
        return row

    def saved(self, body: serializers.ModelSerializer, verb: str):
        """Save the row and write to the audit trail what was told of it; what it has no field for is not."""
        told = {name for name, field in body.fields.items() if name in self.request.data and not field.read_only}
        changes = {name: str(self.request.data[name])[:200] for name in sorted(told)}
        row = body.save()
        audit.record(actor=self.request.user, action=f"{row._meta.model_name}.{verb}", subject=row, changes=changes)
        return row
