"""Places that are no landscape: space, under water, a room."""

from __future__ import annotations

from math import pi, sin

import numpy as np

from octavo_generation.engines.sketch.canvas import Canvas, Shade, oval, rounded
from octavo_generation.engines.sketch.colours import Colour, darker, lighter, mix
from octavo_generation.engines.sketch.lights import Light
from octavo_generation.engines.sketch.scene import Scene


def space(canvas: Canvas, scene: Scene, light: Light, random: np.random.Generator) -> None:
    unit = min(canvas.width, canvas.height)
    deep: Colour = scene.tints.get("sky", scene.tints.get("space", (18, 14, 52)))
    canvas.columns(((0.0, darker(deep, 0.4)), (0.5, deep), (1.0, mix(deep, (52, 26, 84), 0.5))), 0, canvas.height)
    clouds: tuple[Colour, ...] = ((132, 60, 170), (44, 100, 190), (190, 70, 130), (40, 150, 170))
    start, slope = random.uniform(0.25, 0.75), random.uniform(-0.5, 0.5)
    for _ in range(16):
        x = random.uniform(-0.1, 1.1)
        y = start + slope * (x - 0.5) + random.normal(0, 0.09)
        canvas.glow(
            x * canvas.width, y * canvas.height, unit * random.uniform(0.18, 0.46), clouds[int(random.integers(0, 4))], 0.3, stretch=1.4
        )
    for _ in range(int(260 * scene.detail * canvas.width / unit)):
        canvas.dot(
            random.uniform(0, canvas.width),
            random.uniform(0, canvas.height),
            max(0.3, unit * random.uniform(0.0005, 0.0024)),
            mix((150, 160, 220), (255, 255, 250), random.random()),
        )
    for _ in range(6):
        canvas.glow(random.uniform(0, canvas.width), random.uniform(0, canvas.height), unit * 0.022, (220, 230, 255), 0.95)
    if not any(thing.kind == "planet" for thing in scene.things):
        x, y, radius = random.uniform(0.12, 0.3) * canvas.width, random.uniform(0.74, 0.86) * canvas.height, unit * random.uniform(0.2, 0.3)
        globe(canvas, x, y, radius, (74, 120, 190), random, ringed=False)


def globe(canvas: Canvas, x: float, y: float, radius: float, colour: Colour, random: np.random.Generator, *, ringed: bool) -> None:
    """A planet with bands and a night side."""
    canvas.glow(x, y, radius * 1.5, colour, 0.34)
    disc = oval(x, y, radius, radius, steps=96)
    face = canvas.mask(disc)
    canvas.polygon(disc, Shade(lighter(colour, 0.25), darker(colour, 0.15)))
    for _ in range(5):
        at = random.uniform(-0.8, 0.8)
        canvas.polygon(
            oval(x, y + at * radius, radius * 1.1, radius * random.uniform(0.05, 0.14), turn=-0.2),
            mix(colour, (255, 236, 210) if random.random() < 0.5 else (40, 30, 70), 0.34),
            alpha=0.6,
            clip=face,
        )
    for step in range(6):
        shift = radius * (0.32 + step * 0.08)
        shadow = [*oval(x, y, radius * 1.02, radius * 1.02, steps=96)]
        dark = canvas.mask(shadow)
        canvas.polygon(
            [(px if px > x + shift - (py - y) * 0.35 else x + shift - (py - y) * 0.35, py) for px, py in shadow],
            (8, 6, 30),
            alpha=0.16,
            clip=dark,
        )
    if ringed:
        outer, inner = (
            oval(x, y, radius * 1.75, radius * 0.42, turn=-0.28, steps=96),
            oval(x, y, radius * 1.3, radius * 0.28, turn=-0.28, steps=96),
        )
        front = list(range(97))
        half = [outer[i % 96] for i in front[:49]] + [inner[i % 96] for i in reversed(front[:49])]
        canvas.polygon(half, Shade((240, 220, 180), (180, 150, 130)), alpha=0.92)
        for piece in (range(48, 97),):
            back = [outer[i % 96] for i in piece] + [inner[i % 96] for i in reversed(piece)]
            keep = [(px, py) for px, py in back if (px - x) ** 2 + (py - y) ** 2 > radius**2 * 1.0]
            left, right = [p for p in keep if p[0] < x], [p for p in keep if p[0] >= x]
            for part in (left, right):
                if len(part) > 3:
                    canvas.polygon(part, (206, 182, 150), alpha=0.9)


