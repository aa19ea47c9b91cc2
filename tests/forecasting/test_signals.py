"""Signals come in by file, API and admin: all bad rows at once, nothing written unless told, nothing twice."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from forecasting.models import Signal, SignalKind
from forecasting.services.signals import Word, tell_signals
from forecasting.signal_file import read_signals
from inventory_site.common.models import ShopSettings
from inventory_site.common.tables import ImportRefused

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 30)
HEAD = "name,date,value,warehouse,known_on"


@pytest.fixture
def owner(make_user):
    ShopSettings.objects.update_or_create(pk=1, defaults={"demo_until": TODAY})
    return make_user("owner")


@pytest.fixture
def read(tmp_path, owner, warehouse):
    def read(*lines: str, actor=None):
        (tmp_path / "signals.csv").write_text("\n".join(lines) + "\n")
        return read_signals(path=tmp_path / "signals.csv", actor=actor or owner)

    return read


def test_a_file_says_values_past_and_ahead(read, warehouse):
    found = read(HEAD, "rain,2026-03-01,3.5,riga,", "rain,2026-04-02,0,,2026-03-29", "adverts,2026-03-02,1e2,,")
    assert found.faults == []
    assert found.words == [
        Word("rain", date(2026, 3, 1), 3.5, date(2026, 3, 1), warehouse),
        Word("rain", date(2026, 4, 2), 0.0, date(2026, 3, 29)),
        Word("adverts", date(2026, 3, 2), 100.0, date(2026, 3, 2)),
    ]


def test_all_bad_rows_are_told_at_once_with_line_column_and_reason(read):
    found = read(
        HEAD, "rain,2026-03-01,3.5,,", ",2026-03-01,1,,", "rain,31.03.2026,1,,", "rain,2026-03-02,nan,,",
        "rain,2026-03-03,1,mars,", "rain,2026-03-04,1,,2026-04-01", "rain,2026-03-01,4,,", "ra in,,,,,9",
    )  # fmt: skip
    assert [(fault.line, fault.column) for fault in found.faults] == [
        (3, "name"), (4, "date"), (5, "value"), (6, "warehouse"), (7, "known_on"), (8, ""), (9, ""),
    ]  # fmt: skip
    assert "as in line 2" in found.faults[5].reason
    assert (found.rows, len(found.words), Signal.objects.count()) == (8, 1, 0)


def test_a_file_without_the_columns_is_refused_as_a_whole(read):
    with pytest.raises(ImportRefused, match="value"):
        read("name,date", "rain,2026-03-01")


def test_who_works_in_one_warehouse_tells_signals_of_that_one_only(read, make_user, warehouse, make_warehouse):
    make_warehouse("depot")
    buyer = make_user("buyer", warehouse)
    found = read(HEAD, "rain,2026-03-01,1,riga,", "rain,2026-03-01,1,depot,", "rain,2026-03-01,1,,", actor=buyer)
    assert [fault.line for fault in found.faults] == [3, 4]
    assert [word.warehouse for word in found.words] == [warehouse]


def test_telling_the_same_again_changes_nothing_and_another_value_replaces(owner):
    words = [Word("rain", TODAY, value, TODAY) for value in (1.0, 2.0)]
    assert tell_signals(words=words, actor=owner) == (1, 0)  # the later of two with one key counts
    assert tell_signals(words=words[1:], actor=owner) == (0, 0)
    assert tell_signals(words=words[:1], actor=owner) == (0, 1)
    assert list(Signal.objects.values_list("value", flat=True)) == [1.0]
    assert SignalKind.objects.get().ahead == "mean"


@pytest.mark.api
def test_the_api_takes_all_or_none_and_the_same_key_once(api_of, owner, warehouse):
    client = api_of(owner)
    good = {"name": "rain", "on_date": "2026-04-02", "value": 3.5, "warehouse": "riga"}
    bad = {"name": "ra in", "on_date": "2026-13-02", "value": "much", "warehouse": "mars", "known_on": "2026-04-01"}
    refused = client.post("/api/v1/signals/", {"signals": [good, bad]}, format="json")
    assert refused.status_code == 400
    assert {place: set(errors) for place, errors in refused.json()["signals"].items()} == {"1": set(bad)}
    assert Signal.objects.count() == 0
    for replayed in (None, "true"):
        answer = client.post(
            "/api/v1/signals/", {"signals": [good]}, format="json", headers={"Idempotency-Key": "signals-1"}
        )
        assert (answer.status_code, answer.json()) == (201, {"new": 1, "changed": 0, "known": 0})
        assert answer.headers.get("Idempotency-Replayed") == replayed
    row = Signal.objects.get()
    assert (row.known_on, row.warehouse) == (TODAY, warehouse)


def test_the_floor_reads_signals_and_tells_none(api_of, make_user, owner):
    client = api_of(make_user("clerk"))
    assert client.get("/api/v1/signals/").status_code == 200
    assert client.post("/api/v1/signals/", {"signals": []}, format="json").status_code == 403


def test_an_upload_with_bad_rows_writes_nothing_unless_told(client_of, owner, warehouse):
    client, address = client_of(owner), reverse("admin:forecasting_signal_upload")
    assert client.get(address).status_code == 200

    def upload(key: str, **fields):
        text = f"{HEAD}\nrain,2026-03-01,3.5,riga,\nrain,soon,1,,\n"
        return client.post(address, {"once": key, "file": SimpleUploadedFile("a.csv", text.encode()), **fields})

    page = upload("one").content.decode()
    assert "Nothing was written. Of 2 rows 1 are good." in page and "<td>soon</td>" in page
    assert Signal.objects.count() == 0
    for _twice in range(2):
        assert upload("two", skip_bad_rows="on").status_code == 302
    assert Signal.objects.get().value == 3.5
