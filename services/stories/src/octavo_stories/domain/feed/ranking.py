"""In what order the feed of what is liked shows posts.

    rank = published at + DOUBLING × log2(1 + likes + 2 × saves)

in milliseconds. As posts are only ever compared, this decays with time without being reckoned anew: a post needs twice the regard of
another that is `DOUBLING` younger to stand level with it. A like and a save count once a person, so nobody lifts a post by repetition.
(Reddit's "hot" is of this kind.) Pure.
"""

from __future__ import annotations

import base64
import binascii
import math

import orjson

from octavo_core.errors import Fault, InvalidInput

DOUBLING_MS = 8 * 3_600_000
SAVE_WEIGHT = 2
BUCKET_MS = 60_000
"""For so long a ranking stands as it was made."""
KEPT_MS = 6 * 3_600_000
"""For so long a reader may go on in a ranking that they began."""
MOST = 500
"""So many posts a ranking has."""


def rank_of(published_at: int, *, likes: int, saves: int) -> int:
    return published_at + round(DOUBLING_MS * math.log2(1 + max(likes, 0) + SAVE_WEIGHT * max(saves, 0)))


def bucket_of(now_ms: int) -> int:
    return now_ms // BUCKET_MS


def cursor_of(bucket: int, place: int) -> str:
    """Of the place at which a page of that ranking begins."""
    return base64.urlsafe_b64encode(orjson.dumps([bucket, place])).decode().rstrip("=")


def place_of(cursor: str) -> tuple[int, int]:
    """Raises `InvalidInput` for what was not given out here."""
    try:
        said = orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        said = None
    if isinstance(said, list) and len(said) == 2 and all(isinstance(one, int) and not isinstance(one, bool) for one in said):
        bucket, place = said
        if 0 <= bucket < 2**53 and 0 <= place <= MOST:
            return bucket, place
    raise unknown_cursor()


def unknown_cursor() -> InvalidInput:
    message = "is not one that was given out here for this order, or is too old; begin again without one"
    return InvalidInput(f"cursor: {message}", faults=(Fault("cursor", message),))