def underwater(canvas: Canvas, scene: Scene, light: Light, random: np.random.Generator) -> None:
    unit, tone = min(canvas.width, canvas.height), scene.tints.get("underwater", scene.tints.get("water", (28, 118, 176)))
    night = scene.hour in ("night", "dusk")
    tone = mix(tone, (10, 24, 70), 0.55) if night else tone
    canvas.columns(
        ((0.0, lighter(tone, 0.45 if not night else 0.2)), (0.4, tone), (1.0, mix(darker(tone, 0.5), (8, 40, 92), 0.4))), 0, canvas.height
    )
    for _ in range(7):
        x, half = random.uniform(0, 1) * canvas.width, random.uniform(0.02, 0.06) * canvas.width
        canvas.polygon(
            [(x, 0), (x + half, 0), (x + half * 3.6 - canvas.width * 0.14, canvas.height), (x - canvas.width * 0.14, canvas.height)],
            (220, 250, 255),
            alpha=0.07,
        )
    for layer, far in enumerate((0.5, 0.12)):
        level = canvas.height * (0.84 + 0.06 * layer)
        rim = [(x * canvas.width, level - unit * 0.03 * sin(x * 6 + layer * 2 + 1)) for x in np.linspace(0, 1, 40)]
        sand = mix((226, 200, 150), tone, 0.32 + far * 0.7)
        canvas.polygon([*rim, (canvas.width, canvas.height), (0, canvas.height)], Shade(lighter(sand, 0.1), darker(sand, 0.25)))
    weeds: tuple[Colour, ...] = ((40, 150, 110), (24, 120, 96), (206, 84, 110), (236, 140, 80))
    for _ in range(int(16 * canvas.width / unit)):
        x, high = random.uniform(0, 1), unit * random.uniform(0.08, 0.24)
        near_edge = abs(x - 0.5) * 2
        high *= 0.45 + 0.75 * near_edge
        root, phase, colour = (
            canvas.height * random.uniform(0.86, 0.97),
            random.uniform(0, 2 * pi),
            mix(weeds[int(random.integers(0, 4))], tone, 0.28),
        )
        stem = [(x * canvas.width + sin(phase + t * 4) * high * 0.1 * t, root - high * t) for t in np.linspace(0, 1, 9)]
        wide = unit * 0.012
        blade = [(px - wide * (1 - t), py) for (px, py), t in zip(stem, np.linspace(0, 1, 9), strict=True)]
        blade += [(px + wide * (1 - t), py) for (px, py), t in zip(reversed(stem), np.linspace(1, 0, 9), strict=True)]
        canvas.polygon(rounded(blade), Shade(lighter(colour, 0.15), darker(colour, 0.25)))
    for _ in range(26):
        x, y, size = random.uniform(0, 1) * canvas.width, random.uniform(0.05, 0.85) * canvas.height, unit * random.uniform(0.003, 0.011)
        canvas.polygon(oval(x, y, size, size), (226, 248, 255), alpha=0.34)
        canvas.dot(x - size * 0.3, y - size * 0.3, size * 0.28, (246, 254, 255))


