"""Settings from the environment: what is wrong is said with its name."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from inventory_site.environment import number


@pytest.mark.parametrize(("written", "read"), [(None, 25), ("", 25), (" 587 ", 587), ("0", 0)])
def test_a_whole_number_or_the_default_where_nothing_is_written(monkeypatch, written, read):
    monkeypatch.delenv("EMAIL_PORT", raising=False)
    if written is not None:
        monkeypatch.setenv("EMAIL_PORT", written)
    assert number("EMAIL_PORT", 25) == read


@pytest.mark.parametrize("written", ["smtp", "-1", "2.5"])
def test_what_is_no_whole_number_is_refused_by_its_name(monkeypatch, written):
    monkeypatch.setenv("EMAIL_PORT", written)
    with pytest.raises(ImproperlyConfigured, match="EMAIL_PORT="):
        number("EMAIL_PORT", 25)
