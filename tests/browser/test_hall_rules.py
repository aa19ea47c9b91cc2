"""The daily acts of the hall keep what the phone's page promises: thumbs, narrow phones, weak eyes, a strict policy."""

from __future__ import annotations

import pytest

from tests.browser.conftest import EAN
from tests.browser.phones import phone
from tests.browser.rules import WATCH, faults, violations

pytestmark = [pytest.mark.browser, pytest.mark.long]

#: What is done on a screen, or on the first document of its list: codes are scanned, the rest is pressed.
ACTS = {
    "look": [EAN],
    "move": [EAN],
    "damage": [EAN],
    "receive": ["12345670", EAN, ".more .big"],
    "transfer": [EAN],
    "pick": [".line .acts .soft", ".key:text-is('0')", ".big.good"],
    "inspect": [".stepper .key:last-child >> nth=1"],
}


@pytest.mark.usefixtures("hall")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_acts_of_the_hall_fit_thumbs_narrow_phones_and_weak_eyes(scheme, language, chromium, address, person):
    clerk = person("clerk", language=language)
    found = []
    with phone(chromium, address, color_scheme=scheme) as clerks:
        clerks.context.add_init_script(WATCH)
        clerks.log_in(clerk)
        clerks.open()
        tiles = clerks.page.eval_on_selector_all("a.tile", "tiles => tiles.map((tile) => tile.hash)")
        assert {tile.removeprefix("#/") for tile in tiles} >= set(ACTS)
        for place, acts in ACTS.items():
            clerks.open(f"#/{place}")
            clerks.page.wait_for_load_state("networkidle")
            found += faults(clerks, place)
            if clerks.page.locator(".tiles.wide .tile").count():
                clerks.page.click(".tiles.wide .tile >> nth=0")
                clerks.page.wait_for_load_state("networkidle")
                found += faults(clerks, f"{place} one")
            for act in acts:
                clerks.scan(act) if act.isdigit() else clerks.page.click(act)
                clerks.page.wait_for_timeout(400)
                found += faults(clerks, f"{place} after {act}")
        assert (clerks.errors, violations(clerks)) == ([], [])
    assert found == []
