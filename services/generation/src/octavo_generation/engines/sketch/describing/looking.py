"""Opening a picture and bringing it down to the small working size, in RGB and Lab."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from octavo_core.errors import InvalidInput
from octavo_generation.engines.sketch.colours import Floats, to_lab

SIDE = 256
"""Of the shorter side, in pixels; a picture much longer than wide is held to 2.2 times that."""


@dataclass(frozen=True, slots=True)
class Look:
    """The picture at about `SIDE` pixels (uint8 RGB and float32 Lab), and its true size. `patches` are pieces of brightness at
    the picture's own resolution, where noise is still to be seen."""

    rgb: npt.NDArray[np.uint8]
    lab: Floats
    patches: tuple[Floats, ...]
    width: int
    height: int


def look(data: bytes) -> Look:
    """Raises `InvalidInput` for bytes that are no picture. The first frame of an animation; transparency over white."""
    try:
        with Image.open(BytesIO(data)) as opened:
            width, height = opened.size
            image = _flat(opened)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InvalidInput("this is no picture that can be read (PNG, JPEG, WebP or GIF)") from error
    share = min(SIDE / min(image.size), 2.2 * SIDE / max(image.size))
    size = (max(8, round(image.width * share)), max(8, round(image.height * share)))
    rgb = np.asarray(image.resize(size, Image.Resampling.BOX if share < 1 else Image.Resampling.BILINEAR))
    return Look(rgb, to_lab(rgb), _patches(image), width, height)


def _flat(image: Image.Image) -> Image.Image:
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        with_alpha = image.convert("RGBA")
        ground = Image.new("RGB", image.size, (255, 255, 255))
        ground.paste(with_alpha, mask=with_alpha.getchannel("A"))
        return ground
    return image.convert("RGB")


def _patches(image: Image.Image) -> tuple[Floats, ...]:
    """The brightness in the middles of a grid of three by three."""
    side = max(1, min(96, image.width // 3, image.height // 3))
    corners = [
        (round((a + 0.5) / 3 * image.width - side / 2), round((b + 0.5) / 3 * image.height - side / 2)) for a in range(3) for b in range(3)
    ]
    return tuple(np.asarray(image.crop((x, y, x + side, y + side)).convert("L"), dtype=np.float32) for x, y in corners)
