"""Water: sea with waves or calm, lake, river and shore, mirroring what is already painted above it."""

from __future__ import annotations

from math import pi, sin

import numpy as np

from octavo_generation.engines.sketch.canvas import Canvas, Point, Shade, oval
from octavo_generation.engines.sketch.colours import Colour, darker, lighter, mix
from octavo_generation.engines.sketch.lands import grass_of, ridge, slab, tufts
from octavo_generation.engines.sketch.lights import Light
from octavo_generation.engines.sketch.scene import Scene


def water_of(scene: Scene, light: Light) -> Colour:
    for name in (scene.place, "water", "sea", "lake", "river"):
        if name in scene.tints:
            return light.on(scene.tints[name])
    return light.water


def sea(canvas: Canvas, scene: Scene, light: Light, random: np.random.Generator, *, bottom: float | None = None) -> None:
    top, low, tone = scene.horizon * canvas.height, bottom or float(canvas.height), water_of(scene, light)
    canvas.columns(((0.0, mix(lighter(tone, 0.14), light.haze, 0.42)), (0.35, tone), (1.0, darker(tone, 0.34))), top, low)
    _glitter(canvas, scene, light, random, top, low)
    if "stormy" in scene.manners or "storm" in scene.weathers:
        _rollers(canvas, scene, light, random, top, low, tone)
    else:
        _ripples(canvas, scene, random, top, low, tone, light)


def _glitter(canvas: Canvas, scene: Scene, light: Light, random: np.random.Generator, top: float, low: float) -> None:
    """The path of light under the sun or the moon."""
    source = scene.sun or scene.moon
    if source is None:
        return
    unit, colour = min(canvas.width, canvas.height), light.sun if scene.sun else (214, 222, 238)
    canvas.glow(source[0] * canvas.width, top, unit * 0.3, mix(colour, light.haze, 0.3), 0.5, stretch=1.2)
    for step in range(70):
        share = (step / 70) ** 1.3
        y = top + (low - top) * share * 0.86 + 1
        half = unit * (0.012 + 0.05 * share) * random.uniform(0.4, 1.5)
        x = source[0] * canvas.width + random.uniform(-1, 1) * unit * (0.03 + 0.11 * share)
        canvas.polygon(oval(x, y, half, max(0.5, unit * (0.0014 + 0.003 * share)), steps=12), colour, alpha=0.62 * (1 - share * 0.7))


def _ripples(canvas: Canvas, scene: Scene, random: np.random.Generator, top: float, low: float, tone: Colour, light: Light) -> None:
    unit = min(canvas.width, canvas.height)
    pale, deep = mix(lighter(tone, 0.35), light.haze, 0.2), darker(tone, 0.2)
    for step in range(int(90 * scene.detail * canvas.width / unit)):
        share = random.uniform(0.02, 1) ** 1.2
        x, y = random.uniform(-0.05, 1.05) * canvas.width, top + (low - top) * share
        half, thick = unit * (0.01 + 0.06 * share) * random.uniform(0.5, 1.4), unit * (0.001 + 0.0034 * share)
        canvas.polygon(oval(x, y, half, thick, steps=16), pale if step % 3 else deep, alpha=0.34)


def _rollers(canvas: Canvas, scene: Scene, light: Light, random: np.random.Generator, top: float, low: float, tone: Colour) -> None:
    """Rows of breaking waves, each with a dark face, a lit back and foam along the crest."""
    unit = min(canvas.width, canvas.height)
    foam = light.on((246, 252, 255), 0.0)
    for row in range(6):
        near = row / 5
        level = top + (low - top) * (0.06 + 0.8 * near**1.3)
        swing, length = unit * (0.008 + 0.062 * near), unit * (0.16 + 0.5 * near)
        phase = random.uniform(0, 2 * pi)
        crest = [_crest(x, level, swing, length, phase) for x in np.linspace(-0.02, 1.02, 120) * canvas.width]
        face = mix(tone, (18, 66, 110) if scene.hour == "day" else darker(tone, 0.3), 0.25 + 0.3 * (row % 2))
        canvas.polygon(
            [*crest, (canvas.width * 1.02, low), (-canvas.width * 0.02, low)],
            Shade(mix(lighter(face, 0.3), (90, 214, 206), 0.2 * near), darker(face, 0.16)),
        )
        canvas.polygon(
            [*crest, *((x, y + swing * 0.5 + swing * 0.2 * sin(x / length * 5)) for x, y in reversed(crest))], (150, 232, 226), alpha=0.2
        )
        _foam(canvas, crest, level, swing, length, phase, foam)
        for x, y in crest[:: max(2, 9 - row)]:
            if random.random() < 0.35 * near:
                canvas.dot(
                    x + random.uniform(-1, 1) * swing * 0.4,
                    y - random.uniform(0.02, 0.4) * swing,
                    max(0.5, swing * random.uniform(0.02, 0.06)),
                    foam,
                )


