"""The sketch engine as a job's worker uses it: several pictures for one prompt, and descriptions.

Contract: both methods block their thread, touch no file, no network and no shared state, and may be called from several threads at
once. They are deterministic: picture `i` of a draw has the seed `seed + i`, so the same request gives the same bytes with the same
Pillow and numpy, and a larger `count` begins with the same pictures. Without a seed one is derived from the prompt, not from the
clock. They raise `InvalidInput` for what can never work, and nothing else on purpose; nobody retries in here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from octavo_core.errors import InvalidInput
from octavo_generation.engines.sketch.describing import describe_picture
from octavo_generation.engines.sketch.description import Description
from octavo_generation.engines.sketch.drawing import draw_sketch

MOST_PICTURES: Final = 10


@dataclass(frozen=True, slots=True)
class SketchEngine:
    """`size` is `WIDTHxHEIGHT` in pixels, each 64 to 2048."""

    name: str = "sketch"

    def draw(
        self,
        prompt: str,
        size: str = "1024x1024",
        count: int = 1,
        seed: int | None = None,
        style: str | None = None,
        quality: str | None = None,
    ) -> list[bytes]:
        """`count` PNG pictures, 1 to 10, in the order of their seeds."""
        if not 1 <= count <= MOST_PICTURES:
            raise InvalidInput(f"sketch draws 1 to {MOST_PICTURES} pictures at a time, not {count}")
        width, height = size_of(size)
        first = seed if seed is not None else int.from_bytes(sha256(prompt.encode()).digest()[:4], "big")
        return [draw_sketch(prompt, width=width, height=height, seed=first + index, style=style, quality=quality) for index in range(count)]

    def describe(self, data: bytes, question: str | None = None, language: str = "en") -> Description:
        """What is in a picture, or the answer to a question about it."""
        return describe_picture(data, question, language)


def size_of(size: str) -> tuple[int, int]:
    """`1024x768` to (1024, 768)."""
    match = re.fullmatch(r"\s*(\d{1,5})\s*[xX×]\s*(\d{1,5})\s*", size)
    if match is None:
        raise InvalidInput(f"a size is WIDTHxHEIGHT, as 1024x1024, not {size!r}")
    return int(match[1]), int(match[2])
