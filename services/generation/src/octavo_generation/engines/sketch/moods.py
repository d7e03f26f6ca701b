"""Compositions for words that name nothing known: no picture of the words, but one of their own, in their own palette."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi, sin
from typing import Final

import numpy as np

from octavo_generation.engines.sketch.canvas import Canvas, Shade, oval
from octavo_generation.engines.sketch.colours import Colour, darker, lighter, mix
from octavo_generation.engines.sketch.scene import Scene

Mood = Callable[[Canvas, tuple[Colour, ...], np.random.Generator], None]


def paint_mood(canvas: Canvas, scene: Scene, random: np.random.Generator) -> None:
    ground, *tones = scene.palette
    canvas.columns(((0.0, lighter(ground, 0.1)), (1.0, mix(ground, tones[0], 0.3))), 0, canvas.height)
    MOODS[int(random.integers(0, len(MOODS)))](canvas, tuple(tones), random)


def _ribbons(canvas: Canvas, tones: tuple[Colour, ...], random: np.random.Generator) -> None:
    """A disc with arcs around it above flowing ribbons."""
    unit = min(canvas.width, canvas.height)
    x, y = random.uniform(0.3, 0.7) * canvas.width, random.uniform(0.26, 0.46) * canvas.height
    canvas.glow(x, y, unit * 0.7, tones[1 % len(tones)], 0.4)
    radius = unit * random.uniform(0.17, 0.27)
    canvas.polygon(oval(x, y, radius, radius, steps=120), Shade(lighter(tones[0], 0.25), tones[0]))
    for step in range(int(random.integers(1, 4))):
        size, start, span = radius * (1.24 + step * 0.2), random.uniform(0, 2 * pi), random.uniform(1.4, 4.4)
        arc = [(x + cos(start + t) * size, y + sin(start + t) * size) for t in np.linspace(0, span, 70)]
        canvas.stroke(arc, unit * 0.005, tones[(step + 2) % len(tones)])
    ribbons = int(random.integers(4, 7))
    for ribbon in range(ribbons):
        colour = tones[ribbon % len(tones)]
        level, swing = canvas.height * (0.52 + 0.42 * ribbon / ribbons), canvas.height * random.uniform(0.03, 0.09)
        phase, pace = random.uniform(0, 2 * pi), random.uniform(0.5, 1.3)
        line = [(t * canvas.width, level + swing * sin(2 * pi * pace * t + phase)) for t in np.linspace(0, 1, 70)]
        canvas.polygon(
            [*line, (canvas.width, canvas.height), (0, canvas.height)], Shade(lighter(colour, 0.16), darker(colour, 0.18)), alpha=0.9
        )
        canvas.polygon([*line, *((a, b + unit * 0.005) for a, b in reversed(line))], lighter(colour, 0.5), alpha=0.7)
    for _ in range(int(random.integers(5, 12))):
        size, spot = unit * random.uniform(0.006, 0.03), tones[int(random.integers(0, len(tones)))]
        canvas.polygon(
            oval(random.uniform(0.05, 0.95) * canvas.width, random.uniform(0.06, 0.6) * canvas.height, size, size),
            lighter(spot, 0.25),
            alpha=0.85,
        )


def _bloom(canvas: Canvas, tones: tuple[Colour, ...], random: np.random.Generator) -> None:
    """Translucent petals that open from one point, ring within ring."""
    unit = min(canvas.width, canvas.height)
    x, y = random.uniform(0.36, 0.64) * canvas.width, random.uniform(0.4, 0.6) * canvas.height
    canvas.glow(x, y, unit * 0.8, tones[0], 0.35)
    petals, turn = int(random.integers(7, 14)), random.uniform(0, pi)
    for ring in range(5, 0, -1):
        colour, long = tones[ring % len(tones)], unit * 0.088 * ring
        for petal in range(petals):
            angle = turn + ring * 0.21 + 2 * pi * petal / petals
            at = (x + cos(angle) * long * 0.95, y + sin(angle) * long * 0.95)
            canvas.polygon(
                oval(*at, long, long * random.uniform(0.3, 0.36), turn=angle), Shade(lighter(colour, 0.2), darker(colour, 0.1)), alpha=0.62
            )
    canvas.polygon(oval(x, y, unit * 0.05, unit * 0.05), lighter(tones[-2], 0.4))
    for _ in range(26):
        angle, far = random.uniform(0, 2 * pi), random.uniform(0.3, 0.75) * unit
        size = unit * random.uniform(0.003, 0.012)
        canvas.polygon(
            oval(x + cos(angle) * far, y + sin(angle) * far, size, size),
            lighter(tones[int(random.integers(0, len(tones)))], 0.3),
            alpha=0.8,
        )


def _panes(canvas: Canvas, tones: tuple[Colour, ...], random: np.random.Generator) -> None:
    """Tall translucent peaks behind each other, and one thin line of light."""
    unit, count = min(canvas.width, canvas.height), int(random.integers(9, 14))
    x, y = random.uniform(0.25, 0.75) * canvas.width, random.uniform(0.18, 0.34) * canvas.height
    canvas.glow(x, y, unit * 0.6, lighter(tones[1], 0.3), 0.5)
    canvas.polygon(oval(x, y, unit * 0.07, unit * 0.07, steps=80), lighter(tones[1], 0.5))
    for pane in range(count):
        near = pane / count
        foot, half = random.uniform(-0.1, 1.1) * canvas.width, unit * random.uniform(0.16, 0.36)
        top, colour = canvas.height * random.uniform(0.3 + 0.3 * near, 0.5 + 0.3 * near), tones[pane % len(tones)]
        tip = foot + random.uniform(-0.3, 0.3) * half
        canvas.polygon(
            [(foot - half, canvas.height), (tip, top), (foot + half, canvas.height)],
            Shade(lighter(colour, 0.24), darker(colour, 0.12)),
            alpha=0.72,
        )
        canvas.polygon([(tip, top), (foot + half, canvas.height), (foot + half * 0.2, canvas.height)], darker(colour, 0.3), alpha=0.35)
    level = canvas.height * random.uniform(0.7, 0.84)
    line = [(t * canvas.width, level + canvas.height * 0.04 * sin(2 * pi * t + x)) for t in np.linspace(0, 1, 60)]
    canvas.stroke(line, unit * 0.004, lighter(tones[2 % len(tones)], 0.55))


def _orbits(canvas: Canvas, tones: tuple[Colour, ...], random: np.random.Generator) -> None:
    """Rings around a heart, each with a body on it."""
    unit = min(canvas.width, canvas.height)
    x, y, tilt, squeeze = (
        canvas.width * random.uniform(0.4, 0.6),
        canvas.height * random.uniform(0.42, 0.58),
        random.uniform(-0.6, 0.6),
        random.uniform(0.34, 0.9),
    )
    canvas.glow(x, y, unit * 0.6, tones[0], 0.5)
    for ring in range(6):
        far = unit * (0.13 + ring * 0.085)
        path = oval(x, y, far, far * squeeze, turn=tilt, steps=120)
        canvas.stroke([*path, path[0]], unit * (0.002 + 0.001 * (ring % 2)), tones[ring % len(tones)])
        spot, size, colour = path[int(random.integers(0, 120))], unit * random.uniform(0.012, 0.042), tones[(ring + 1) % len(tones)]
        canvas.glow(*spot, size * 2.4, colour, 0.4)
        canvas.polygon(oval(*spot, size, size), Shade(lighter(colour, 0.35), darker(colour, 0.16)))
    canvas.polygon(oval(x, y, unit * 0.075, unit * 0.075, steps=80), Shade(lighter(tones[0], 0.45), tones[0]))


MOODS: Final[tuple[Mood, ...]] = (_ribbons, _bloom, _panes, _orbits)
