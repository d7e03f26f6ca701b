"""A picture's metadata as object storage takes them: headers, so ASCII only and few. S3 allows 2 KB in all, Azure 8 KB; names that both
allow are single lower-case words."""

from __future__ import annotations

import base64
import binascii
import string
from collections.abc import Mapping
from urllib.parse import quote, unquote

import orjson

from octavo_generation.images.sealing import SEALED_TEXT_BYTES, Sealer

LIMITS = {"s3": 2_000, "azure": 7_500}
"""Bytes of names and values together, a little below what the services allow."""
SEALED = "sealed"
_SAFE = string.punctuation.replace("%", "").replace('"', "").replace("\\", "")


def encode(values: Mapping[str, str], limit: int) -> dict[str, str]:
    """Percent-encoded UTF-8. What is too long is cut, the longest first, so that the whole fits into `limit` bytes."""
    cap = limit
    while _size(encoded := {name: _quoted(value, cap) for name, value in values.items()}) > limit:
        cap = cap * 7 // 8
    return encoded


def decode(values: Mapping[str, str]) -> dict[str, str]:
    return {name: unquote(value, errors="replace") for name, value in values.items()}


def encode_sealed(values: Mapping[str, str], limit: int | None, sealer: Sealer, image: str) -> dict[str, str]:
    """One value, encrypted; `limit` None where there is no bound."""
    text, room = orjson.dumps(dict(values)), None if limit is None else (limit - len(SEALED)) * 3 // 4 - SEALED_TEXT_BYTES
    cap = room
    while room is not None and cap is not None and len(text) > room:
        text = orjson.dumps(decode(encode(values, cap)))
        cap = cap * 7 // 8
    return {SEALED: base64.b64encode(sealer.seal_text(text, image)).decode()}


def decode_sealed(value: str, sealer: Sealer, image: str) -> dict[str, str]:
    try:
        sealed = base64.b64decode(value, validate=True)
    except binascii.Error:
        sealed = b""
    opened: dict[str, str] = orjson.loads(sealer.open_text(sealed, image))
    return opened


def _quoted(value: str, cap: int) -> str:
    """Cut between characters, never within one."""
    encoded = quote(value, safe=_SAFE, errors="replace")
    if len(encoded) <= cap:
        return encoded
    pieces, size = [], 0
    for character in value[:cap]:
        piece = quote(character, safe=_SAFE, errors="replace")
        size += len(piece)
        if size > cap:
            break
        pieces.append(piece)
    return "".join(pieces)


def _size(values: Mapping[str, str]) -> int:
    return sum(len(name) + len(value) for name, value in values.items())
