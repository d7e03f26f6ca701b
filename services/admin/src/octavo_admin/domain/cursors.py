"""Cursors: places in a list, in letters that a URL takes as they are. Pure."""

from __future__ import annotations

import base64
import binascii

from octavo_core.errors import Fault, InvalidInput


def encode_cursor(place: str) -> str:
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> str:
    """Raises `InvalidInput` for what was never given out."""
    try:
        place = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        place = ""
    if not place or encode_cursor(place) != cursor:
        raise InvalidInput("cursor: not a cursor that was given out here", faults=(Fault("cursor", "not a cursor"),))
    return place
