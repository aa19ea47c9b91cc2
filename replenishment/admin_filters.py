"""Filters by class letter, several letters at once, and by a share in per cent."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import MultipleDropdownFilter, RangeNumericFilter


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


class PercentRangeFilter(RangeNumericFilter):
    """A share that is stored from 0 to 1 and asked for in per cent."""

    def __init__(self, field, *arguments, **named):
        super().__init__(field, *arguments, **named)
        self.title = _("%(name)s, per cent") % {"name": field.verbose_name}

    def queryset(self, request, queryset):
        for end, lookup in (("from", "gte"), ("to", "lte")):
            value = self.used_parameters.get(f"{self.parameter_name}_{end}")
            try:
                bound = {f"{self.parameter_name}__{lookup}": float(value) / 100} if value else {}
            except ValueError:
                return None  # as its neighbours do with what is no number
            queryset = queryset.filter(**bound)
        return queryset
