"""Who did what to which row, chained so that a missing or changed row shows."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Audit(models.Model):
    """Rows go in unchained with the business transaction; a sealer chains them, see ``common.audit``."""

    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, verbose_name=_("who"))
    action = models.CharField(_("action"), max_length=60)
    subject_type = models.CharField(_("kind of subject"), max_length=60)
    subject_key = models.CharField(_("subject"), max_length=100)
    changes = models.JSONField(_("changes"), default=dict, blank=True)
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now())
    chain = models.CharField(_("chain"), max_length=64, blank=True, editable=False)
    position = models.BigIntegerField(_("position"), null=True, unique=True, editable=False)

    class Meta:
        verbose_name = _("audit row")
        verbose_name_plural = _("audit trail")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["subject_type", "subject_key"], name="common_audit_subject"),
            models.Index(fields=["id"], condition=models.Q(position__isnull=True), name="common_audit_unsealed"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject_type} {self.subject_key}"
