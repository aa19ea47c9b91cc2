"""A file that somebody brings in: kept, previewed, then applied in batches."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class ImportJob(models.Model):
    class State(models.TextChoices):
        UPLOADED = "uploaded", _("checking")
        PREVIEWED = "previewed", _("checked, not yet applied")
        APPLYING = "applying", _("being applied")
        APPLIED = "applied", _("applied")
        REFUSED = "refused", _("refused")

    kind = models.CharField(_("kind"), max_length=40)
    format = models.CharField(_("format"), max_length=40, default="generic")
    file = models.FileField(_("file"), upload_to="imports/", max_length=300)
    file_name = models.CharField(_("file name"), max_length=300)
    fingerprint = models.CharField(max_length=64, editable=False, db_index=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.UPLOADED)
    options = models.JSONField(_("options"), default=dict, blank=True)
    listing = models.FileField(_("rows left out"), upload_to="imports/", max_length=300, blank=True)
    skip_bad_rows = models.BooleanField(_("leave out bad rows"), default=False)
    rows_read = models.PositiveIntegerField(_("rows read"), default=0)
    rows_done = models.PositiveIntegerField(_("rows applied"), default=0)
    report = models.JSONField(_("report"), default=dict, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, verbose_name=_("requested by")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.file_name
