"""Pictures that are sent: what is kept of them, and which are refused."""

from __future__ import annotations

import base64
import io
import struct
import zlib

import pytest
from PIL import Image
from rest_framework.serializers import ValidationError

from inventory_site.common.api_pictures import PictureField, redrawn


def data_url(content: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(content).decode()


def png_of_size(width: int, height: int) -> bytes:
    """A PNG that says how large it is, and has no pixel."""

    def part(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = part(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + part(b"IDAT", b"") + part(b"IEND", b"")


@pytest.mark.parametrize("side", [6000, 20_000, 100_000])
def test_a_picture_that_would_unpack_to_far_too_many_pixels_is_refused_in_words(side):
    with pytest.raises(ValidationError, match="no picture that can be read"):
        PictureField().run_validation(data_url(png_of_size(side, side)))


def test_nothing_written_beside_the_pixels_is_kept():
    written = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(written, "JPEG", comment=b"taken at Anna's home")
    assert b"Anna" in written.getvalue()
    kept = redrawn(written.getvalue())
    assert b"Anna" not in kept and Image.open(io.BytesIO(kept)).size == (40, 30)
