"""Damage with a photo: what is kept of the picture, who sees it, and what is no picture."""

from __future__ import annotations

import base64
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from stock.models import DamagePhoto, SetAside, StockLevel
from tests.making import picture

pytestmark = [pytest.mark.django_db, pytest.mark.api, pytest.mark.usefixtures("media")]
ADDRESS = "/api/v1/set-asides/"


@pytest.fixture
def clerk(api_of, make_user, warehouse, make_product, receive):
    receive(make_product("CUP", barcode="4006381333931"), 10)
    return api_of(make_user("clerk", warehouse))


def report(client, **body):
    return client.post(
        ADDRESS, {"product": "CUP", "warehouse": "riga", "quantity": 2, "reason": "damaged"} | body, format="json"
    )


def test_damage_is_set_aside_with_its_photo_which_keeps_nothing_but_the_picture(clerk, media):
    made = report(clerk, product="4006381333931", note="wet", photo=picture())
    assert (made.status_code, made.json()["has_photo"], StockLevel.objects.get().unsellable) == (201, True, 2)
    answer = clerk.get(f"{ADDRESS}{made.json()['id']}/photo/")
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
    content = answer.content
    assert b"Secret" not in content
    with Image.open(BytesIO(content)) as shown:
        assert (shown.size, dict(shown.getexif())) == ((40, 20), {})
        assert shown.getpixel((5, 5))[1] < 60 < 200 < shown.getpixel((35, 5))[1]
    assert Path(DamagePhoto.objects.get().file.path).is_relative_to(media)


def test_a_large_picture_is_made_smaller_and_turned_as_it_was_held(clerk):
    exif = Image.Exif()
    exif[0x0112] = 6  # the phone was held upright
    written = BytesIO()
    Image.new("RGB", (3000, 1000), "white").save(written, "JPEG", exif=exif)
    made = report(clerk, photo=f"data:image/jpeg;base64,{base64.b64encode(written.getvalue()).decode()}")
    with Image.open(DamagePhoto.objects.get(set_aside=made.json()["id"]).file.path) as shown:
        assert shown.size == (533, 1600)


def test_scrapped_pieces_leave_at_once(clerk):
    assert report(clerk, is_scrapped=True, photo=picture(kind="PNG")).status_code == 201
    level = StockLevel.objects.get()
    assert (level.on_hand, level.unsellable) == (8, 0)
    assert not StockLevel.objects.differing_from_ledger().exists()


def test_the_same_report_sent_twice_is_one_with_one_photo(clerk, media):
    body = {"product": "CUP", "warehouse": "riga", "quantity": 2, "reason": "damaged", "photo": picture(kind="WEBP")}
    for _time in range(2):
        clerk.post(ADDRESS, body, format="json", headers={"Idempotency-Key": "k"})
    assert (SetAside.objects.count(), DamagePhoto.objects.count(), len(list(media.rglob("*.jpg")))) == (1, 1, 1)


@pytest.mark.parametrize(
    "photo",
    [
        "", "cup.jpg", "data:text/html;base64,PGI+", "data:image/jpeg;base64,%%%",
        "data:image/svg+xml;base64," + base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg'/>").decode(),
        picture()[:120], picture(kind="GIF"), "data:image/png;base64," + "A" * 2_000_000,
    ],
)  # fmt: skip
def test_what_is_no_picture_is_refused_and_nothing_is_set_aside(clerk, media, photo):
    answer = report(clerk, photo=photo)
    assert (answer.status_code, list(answer.json())) == (400, ["photo"])
    assert (SetAside.objects.count(), list(media.rglob("*.jpg"))) == (0, [])


def test_a_picture_that_would_unpack_to_gigabytes_is_refused(clerk):
    written = BytesIO()
    Image.new("1", (8000, 8000)).save(written, "PNG")
    answer = report(clerk, photo=f"data:image/png;base64,{base64.b64encode(written.getvalue()).decode()}")
    assert answer.json() == {"photo": ["This is no picture that can be read. Send a JPEG, a PNG or a WebP."]}


def test_strangers_do_not_see_it_and_no_address_leads_to_the_file(clerk, api_of, make_user, make_warehouse, client_of):
    number = report(clerk, photo=picture()).json()["id"]
    stranger = make_user("owner", make_warehouse("tallinn"))
    assert api_of(stranger).get(f"{ADDRESS}{number}/photo/").status_code == 404
    name = DamagePhoto.objects.get().file.name
    browser = client_of(make_user("owner"))
    assert {browser.get(f"/{place}/{name}").status_code for place in ("media", "files", "static")} == {404}
    bare = report(clerk).json()["id"]
    assert clerk.get(f"{ADDRESS}{bare}/photo/").status_code == 404


def test_the_admin_shows_the_photo_on_the_set_aside(clerk, client_of, make_user):
    number = report(clerk, photo=picture()).json()["id"]
    page = client_of(make_user("manager")).get(f"/admin/stock/setaside/{number}/change/").content.decode()
    assert f'src="{ADDRESS}{number}/photo' in page