def _foam(canvas: Canvas, crest: list[Point], level: float, swing: float, length: float, phase: float, foam: Colour) -> None:
    """White along the tops only, thick where the wave breaks, with streaks that run down its face."""

    def high(y: float) -> float:
        return max(0.0, min(1.0, (level - y) / swing + 0.35))

    under = [(x, y + swing * (0.05 + 0.3 * high(y) ** 2 * (0.7 + 0.3 * sin(x / length * 14 + phase)))) for x, y in crest]
    canvas.polygon([*crest, *reversed(under)], foam, alpha=0.92)
    for drop, alpha in ((0.62, 0.32), (0.95, 0.2)):
        streak = [(x, y + swing * (drop + 0.1 * sin(x / length * 7 + phase))) for x, y in crest]
        below = [(x, y + swing * 0.07 * high(y - drop * swing) + 0.3) for x, y in streak]
        canvas.polygon([*streak, *reversed(below)], foam, alpha=alpha)


def _crest(x: float, level: float, swing: float, length: float, phase: float) -> Point:
    """A trochoid-like skyline: sharp crests, wide troughs, two lengths of wave."""
    main, small = sin(pi * x / length + phase), sin(2.7 * pi * x / length + phase * 2.1)
    return (x, level - swing * (1.15 * (1 - main * main) ** 1.5 + 0.16 * small + 0.12 * sin(1.3 * pi * x / length) - 0.4))


def lake(canvas: Canvas, scene: Scene, light: Light, random: np.random.Generator) -> None:
    """Still water that mirrors the far shore, and grass in front."""
    top, low = scene.horizon * canvas.height + 1, canvas.height * 0.9
    tone = water_of(scene, light)
    canvas.mirror(top, canvas.height - top, tone, 0.74, random)
    _glitter(canvas, scene, light, random, top, low)
    _ripples(canvas, scene, random, top, low, tone, light)
    green = grass_of(scene, "meadow")
    shore = ridge(random, canvas.width, low, canvas.height * 0.016)
    slab(canvas, shore, canvas.height, light.on(green), light.on(darker(green, 0.35)))
    tufts(canvas, scene, light, random, green)


def river(canvas: Canvas, scene: Scene, light: Light, random: np.random.Generator) -> None:
    """A winding river through a meadow that is already there."""
    top, low = scene.horizon * canvas.height + canvas.height * 0.02, float(canvas.height)
    tone, side = water_of(scene, light), 1 if random.random() < 0.5 else -1

    def bank(share: float, edge: float) -> Point:
        depth = share**1.7
        middle = canvas.width * (0.5 + side * 0.17 * sin(share * 5.2) * (0.35 + 0.65 * share))
        return (middle + edge * canvas.width * (0.012 + 0.2 * depth), top + (low - top) * depth)

    steps = [step / 40 for step in range(41)]
    wide = [bank(s, -1.14) for s in steps] + [bank(s, 1.14) for s in reversed(steps)]
    canvas.polygon(wide, light.on((208, 190, 140), 0.1))
    canvas.polygon(
        [bank(s, -1) for s in steps] + [bank(s, 1) for s in reversed(steps)], Shade(mix(lighter(tone, 0.3), light.haze, 0.4), tone)
    )
    for _ in range(44):
        share, at = random.uniform(0.15, 1), random.uniform(-0.75, 0.75)
        x, y = bank(share, at)
        canvas.polygon(
            oval(x, y, canvas.width * 0.04 * share**1.5, max(0.5, canvas.height * 0.0028 * share), steps=12), lighter(tone, 0.5), alpha=0.4
        )


def beach(canvas: Canvas, scene: Scene, light: Light, random: np.random.Generator) -> None:
    low = canvas.height * 0.78
    sea(canvas, scene, light, random, bottom=low + canvas.height * 0.06)
    sand: Colour = scene.tints.get("beach", (240, 212, 156))
    for drop, colour, alpha in (
        (-0.03, lighter(water_of(scene, light), 0.45), 0.6),
        (-0.012, light.on((255, 255, 255)), 0.9),
        (0.0, light.on(darker(sand, 0.16)), 1.0),
        (0.03, light.on(sand), 1.0),
    ):
        rim = [
            (x * canvas.width, low + canvas.height * (drop + 0.022 * sin(x * 5.2 + 1.4) + 0.008 * sin(x * 15)))
            for x in np.linspace(0, 1, 60)
        ]
        canvas.polygon(
            [*rim, (canvas.width, canvas.height), (0, canvas.height)],
            Shade(colour, colour if alpha < 1 else darker(colour, 0.12)),
            alpha=alpha,
        )
    for _ in range(40):
        x, y = random.uniform(0, 1) * canvas.width, random.uniform(0.86, 1) * canvas.height
        canvas.dot(x, y, min(canvas.width, canvas.height) * random.uniform(0.001, 0.003), light.on(darker(sand, random.uniform(0.1, 0.3))))
