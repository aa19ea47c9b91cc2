"""How people look at lists, and which defaults they have confirmed."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class SavedFilter(models.Model):
    """A list as one person filtered, searched and ordered it, under a name of their own."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_filters", verbose_name=_("person")
    )
    page = models.CharField(_("list"), max_length=100, help_text=_("The name of the list's address."))
    name = models.CharField(_("name"), max_length=60)
    query = models.TextField(_("query"), blank=True)

    class Meta:
        verbose_name = _("saved filter")
        verbose_name_plural = _("saved filters")
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(fields=["user", "page", "name"], name="common_savedfilter_once")]

    def __str__(self) -> str:
        return self.name


class ColumnChoice(models.Model):
    """The columns that one person leaves out of a list."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="column_choices", verbose_name=_("person")
    )
    page = models.CharField(_("list"), max_length=100, help_text=_("The name of the list's address."))
    hidden = models.JSONField(_("left out"), default=list, blank=True)

    class Meta:
        verbose_name = _("choice of columns")
        verbose_name_plural = _("choices of columns")
        constraints = [models.UniqueConstraint(fields=["user", "page"], name="common_columnchoice_once")]

    def __str__(self) -> str:
        return self.page


class ConfirmedDefault(models.Model):
    """A number that nobody entered and somebody said is right all the same."""

    key = models.CharField(_("number"), max_length=80, unique=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("confirmed by")
    )
    confirmed_at = models.DateTimeField(_("confirmed"), default=timezone.now)

    class Meta:
        verbose_name = _("confirmed default")
        verbose_name_plural = _("confirmed defaults")

    def __str__(self) -> str:
        return self.key
