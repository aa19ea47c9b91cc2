"""One row for each answered write, so that asking again gives the same answer."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class IdempotencyKey(models.Model):
    """Inserted in the transaction of its effect: a refusal rolls it back with everything else."""

    principal = models.CharField(_("principal"), max_length=150)
    operation = models.CharField(_("operation"), max_length=150)
    key = models.CharField(_("key"), max_length=200)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(_("status"), default=0)
    answer = models.TextField(_("answer"), null=True, help_text=_("JSON as text: a replay is the same to the letter."))
    created_at = models.DateTimeField(_("created"), auto_now_add=True, db_index=True)

    class Meta:
        verbose_name = _("idempotency key")
        verbose_name_plural = _("idempotency keys")
        constraints = [
            models.UniqueConstraint(fields=["principal", "operation", "key"], name="common_idempotency_once")
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.key}"
