"""Pictures in the bodies of requests: taken apart and drawn anew, so that nothing but the picture is kept."""

from __future__ import annotations

import base64
import binascii
from io import BytesIO

from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps, UnidentifiedImageError
from rest_framework import serializers

#: Characters of a data URL: a phone scales its picture down before it sends it.
LARGEST_TEXT = 2_000_000
MOST_PIXELS = 30_000_000
KINDS = ("JPEG", "PNG", "WEBP")
LONGEST_SIDE = 1600
#: What Pillow raises at bytes that are no picture, at half of one, and at one that is far too large when unpacked.
UNREADABLE = (
    binascii.Error, UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError,
)  # fmt: skip


class PictureField(serializers.CharField):
    """A picture as a data URL (JPEG, PNG or WebP); valid, it is the bytes of a JPEG without place, time or camera."""

    default_error_messages = {
        "too_large": _("The picture is too large. Send it with at most 2 MB, scaled down."),
        "no_picture": _("This is no picture that can be read. Send a JPEG, a PNG or a WebP."),
    }

    def __init__(self, **kwargs):
        super().__init__(**({"required": False, "allow_null": True, "default": None, "write_only": True} | kwargs))

    def to_internal_value(self, data) -> bytes:
        text = super().to_internal_value(data)
        if len(text) > LARGEST_TEXT:
            self.fail("too_large")
        head, _comma, body = text.partition(",")
        if not head.startswith("data:image/") or not head.endswith(";base64"):
            self.fail("no_picture")
        try:
            return redrawn(base64.b64decode(body, validate=True))
        except UNREADABLE:
            self.fail("no_picture")


def redrawn(content: bytes) -> bytes:
    """The same picture as a JPEG of at most 1600 pixels a side, turned as it was held; nothing else of it is left."""
    with Image.open(BytesIO(content), formats=KINDS) as opened:
        if opened.width * opened.height > MOST_PIXELS:  # known before a pixel is unpacked
            raise ValueError(f"{opened.width} x {opened.height} pixels")
        picture = ImageOps.exif_transpose(opened).convert("RGB")
    picture.info.clear()  # Pillow would write a JPEG's comment again
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    written = BytesIO()
    picture.save(written, "JPEG", quality=80, optimize=True)
    return written.getvalue()
