"""From a prompt to PNG bytes."""

from __future__ import annotations

from hashlib import sha256
from io import BytesIO
from typing import Final

from PIL import Image, ImageEnhance

from octavo_core.errors import InvalidInput
from octavo_generation.engines.sketch.canvas import Canvas
from octavo_generation.engines.sketch.composing import compose
from octavo_generation.engines.sketch.painting import paint
from octavo_generation.engines.sketch.reading import fold, read_prompt
from octavo_generation.engines.sketch.scene import Scene

SMALLEST: Final = 64
LARGEST: Final = 2048
_MOST_FINE_PIXELS: Final = 17_000_000
"""The canvas's bound, three bytes each: 51 MB."""

_STYLES: Final = {"vivid": (1.16, 1.06), "natural": (0.74, 0.95), None: (1.0, 1.0)}


def draw_sketch(prompt: str, *, width: int, height: int, seed: int, style: str | None = None, quality: str | None = None) -> bytes:
    """A picture of what the prompt names, as PNG.

    A pure function of its arguments: the same bytes every time with the same Pillow and numpy. `style` is `vivid` (strong
    colours) or `natural` (muted), anything else is refused; `quality` `hd` draws finer, with more detail. Raises `InvalidInput`
    for a side outside 64..2048.
    """
    if not (SMALLEST <= width <= LARGEST and SMALLEST <= height <= LARGEST):
        raise InvalidInput(f"sketch draws pictures of {SMALLEST} to {LARGEST} pixels a side, not {width}x{height}")
    if style not in _STYLES:
        raise InvalidInput(f"sketch knows the styles vivid and natural, not {style!r}")
    finer = quality == "hd"
    scene = scene_of(prompt, seed, (width, height), detail=1.6 if finer else 1.0)
    return _encoded(draw_scene(scene, width, height, style=style, scale=_scale(width * height, 4 if finer else 3)))


def scene_of(prompt: str, seed: int, shape: tuple[int, int], *, detail: float = 1.0) -> Scene:
    """What `draw_sketch` would draw, before it is drawn."""
    digest = int.from_bytes(sha256(fold(prompt).encode()).digest()[:8], "big")
    return compose(read_prompt(prompt), digest, seed, shape, detail=detail)


def draw_scene(scene: Scene, width: int, height: int, *, style: str | None, scale: int) -> Image.Image:
    canvas = Canvas(width, height, scale)
    paint(canvas, scene)
    return _styled(canvas.finished(), style)


def _scale(pixels: int, wished: int) -> int:
    return next((scale for scale in range(wished, 1, -1) if scale * scale * pixels <= _MOST_FINE_PIXELS), 2)


def _styled(image: Image.Image, style: str | None) -> Image.Image:
    colour, contrast = _STYLES[style]
    if style is None:
        return image
    return ImageEnhance.Contrast(ImageEnhance.Color(image).enhance(colour)).enhance(contrast)


def _encoded(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "PNG", compress_level=5)
    return out.getvalue()
