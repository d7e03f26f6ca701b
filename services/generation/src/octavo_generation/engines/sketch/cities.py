"""Skylines: rows of buildings with windows, lit when it is dark; spires, domes and neon where the prompt says futuristic; villages."""

from __future__ import annotations

import numpy as np

from octavo_generation.engines.sketch.canvas import Canvas, Shade, oval
from octavo_generation.engines.sketch.colours import Colour, darker, lighter, mix
from octavo_generation.engines.sketch.lights import Light
from octavo_generation.engines.sketch.scene import Scene

_NEON: tuple[Colour, ...] = ((72, 232, 255), (255, 92, 200), (255, 196, 92), (150, 120, 255))
_WARM: tuple[Colour, ...] = ((255, 222, 140), (255, 204, 112), (255, 236, 186), (196, 226, 255))


def city(canvas: Canvas, scene: Scene, light: Light, random: np.random.Generator) -> None:
    """Three rows of buildings; the far row is pale and high, the near one dark and full of windows."""
    base, future = scene.horizon * canvas.height + 1, "futuristic" in scene.manners
    unit = min(canvas.width, canvas.height)
    wall: Colour = scene.tints.get("city", (70, 78, 112) if scene.hour != "day" else (112, 128, 160))
    for row, (far, high, wide) in enumerate(((0.62, 0.56, 0.075), (0.36, 0.46, 0.085), (0.06, 0.32, 0.105))):
        x = -unit * 0.03
        while x < canvas.width:
            across = unit * wide * random.uniform(0.62, 1.25)
            middle = 1 - abs((x + across / 2) / canvas.width - 0.5) * 1.1
            up = min(base * 0.94, unit * high * 1.25) * random.uniform(0.42, 1.0) * (0.55 + 0.55 * middle)
            colour = light.on(mix(wall, (44, 46, 84), 0.22 * row), far)
            _building(canvas, scene, x, base, across, up, colour, light, random, row, future)
            x += across * (random.uniform(0.98, 1.16) if row else random.uniform(0.9, 1.1))
        if row < 2:
            _haze(canvas, base - unit * high * 0.45, base, light.haze)
    if future:
        for _ in range(5):
            _flyer(
                canvas,
                random.uniform(0.06, 0.94) * canvas.width,
                base * random.uniform(0.25, 0.66),
                unit * random.uniform(0.012, 0.022),
                random,
            )


def _haze(canvas: Canvas, top: float, bottom: float, colour: Colour) -> None:
    for step in range(8):
        y0, y1 = top + (bottom - top) * step / 8, top + (bottom - top) * (step + 1) / 8
        canvas.polygon([(0, y0), (canvas.width, y0), (canvas.width, y1), (0, y1)], colour, alpha=0.05 * (step + 1))


def _building(
    canvas: Canvas,
    scene: Scene,
    x: float,
    base: float,
    wide: float,
    high: float,
    colour: Colour,
    light: Light,
    random: np.random.Generator,
    row: int,
    future: bool,
) -> None:
    top, wall = base - high, Shade(lighter(colour, 0.1), darker(colour, 0.14))
    kind = int(random.integers(0, 6)) if future else int(random.integers(0, 4))
    edge: Colour = darker(colour, 0.16)
    if kind == 4:
        canvas.polygon(
            [(x, base), (x + wide * 0.18, top), (x + wide * 0.5, top - high * 0.16), (x + wide * 0.82, top), (x + wide, base)], wall
        )
    elif kind == 5:
        canvas.polygon(
            [(x + wide * 0.1, base), (x + wide * 0.1, top + wide * 0.4), (x + wide * 0.9, top + wide * 0.4), (x + wide * 0.9, base)], wall
        )
        canvas.polygon(oval(x + wide / 2, top + wide * 0.4, wide * 0.4, wide * 0.5), wall)
        canvas.polygon(oval(x + wide / 2, top + wide * 0.75, wide * 0.62, wide * 0.1), lighter(colour, 0.2))
    else:
        canvas.polygon([(x, base), (x, top), (x + wide, top), (x + wide, base)], wall)
        canvas.polygon([(x + wide * 0.72, base), (x + wide * 0.72, top), (x + wide, top), (x + wide, base)], edge, alpha=0.5)
    if kind == 1:
        canvas.polygon(
            [(x + wide * 0.2, top), (x + wide * 0.2, top - high * 0.07), (x + wide * 0.8, top - high * 0.07), (x + wide * 0.8, top)], colour
        )
        canvas.stroke([(x + wide / 2, top - high * 0.07), (x + wide / 2, top - high * 0.24)], wide * 0.05, edge)
    elif kind == 2:
        canvas.polygon([(x, top + 1), (x + wide, top + 1), (x + wide, top - wide * 0.4)], colour)
    elif kind == 4:
        canvas.stroke([(x + wide / 2, top - high * 0.14), (x + wide / 2, top - high * 0.3)], wide * 0.04, lighter(colour, 0.3))
    if row:
        _windows(canvas, scene, x, base, wide, high, colour, random, row, kind, future)


