"""Sample pictures: drawn by the sketch engine, with a band that says SAMPLE, and described by looking at their pixels.

Nothing is kept. A URL of a picture holds what is needed to draw it again, signed with a key of this process: it is good for as long as
the process runs, which is how vendors' own URLs behave, and nobody can ask for a picture that was not offered. Drawing runs beside the
event loop, at most as many at once as there are processors.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hmac
import os
import secrets
import zlib
from dataclasses import astuple, dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Literal

import orjson

if TYPE_CHECKING:
    from PIL import Image

Format = Literal["png", "jpeg", "webp"]
MEDIA_TYPES: dict[Format, str] = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
SMALLEST, LARGEST = 64, 2048
MOST_PIXELS_SEEN = 40_000_000


@dataclass(frozen=True, slots=True)
class Spec:
    """All that decides what a picture looks like. A grid is four pictures, of the seeds from `seed` on."""

    prompt: str
    width: int
    height: int
    seed: int = 0
    style: str | None = None
    quality: str | None = None
    format: Format = "png"
    grid: bool = False
    black: bool = False
    """What a safety filter leaves of a picture."""


class Pictures:
    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._drawing = asyncio.Semaphore(max(1, os.cpu_count() or 1))

    async def draw(self, spec: Spec) -> bytes:
        """Encoded as the spec says."""
        async with self._drawing:
            return await asyncio.to_thread(_draw, spec)

    async def describe(self, data: bytes) -> str | None:
        """None for what is no picture."""
        async with self._drawing:
            return await asyncio.to_thread(_describe, data)

    def token_of(self, spec: Spec) -> str:
        packed = zlib.compress(orjson.dumps(astuple(spec)), 9)
        return base64.urlsafe_b64encode(self._sign(packed) + packed).rstrip(b"=").decode()

    def spec_of(self, token: str) -> Spec | None:
        """None for a token that was not made here."""
        with contextlib.suppress(ValueError):
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
            if hmac.compare_digest(raw[:16], self._sign(raw[16:])):
                return Spec(*orjson.loads(zlib.decompress(raw[16:])))
        return None

    def _sign(self, packed: bytes) -> bytes:
        return hmac.digest(self._key, packed, "sha256")[:16]


def _draw(spec: Spec) -> bytes:
    # Not at the top: numpy and Pillow are only for those who ask for pictures.
    from PIL import Image

    if spec.black:
        image = Image.new("RGB", (spec.width, spec.height))
    elif spec.grid:
        image = Image.new("RGB", (spec.width, spec.height))
        for place in range(4):
            width, height = spec.width // 2, spec.height // 2
            part = _sketch(spec, width, height, spec.seed + place)
            image.paste(part, ((place % 2) * width, (place // 2) * height))
    else:
        image = _sketch(spec, spec.width, spec.height, spec.seed)
    _add_band(image)
    out = BytesIO()
    image.save(out, spec.format.upper())
    return out.getvalue()


def _sketch(spec: Spec, width: int, height: int, seed: int) -> Image.Image:
    from PIL import Image

    from octavo_generation.engines.sketch import draw_sketch

    drawn_width, drawn_height = (max(SMALLEST, min(LARGEST, side)) for side in (width, height))
    drawn = draw_sketch(spec.prompt, width=drawn_width, height=drawn_height, seed=seed, style=spec.style, quality=spec.quality)
    image = Image.open(BytesIO(drawn)).convert("RGB")
    return image if image.size == (width, height) else image.resize((width, height))


def _add_band(image: Image.Image) -> None:
    from PIL import ImageDraw, ImageFont

    width, height = image.size
    band = max(12, height // 14)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, height - band, width, height), fill=(20, 20, 20))
    font = ImageFont.load_default(size=max(8, round(band * 0.62)))
    label = "SAMPLE"
    left, top, right, bottom = draw.textbbox((0, 0), label, font=font)
    place = ((width - right + left) / 2 - left, height - band + (band - bottom + top) / 2 - top)
    draw.text(place, label, font=font, fill=(255, 255, 255))


def _describe(data: bytes) -> str | None:
    from PIL import Image, UnidentifiedImageError

    from octavo_generation.engines.sketch import describe_picture

    try:
        with Image.open(BytesIO(data)) as image:
            if image.width * image.height > MOST_PIXELS_SEEN:
                return None
            image.load()
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError):
        return None
    return describe_picture(data).text
