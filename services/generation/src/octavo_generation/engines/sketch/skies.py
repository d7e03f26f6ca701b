"""Skies: the hour's gradient, sun, moon, stars, clouds, and the rays between them."""

from __future__ import annotations

from math import cos, pi, sin

import numpy as np

from octavo_generation.engines.sketch.canvas import Canvas, Shade, oval
from octavo_generation.engines.sketch.colours import Colour, lighter, mix
from octavo_generation.engines.sketch.lights import Light
from octavo_generation.engines.sketch.scene import Scene


def paint_sky(canvas: Canvas, scene: Scene, light: Light, random: np.random.Generator) -> None:
    line = scene.horizon * canvas.height
    canvas.columns(light.sky, 0, line)
    if scene.hour in ("night", "dusk") and not scene.weathers & {"rain", "storm", "snow", "clouds"}:
        _stars(canvas, line, random, 1.0 if scene.hour == "night" else 0.35)
    if scene.sun is not None:
        _sun(canvas, scene, light)
    if scene.moon is not None:
        _moon(canvas, scene, random)
    if scene.weathers & {"clouds", "rain", "snow", "storm"}:
        _bank(canvas, scene, light, random)
    elif "fair" in scene.weathers:
        for _ in range(int(random.integers(2, 5))):
            x, y = random.uniform(0, 1), random.uniform(0.08, scene.horizon * 0.62)
            cloud(
                canvas,
                x * canvas.width,
                y * canvas.height,
                random.uniform(0.08, 0.17) * canvas.width * (1.2 - y),
                light,
                random,
                alpha=0.88,
            )


def _sun(canvas: Canvas, scene: Scene, light: Light) -> None:
    assert scene.sun is not None
    x, y, unit = scene.sun[0] * canvas.width, scene.sun[1] * canvas.height, min(canvas.width, canvas.height)
    radius = unit * (0.068 if scene.hour == "day" else 0.085)
    warm: Colour = {"day": (255, 236, 180), "dawn": (255, 196, 150)}.get(scene.hour, (255, 140, 80))
    canvas.glow(x, y, unit * 0.72, warm, 0.5, stretch=1.3)
    canvas.glow(x, y, unit * 0.26, lighter(warm, 0.2), 0.62)
    if scene.hour == "day":
        for step in range(12):
            angle = step * pi / 6
            points = [
                (x + cos(angle - 0.05) * radius * 1.25, y + sin(angle - 0.05) * radius * 1.25),
                (x + cos(angle) * radius * 3.1, y + sin(angle) * radius * 3.1),
                (x + cos(angle + 0.05) * radius * 1.25, y + sin(angle + 0.05) * radius * 1.25),
            ]
            canvas.polygon(points, light.sun, alpha=0.22)
    core: Colour = (255, 226, 110) if scene.hour == "day" else light.sun
    canvas.polygon(oval(x, y, radius, radius, steps=96), Shade(lighter(core, 0.35), core))


def _moon(canvas: Canvas, scene: Scene, random: np.random.Generator) -> None:
    assert scene.moon is not None
    x, y, unit = scene.moon[0] * canvas.width, scene.moon[1] * canvas.height, min(canvas.width, canvas.height)
    radius = unit * 0.074
    canvas.glow(x, y, unit * 0.5, (120, 140, 200), 0.5)
    canvas.glow(x, y, unit * 0.17, (220, 226, 240), 0.5)
    disc = oval(x, y, radius, radius, steps=96)
    if random.random() < 0.4:
        disc = [(x + radius * cos(t), y + radius * sin(t)) for t in np.linspace(pi * 0.38, pi * 1.62, 60)]
        disc += [(x + radius * 0.42 + radius * 0.93 * cos(t), y + radius * 0.93 * sin(t)) for t in np.linspace(pi * 1.5, pi * 0.5, 60)]
    face = canvas.mask(disc)
    canvas.polygon(disc, Shade((252, 250, 236), (224, 226, 222)))
    for across, down, size in ((-0.35, -0.25, 0.26), (0.3, 0.2, 0.32), (-0.1, 0.5, 0.18), (0.42, -0.4, 0.14), (-0.5, 0.28, 0.12)):
        canvas.polygon(
            oval(x + across * radius, y + down * radius, size * radius, size * radius * 0.94), (204, 206, 208), alpha=0.62, clip=face
        )


