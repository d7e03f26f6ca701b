"""Bounds of the pictures that strangers send. Imports no codec."""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 1_048_576
KINDS = "PNG, JPEG, WebP or GIF"
"""What is taken, in words for people."""


@dataclass(frozen=True, slots=True)
class PictureLimits:
    """Bytes, pixels and seconds. `max_side` and `max_copy_bytes` are of the copy that a model gets."""

    max_bytes: int = 10 * MEBIBYTE
    max_pixels: int = 25_000_000
    max_side: int = 2_048
    max_copy_bytes: int = 2 * MEBIBYTE
    decode_s: float = 15.0
    queue_s: float = 30.0
    """How long a picture waits for its turn to be decoded."""
