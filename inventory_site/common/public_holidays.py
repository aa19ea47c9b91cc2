"""Public holidays of a country, from the ``holidays`` library."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache


def holidays_between(country: str, first_on: date, last_on: date) -> Mapping[date, str]:
    """Day to name, in the country's language; nothing for a country that the library does not know."""
    found: dict[date, str] = {}
    for year in range(first_on.year, last_on.year + 1):
        found |= {day: name for day, name in _of_year(country.upper(), year) if first_on <= day <= last_on}
    return dict(sorted(found.items()))


@lru_cache(maxsize=512)
def _of_year(country: str, year: int) -> tuple[tuple[date, str], ...]:
    import holidays

    if country not in holidays.list_supported_countries():
        return ()
    return tuple(holidays.country_holidays(country, years=year).items())
