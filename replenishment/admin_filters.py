"""Filters by class letter: several letters at once."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import MultipleDropdownFilter


class _LetterFilter(MultipleDropdownFilter):
    letters = ""

    def lookups(self, request, model_admin):
        return [(letter, letter) for letter in self.letters]

    def queryset(self, request, queryset):
        chosen = [letter for letter in self.used_parameters.get(self.parameter_name) or [] if letter]
        return queryset.filter(**{f"{self.parameter_name}__in": chosen}) if chosen else queryset


class AbcFilter(_LetterFilter):
    title, parameter_name, letters = _("ABC"), "abc", "ABC"


class XyzFilter(_LetterFilter):
    title, parameter_name, letters = _("XYZ"), "xyz", "XYZ"
