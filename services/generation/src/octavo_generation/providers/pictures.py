"""Encoded pictures as upstreams send them: bytes whose kind their first bytes tell, whatever the header says, or base64 of them."""

from __future__ import annotations

import base64
import binascii

from octavo_generation.providers.port import Picture

_MAGIC = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF87a", "image/gif"), (b"GIF89a", "image/gif"))


def picture_of(data: bytes) -> Picture | None:
    """None for what is not a PNG, JPEG, WebP or GIF: an error page must not be kept as a picture."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return Picture(data, "image/webp")
    return next((Picture(data, kind) for magic, kind in _MAGIC if data.startswith(magic)), None)


def picture_of_base64(text: object) -> Picture | None:
    """Also of a `data:` URL. None for what is neither."""
    if not isinstance(text, str):
        return None
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        return picture_of(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return None
