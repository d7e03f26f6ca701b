"""From a prompt to PNG bytes."""

from __future__ import annotations

from hashlib import sha256
from io import BytesIO

import numpy as np

from octavo_core.errors import InvalidInput
from octavo_generation.engines.sketch.canvas import Canvas
from octavo_generation.engines.sketch.colours import Colour

SMALLEST, LARGEST = 64, 2048


def draw_sketch(prompt: str, *, width: int, height: int, seed: int, style: str | None = None, quality: str | None = None) -> bytes:
    if not (SMALLEST <= width <= LARGEST and SMALLEST <= height <= LARGEST):
        raise InvalidInput(f"sketch draws pictures of {SMALLEST} to {LARGEST} pixels a side, not {width}x{height}")
    random = np.random.default_rng(int.from_bytes(sha256(f"{prompt}\0{seed}".encode()).digest()[:8], "big"))
    canvas = Canvas(width, height, 2)
    hue: Colour = tuple(int(level) for level in random.integers(60, 220, 3))  # type: ignore[assignment]
    canvas.columns([(0.0, hue), (1.0, (250, 240, 220))], 0, height)
    for _ in range(12):
        spot: Colour = tuple(int(level) for level in random.integers(60, 240, 3))  # type: ignore[assignment]
        canvas.dot(random.uniform(0, width), random.uniform(0, height), random.uniform(0.03, 0.15) * min(width, height), spot)
    out = BytesIO()
    canvas.finished().save(out, "PNG", compress_level=4)
    return out.getvalue()