def room(canvas: Canvas, scene: Scene, light: Light, random: np.random.Generator) -> None:
    """A wall, a window onto the hour's sky, a table or floor in front."""
    unit, line = min(canvas.width, canvas.height), scene.horizon * canvas.height
    wall: Colour = scene.tints.get("room", ((236, 214, 190), (196, 214, 208), (222, 206, 222), (206, 216, 232))[int(random.integers(0, 4))])
    canvas.columns(((0.0, light.on(wall)), (1.0, light.on(darker(wall, 0.12)))), 0, canvas.height)
    wide, high = canvas.width * 0.36, line * 0.62
    x = canvas.width * (0.12 if random.random() < 0.5 else 0.52)
    y = line * 0.12
    frame: Colour = light.on((250, 246, 240))
    canvas.polygon(
        [
            (x - 8e-3 * unit, y - 8e-3 * unit),
            (x + wide + 8e-3 * unit, y - 8e-3 * unit),
            (x + wide + 8e-3 * unit, y + high),
            (x - 8e-3 * unit, y + high),
        ],
        darker(frame, 0.12),
    )
    canvas.polygon([(x, y), (x + wide, y), (x + wide, y + high), (x, y + high)], Shade(light.sky[0][1], light.sky[-1][1]))
    if scene.moon or scene.sun:
        colour: Colour = (246, 244, 228) if scene.moon else light.sun
        canvas.glow(x + wide * 0.7, y + high * 0.3, unit * 0.1, colour, 0.5)
        canvas.polygon(oval(x + wide * 0.7, y + high * 0.3, unit * 0.03, unit * 0.03), colour)
    hill = [(x + wide * t, y + high * (0.82 - 0.07 * sin(t * 5))) for t in np.linspace(0, 1, 20)]
    canvas.polygon([*hill, (x + wide, y + high), (x, y + high)], light.on((110, 168, 96), 0.25))
    canvas.stroke([(x + wide / 2, y), (x + wide / 2, y + high)], unit * 0.012, frame)
    canvas.stroke([(x, y + high * 0.45), (x + wide, y + high * 0.45)], unit * 0.012, frame)
    canvas.polygon(
        [
            (x - unit * 0.03, y + high),
            (x + wide + unit * 0.03, y + high),
            (x + wide + unit * 0.03, y + high + unit * 0.022),
            (x - unit * 0.03, y + high + unit * 0.022),
        ],
        frame,
    )
    for side in (x - unit * 0.05, x + wide - unit * 0.03):
        cloth = light.on(((206, 96, 92), (86, 130, 170), (226, 176, 92))[int(random.integers(0, 3)) if side < x else 0], 0.05)
        canvas.polygon(
            [
                (side, y - unit * 0.03),
                (side + unit * 0.08, y - unit * 0.03),
                (side + unit * 0.06, y + high * 0.5),
                (side + unit * 0.08, y + high + unit * 0.02),
                (side, y + high + unit * 0.02),
            ],
            Shade(cloth, darker(cloth, 0.2), across=True),
            alpha=0.95,
        )
    picture = (canvas.width * (0.74 if x < canvas.width * 0.4 else 0.16), line * 0.3)
    canvas.polygon(
        [(picture[0] + a * unit * 0.09, picture[1] + b * unit * 0.07) for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))],
        light.on((140, 96, 60)),
    )
    canvas.polygon(
        [(picture[0] + a * unit * 0.078, picture[1] + b * unit * 0.058) for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))],
        Shade(light.on((246, 206, 150)), light.on((120, 160, 170))),
    )
    wood: Colour = scene.tints.get("table", (160, 106, 66))
    canvas.columns(
        ((0.0, light.on(lighter(wood, 0.22))), (0.06, light.on(lighter(wood, 0.1))), (1.0, light.on(darker(wood, 0.24)))),
        line,
        canvas.height,
    )
    for step in range(7):
        at = line + (canvas.height - line) * (0.16 + step * 0.13)
        canvas.stroke(
            [(0, at), (canvas.width, at + unit * random.uniform(-0.01, 0.01))],
            max(0.5, unit * 0.0018),
            light.on(darker(wood, 0.28)),
            alpha=0.5,
        )