def _windows(
    canvas: Canvas,
    scene: Scene,
    x: float,
    base: float,
    wide: float,
    high: float,
    wall: Colour,
    random: np.random.Generator,
    row: int,
    kind: int,
    future: bool,
) -> None:
    dark = scene.hour in ("sunset", "dusk", "night")
    inset = 0.3 if kind == 4 else 0.16
    across, cell = wide * (1 - 2 * inset), max(wide * 0.2, 3.0)
    columns, rows = max(1, int(across / cell)), max(1, int(high * 0.86 / (cell * 1.15)))
    left = x + wide * inset
    lights = _NEON[:1] + _WARM if future else _WARM
    glass = lighter(wall, 0.34) if not dark else darker(wall, 0.3)
    if future and random.random() < 0.4:
        stripe = _NEON[int(random.integers(0, len(_NEON)))]
        for edge in (inset, 1 - inset) if kind == 4 else (0.06, 0.94):
            top = base - high * (0.98 if kind != 5 else 0.8)
            if kind != 4:
                canvas.stroke(
                    [(x + wide * edge, base), (x + wide * edge, top)], max(0.6, wide * 0.03), mix(wall, stripe, 0.85 if row == 2 else 0.5)
                )
    for column in range(columns):
        for level in range(rows):
            drawn = random.random()
            if drawn > (0.62 if dark else 0.86):
                continue
            wx = left + (column + 0.22) * across / columns
            wy = base - high * (0.9 if kind != 5 else 0.66) + (level + 0.2) * cell * 1.15
            if wy > base - cell * 1.1:
                continue
            lit = lights[int(random.integers(0, len(lights)))]
            colour = (
                mix(wall, lit, (0.5 if row == 1 else 0.95))
                if dark and drawn < (0.44 if scene.hour == "night" else 0.34)
                else mix(wall, glass, 0.7)
            )
            size = across / columns * 0.56
            canvas.polygon([(wx, wy), (wx + size, wy), (wx + size, wy + cell * 0.68), (wx, wy + cell * 0.68)], colour)


def _flyer(canvas: Canvas, x: float, y: float, size: float, random: np.random.Generator) -> None:
    """A flying car: a dark lens, a light in front and a trail behind."""
    way = 1 if random.random() < 0.5 else -1
    neon = _NEON[int(random.integers(0, len(_NEON)))]
    canvas.polygon([(x, y - size * 0.12), (x - way * size * 5, y), (x, y + size * 0.12)], neon, alpha=0.5)
    canvas.polygon(oval(x, y, size, size * 0.3), (40, 42, 70))
    canvas.polygon(oval(x, y - size * 0.18, size * 0.5, size * 0.26), (130, 190, 220))
    canvas.glow(x + way * size, y, size * 1.6, neon, 0.8)


def waterfront(canvas: Canvas, scene: Scene, light: Light, random: np.random.Generator) -> None:
    """The river that a skyline stands at, full of its lights, and a quay in front."""
    top = scene.horizon * canvas.height + 1
    canvas.mirror(top, canvas.height - top, light.water, 0.66, random)
    unit = min(canvas.width, canvas.height)
    for _ in range(int(60 * canvas.width / unit)):
        share = random.uniform(0.05, 1)
        x, y = random.uniform(0, canvas.width), top + (canvas.height - top) * share
        canvas.polygon(oval(x, y, unit * 0.045 * (0.3 + share), max(0.5, unit * 0.0022), steps=12), lighter(light.water, 0.45), alpha=0.3)
    canvas.polygon(
        [(0, top - unit * 0.008), (canvas.width, top - unit * 0.008), (canvas.width, top + unit * 0.006), (0, top + unit * 0.006)],
        darker(light.on((60, 62, 92)), 0.3),
    )


def village(canvas: Canvas, scene: Scene, light: Light, random: np.random.Generator) -> None:
    """Small houses along the horizon, and a church."""
    unit, base = min(canvas.width, canvas.height), scene.horizon * canvas.height + min(canvas.width, canvas.height) * 0.045
    dark = scene.hour in ("sunset", "dusk", "night")
    roofs: tuple[Colour, ...] = ((186, 84, 62), (160, 72, 60), (122, 92, 84), (196, 110, 70))
    walls: tuple[Colour, ...] = ((244, 232, 212), (236, 214, 180), (250, 244, 236), (222, 206, 190))
    x = unit * 0.04
    while x < canvas.width - unit * 0.08:
        wide, high = unit * random.uniform(0.06, 0.095), unit * random.uniform(0.04, 0.06)
        foot = base + random.uniform(-0.01, 0.022) * unit
        wall = light.on(walls[int(random.integers(0, 4))], 0.14)
        roof = light.on(roofs[int(random.integers(0, 4))], 0.14)
        canvas.polygon([(x, foot), (x, foot - high), (x + wide, foot - high), (x + wide, foot)], Shade(wall, darker(wall, 0.14)))
        canvas.polygon(
            [(x - wide * 0.1, foot - high), (x + wide / 2, foot - high - wide * 0.5), (x + wide * 1.1, foot - high)],
            Shade(lighter(roof, 0.1), darker(roof, 0.12)),
        )
        for at in (0.2, 0.6):
            pane: Colour = (255, 214, 120) if dark else light.on((96, 120, 150))
            canvas.polygon(
                [
                    (x + wide * at, foot - high * 0.3),
                    (x + wide * at, foot - high * 0.72),
                    (x + wide * (at + 0.18), foot - high * 0.72),
                    (x + wide * (at + 0.18), foot - high * 0.3),
                ],
                pane,
            )
        x += wide * random.uniform(1.1, 1.9)
