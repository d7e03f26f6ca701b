"""What falls, hangs or flashes in front of a scene: rain, snow, fog, lightning, leaves."""

from __future__ import annotations

import numpy as np

from octavo_generation.engines.sketch.canvas import Canvas, oval
from octavo_generation.engines.sketch.colours import Colour, darker, lighter
from octavo_generation.engines.sketch.lights import Light
from octavo_generation.engines.sketch.scene import Scene
from octavo_generation.engines.sketch.skies import veil


def lightning(canvas: Canvas, scene: Scene, random: np.random.Generator) -> None:
    x, y, unit = random.uniform(0.25, 0.75) * canvas.width, canvas.height * 0.1, min(canvas.width, canvas.height)
    canvas.glow(x, y + unit * 0.14, unit * 0.4, (200, 206, 255), 0.5)
    path, end = [(x, y)], scene.horizon * canvas.height
    while path[-1][1] < end:
        path.append((path[-1][0] + random.uniform(-0.06, 0.06) * unit, path[-1][1] + random.uniform(0.04, 0.08) * unit))
    canvas.stroke(path, unit * 0.011, (255, 252, 226))
    fork = path[len(path) // 2]
    canvas.stroke(
        [fork, (fork[0] + unit * 0.06, fork[1] + unit * 0.05), (fork[0] + unit * 0.07, fork[1] + unit * 0.12)],
        unit * 0.006,
        (255, 252, 226),
    )


def paint_weather(canvas: Canvas, scene: Scene, light: Light, random: np.random.Generator) -> None:
    unit, area = min(canvas.width, canvas.height), canvas.width * canvas.height / min(canvas.width, canvas.height) ** 2
    if "fog" in scene.weathers:
        for _ in range(5):
            middle = random.uniform(scene.horizon - 0.14, 0.95) * canvas.height
            veil(
                canvas,
                middle - canvas.height * 0.12,
                middle + canvas.height * 0.12,
                lighter(light.haze, 0.3 if scene.hour == "day" else 0.08),
                0.42,
            )
    if "rain" in scene.weathers:
        drop: Colour = lighter(light.haze, 0.45)
        for _ in range(int(210 * scene.detail * area)):
            x, y, long = (
                random.uniform(-0.1, 1.1) * canvas.width,
                random.uniform(-0.05, 1) * canvas.height,
                unit * random.uniform(0.022, 0.055),
            )
            wide = unit * random.uniform(0.0012, 0.0024)
            canvas.polygon([(x, y), (x + wide, y), (x - long * 0.24 + wide, y + long), (x - long * 0.24, y + long)], drop, alpha=0.5)
        for _ in range(int(26 * area)):
            x, y = random.uniform(0, canvas.width), random.uniform(0.86, 0.99) * canvas.height
            canvas.polygon(oval(x, y, unit * 0.014, unit * 0.0032, steps=14), drop, alpha=0.35)
    if "snow" in scene.weathers:
        for _ in range(int(240 * scene.detail * area)):
            x, y, size = random.uniform(0, canvas.width), random.uniform(0, canvas.height), unit * random.uniform(0.0016, 0.0058)
            canvas.polygon(oval(x, y, size, size, steps=12), (255, 255, 255), alpha=0.85)
    if "autumn" in scene.weathers or "wind" in scene.weathers:
        leaves: tuple[Colour, ...] = ((214, 108, 44), (232, 160, 60), (184, 70, 44))
        for _ in range(int(34 * area)):
            x, y, size = random.uniform(0, canvas.width), random.uniform(0.1, 0.95) * canvas.height, unit * random.uniform(0.006, 0.012)
            colour = light.on(leaves[int(random.integers(0, 3))])
            canvas.polygon(oval(x, y, size, size * 0.45, turn=random.uniform(0, 3)), colour)
            canvas.polygon(oval(x, y, size, size * 0.08, turn=random.uniform(0, 3), steps=8), darker(colour, 0.2), alpha=0.4)
