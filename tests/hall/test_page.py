"""The phone's page as the server gives it: the same for everybody, strict, and one set of files."""

from __future__ import annotations

import json
import re

import pytest

from inventory_site.hall import files

pytestmark = pytest.mark.django_db


def test_the_shell_knows_nobody_and_allows_nothing_inline(client, make_user, client_of):
    answer = client.get("/count/")
    policy = dict(part.strip().split(" ", 1) for part in answer["Content-Security-Policy"].split(";"))
    assert policy["script-src"] == "'self' 'wasm-unsafe-eval'"
    assert policy["style-src"] == "'self'"
    assert policy["default-src"] == "'none'"
    assert client_of(make_user("clerk")).get("/count/").content == answer.content


def test_the_worker_names_every_file_of_the_page_and_they_are_all_there(client):
    text = client.get("/count/worker.js").content.decode()
    kept = json.loads(re.search(r"const FILES = (\[.*?\]);", text).group(1))
    assert {"/count/", "/count/texts/zh-hans.json", "/static/hall/app.js", "/static/hall/screens/count.js"} <= set(kept)
    assert not [path for path in kept if "vendor" in path or path.endswith("worker.js")]
    own = [path for path in kept if path.startswith("/count/")]
    assert [client.get(path).status_code for path in own] == [200] * len(own)
    assert {f"/static/{name}" for name in files.kept_names()} == set(kept) - set(own)


def test_another_file_makes_another_version(settings, tmp_path):
    hall = tmp_path / "hall"
    hall.mkdir()
    (hall / "worker.js").write_text("// worker")
    (hall / "app.js").write_text("// one")
    settings.DEBUG, settings.STATICFILES_DIRS = True, [tmp_path]
    before = files.version()
    assert (files.kept_names(), files.version()) == (["hall/app.js"], before)
    (hall / "app.js").write_text("// two")
    assert files.version() != before


def test_the_session_tells_who_where_and_what(client, make_user, make_warehouse, client_of):
    make_warehouse("tartu")
    assert client.get("/count/session/").json() == {"user": None}
    clerk = make_user("clerk", make_warehouse("riga", name="Riga"))
    clerk.language = "zh-hans"
    clerk.save()
    told = client_of(clerk).get("/count/session/").json()
    assert (told["user"], told["language"]) == ({"id": clerk.pk, "name": clerk.username}, "zh-hans")
    assert told["warehouses"] == [{"code": "riga", "name": "Riga"}]
    assert "stock.change_stockcount" in told["may"]
    assert "stock.approve_stockcount" not in told["may"]


def test_what_is_meant_for_one_person_is_not_done_by_another(client, make_user, client_of):
    clerk, other = make_user("clerk"), make_user("clerk")

    def list_counts(browser, person):
        return browser.get("/api/v1/stock-counts/", headers={"X-Acting-As": str(person.pk)}).status_code

    assert list_counts(client_of(clerk), clerk) == 200
    assert list_counts(client_of(other), clerk) == 401
    assert list_counts(client, clerk) == 401


@pytest.mark.parametrize(("language", "said"), [("zh-hans", "撤销"), ("en", None), ("xx", None)])
def test_words_come_by_language(client, language, said):
    answer = client.get(f"/count/texts/{language}.json")
    assert answer.status_code == (404 if language == "xx" else 200)
    if language != "xx":
        assert answer.json().get("Undo") == said
