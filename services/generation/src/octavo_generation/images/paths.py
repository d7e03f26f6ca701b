"""What a picture is called, and where it lies. Both follow from its job alone, so that a job's second attempt meets what the first left."""

from __future__ import annotations

import hashlib
import re
import uuid
from datetime import UTC, datetime

IMAGE_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
PICTURES = "generated_images"
"""Folder of pictures in OCTAVO_HOME, where no other is given; each generator has one below it."""
ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
"""The media types that are kept, and how their files end."""
_PATH = re.compile(rf"\d{{4}}/\d{{2}}/\d{{2}}/({IMAGE_ID.pattern})\.(png|jpg|webp)")


def image_id(job: str, accepted_at: int, index: int) -> str:
    """The id of a job's picture number `index`. `accepted_at` is when the job was accepted, in ms since the epoch.

    A UUID of version 8 (RFC 9562): 48 bits of time in front, so that ids sort by time as the jobs' own do, and behind them a digest
    of the job's id and the index. As hard to guess as the job's id is.
    """
    digest = hashlib.sha256(f"octavo image {job} {index}".encode()).digest()
    raw = bytearray((accepted_at & (1 << 48) - 1).to_bytes(6, "big") + digest[:10])
    raw[6] = 0x80 | raw[6] & 0x0F
    raw[8] = 0x80 | raw[8] & 0x3F
    return str(uuid.UUID(bytes=bytes(raw)))


def path_of(image: str, media_type: str) -> str:
    """`YYYY/MM/DD/{id}.png`, by the UTC day on which its job was accepted; other media types end in their own way."""
    accepted_at = int(image[:8] + image[9:13], 16)
    return f"{datetime.fromtimestamp(accepted_at / 1000, UTC):%Y/%m/%d}/{image}.{ENDINGS[media_type]}"


def id_in(path: str) -> str:
    """The id in a path of ours. Raises `ValueError` for any other path: none but ours may reach a storage."""
    found = _PATH.fullmatch(path)
    if found is None:
        raise ValueError("not the path of a picture")
    return found[1]


def media_type_of(path: str) -> str:
    ending = path.rpartition(".")[2]
    return next(media_type for media_type, known in ENDINGS.items() if known == ending)
