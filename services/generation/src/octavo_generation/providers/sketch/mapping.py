"""Our request in the drawing engine's words."""

from __future__ import annotations

from dataclasses import dataclass

from octavo_generation.providers.port import ImagePrompt
from octavo_generation.providers.profile import ModelProfile
from octavo_generation.providers.sizes import pixels_of

SEEDS = 2**32


@dataclass(frozen=True, slots=True)
class Drawing:
    """One picture, decided by all of these."""

    prompt: str
    width: int
    height: int
    seed: int
    style: str | None
    quality: str | None


def drawings(prompt: ImagePrompt, *, seed: int, profile: ModelProfile | None) -> tuple[Drawing, ...]:
    """`seed` is the first picture's, where the prompt has none. The others follow on it."""
    image = profile.image if profile is not None else None
    width, height = pixels_of(prompt.size)
    first = seed if prompt.seed is None else prompt.seed
    style = prompt.style if image is None or prompt.style in image.styles else None
    quality = prompt.quality if image is None or prompt.quality in image.qualities else None
    return tuple(Drawing(prompt.prompt, width, height, (first + index) % SEEDS, style, quality) for index in range(prompt.count))
