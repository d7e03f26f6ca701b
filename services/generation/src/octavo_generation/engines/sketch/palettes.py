"""Palettes for pictures without things: from the colours the prompt names, or a harmony of the prompt's own."""

from __future__ import annotations

from collections.abc import Sequence
from colorsys import hls_to_rgb, rgb_to_hls

import numpy as np

from octavo_generation.engines.sketch.colours import NAMED, Colour, darker, lighter, mix

_ANGLES = ((0.0, 0.08, 0.5, 0.58), (0.0, 0.33, 0.66, 0.05), (0.0, 0.06, 0.12, 0.55), (0.0, 0.42, 0.5, 0.92))


def palette_of(colours: Sequence[Colour], random: np.random.Generator) -> tuple[Colour, ...]:
    """Six to nine colours, the ground first. Where colours are named, nothing but their tones and a quiet neutral."""
    if not colours:
        return _harmony(random)
    tones: list[Colour] = []
    for colour in colours[:4]:
        tones += [colour, _toned(colour, 0.14), _toned(colour, -0.14)]
    ground = _toned(colours[0], -0.22) if len(colours) > 1 else mix(NAMED["beige"], colours[0], 0.12)
    return (ground, *tones)


def _toned(colour: Colour, step: float) -> Colour:
    """The same hue, lighter or darker."""
    hue, light, strength = rgb_to_hls(*(level / 255 for level in colour))
    red, green, blue = hls_to_rgb(hue, min(0.92, max(0.1, light + step)), strength)
    return (round(red * 255), round(green * 255), round(blue * 255))


def _harmony(random: np.random.Generator) -> tuple[Colour, ...]:
    start = float(random.random())
    angles = _ANGLES[int(random.integers(0, len(_ANGLES)))]
    made: list[Colour] = []
    for step, angle in enumerate(angles):
        red, green, blue = hls_to_rgb((start + angle) % 1, 0.5 + 0.09 * (step % 3), 0.4 + 0.16 * float(random.random()))
        made.append((round(red * 255), round(green * 255), round(blue * 255)))
    dark = random.random() < 0.5
    ground = darker(made[0], 0.72) if dark else lighter(made[0], 0.8)
    return (ground, *made, lighter(made[1], 0.45), darker(made[0], 0.35))
