"""The grid of overrides in a real browser: only what was changed is sent, and what is refused is not lost."""

from __future__ import annotations

import pytest

from forecasting.models import Override
from tests.browser.conftest import DARK_PHONE

pytestmark = [pytest.mark.browser, pytest.mark.long]


def test_a_cell_is_typed_refused_explained_and_saved(person, morning, visit):
    with visit(person("buyer"), **DARK_PHONE) as buyer:
        assert buyer.open("/admin/forecasting/override/grid/").status == 200
        page = buyer.page
        cells = page.locator("input[data-was]")
        assert (cells.count(), page.inner_text("#og-count")) == (8, "nothing changed")
        cells.nth(1).fill("+50 %")
        assert page.inner_text("#og-count") == "1 changed"
        page.click("text=Save the changes")
        page.wait_for_selector("text=Say why")
        assert cells.nth(1).input_value() == "+50 %"
        page.fill("input[name=reason]", "a fair")
        with page.expect_request(lambda request: request.method == "POST") as sent:
            page.click("text=Save the changes")
        assert sent.value.post_data.count("cell%3A") == 1
        page.wait_for_selector("text=1 saved, 0 withdrawn")
        assert (cells.nth(0).input_value(), cells.nth(1).input_value()) == ("", "+50 %")
        page.click("button:has-text('Undo')")
        page.wait_for_selector("text=1 withdrawn")
        assert cells.nth(1).input_value() == ""
        assert buyer.trouble == []
    assert (Override.objects.get().said, Override.objects.standing().count()) == ("+50 %", 0)