def _stars(canvas: Canvas, line: float, random: np.random.Generator, share: float) -> None:
    unit = min(canvas.width, canvas.height)
    for _ in range(int(170 * share * canvas.width / unit)):
        x, y = random.uniform(0, canvas.width), random.uniform(0, 1) ** 1.3 * line * 0.96
        size = random.uniform(0.0006, 0.0024) * unit * (1 - 0.5 * y / line)
        canvas.dot(x, y, max(size, 0.3), mix((150, 168, 214), (255, 252, 236), random.uniform(0.2, 1)))
    for _ in range(int(9 * share)):
        x, y, size = random.uniform(0, canvas.width), random.uniform(0.02, 0.7) * line, random.uniform(0.006, 0.011) * unit
        canvas.glow(x, y, size * 2.6, (190, 206, 255), 0.6)
        for along, across in ((size, size * 0.12), (size * 0.12, size)):
            canvas.polygon([(x - along, y), (x, y - across), (x + along, y), (x, y + across)], (255, 253, 242))


def cloud(canvas: Canvas, x: float, y: float, wide: float, light: Light, random: np.random.Generator, *, alpha: float = 0.92) -> None:
    """A heap of puffs on a flat foot, lit from above. `wide` is half its length."""
    puffs = [(0.0, 0.0, 0.42)]
    for side in (-1, 1):
        at, size = 0.0, 0.42
        while size > 0.16:
            at += size * random.uniform(0.62, 0.8)
            size *= random.uniform(0.66, 0.82)
            puffs.append((side * at, 0.0, size))
    foot = y + wide * 0.1
    for across, _, size in sorted(puffs, key=lambda puff: puff[2]):
        middle = (x + across * wide, foot - size * wide * 0.42)
        rim = [(px, min(py, foot)) for px, py in oval(middle[0], middle[1], size * wide, size * wide * 0.82)]
        canvas.polygon(rim, Shade(light.cloud, mix(light.cloud, light.cloud_shadow, 0.75)), alpha=alpha)
    left = min(across - size for across, _, size in puffs) * wide * 0.94
    right = max(across + size for across, _, size in puffs) * wide * 0.94
    canvas.polygon(oval(x + (left + right) / 2, foot, (right - left) / 2, wide * 0.06), light.cloud_shadow, alpha=alpha * 0.7)


def _bank(canvas: Canvas, scene: Scene, light: Light, random: np.random.Generator) -> None:
    """A sky of clouds: rows of them, the far ones small and low."""
    heavy = bool(scene.weathers & {"rain", "storm", "snow"})
    for row in range(4 if heavy else 3):
        low = 0.04 + row * 0.11
        for _ in range(4 if heavy else 3):
            x = random.uniform(-0.05, 1.05) * canvas.width
            y = (low + random.uniform(-0.04, 0.04)) * canvas.height
            cloud(canvas, x, y, random.uniform(0.14, 0.24) * max(canvas.width, canvas.height) * (1 - row * 0.15), light, random, alpha=0.8)


def rainbow(canvas: Canvas, scene: Scene) -> None:
    x, y = canvas.width * 0.52, scene.horizon * canvas.height * 1.05
    radius, band = min(canvas.width * 0.46, y * 0.78), min(canvas.width, canvas.height) * 0.017
    colours: tuple[Colour, ...] = (
        (230, 70, 70),
        (244, 150, 60),
        (250, 220, 80),
        (90, 190, 100),
        (70, 150, 220),
        (90, 90, 190),
        (150, 90, 190),
    )
    for step, colour in enumerate(colours):
        outer, inner = radius - step * band, radius - (step + 1) * band
        arc = [(x + cos(pi + pi * part / 80) * outer, y + sin(pi + pi * part / 80) * outer) for part in range(81)]
        arc += [(x + cos(2 * pi - pi * part / 80) * inner, y + sin(2 * pi - pi * part / 80) * inner) for part in range(81)]
        canvas.polygon(arc, colour, alpha=0.6)


def veil(canvas: Canvas, top: float, bottom: float, colour: Colour, alpha: float) -> None:
    """A band of mist, thickest in its middle."""
    steps = 10
    for step in range(steps):
        share = 1 - abs(2 * (step + 0.5) / steps - 1)
        y0, y1 = top + (bottom - top) * step / steps, top + (bottom - top) * (step + 1) / steps
        canvas.polygon([(0, y0), (canvas.width, y0), (canvas.width, y1), (0, y1)], colour, alpha=alpha * share)
