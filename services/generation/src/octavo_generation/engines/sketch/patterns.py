"""Abstract patterns from a palette: geometric, waves, mosaic, spiral, mandala, dots, stripes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import cos, pi, sin
from typing import Final

import numpy as np

from octavo_generation.engines.sketch.canvas import Canvas, Point, Shade, oval
from octavo_generation.engines.sketch.colours import Colour, darker, lighter, mix
from octavo_generation.engines.sketch.scene import Scene

Painter = Callable[[Canvas, Scene, np.random.Generator], None]


def paint_pattern(canvas: Canvas, scene: Scene, random: np.random.Generator) -> None:
    ground = scene.palette[0]
    canvas.columns(((0.0, lighter(ground, 0.08)), (1.0, darker(ground, 0.08))), 0, canvas.height)
    PATTERNS[scene.pattern](canvas, scene, random)


def _pick(scene: Scene, random: np.random.Generator) -> Colour:
    return scene.palette[1 + int(random.integers(0, len(scene.palette) - 1))]


def _soft(colour: Colour) -> Shade:
    return Shade(lighter(colour, 0.1), darker(colour, 0.1))


def _geometric(canvas: Canvas, scene: Scene, random: np.random.Generator) -> None:
    """A grid of quarter circles, triangles, rings and bars, some cells joined into large ones."""
    cells = int(random.integers(5, 8))
    step = min(canvas.width, canvas.height) / cells
    across, down = int(np.ceil(canvas.width / step)), int(np.ceil(canvas.height / step))
    left, top = (canvas.width - across * step) / 2, (canvas.height - down * step) / 2
    taken: set[tuple[int, int]] = set()
    for row in range(down):
        for column in range(across):
            if (column, row) in taken:
                continue
            large = random.random() < 0.16 and column + 1 < across and row + 1 < down
            span = 2 if large else 1
            taken |= {(column + a, row + b) for a in range(span) for b in range(span)}
            _tile(canvas, scene, left + column * step, top + row * step, step * span, random)


def _tile(canvas: Canvas, scene: Scene, x: float, y: float, size: float, random: np.random.Generator) -> None:
    back, front, spare = _pick(scene, random), _pick(scene, random), _pick(scene, random)
    while front == back and len(set(scene.palette)) > 2:
        front = _pick(scene, random)
    canvas.polygon([(x, y), (x + size, y), (x + size, y + size), (x, y + size)], _soft(back))
    turn = int(random.integers(0, 4))

    def at(a: float, b: float) -> Point:
        for _ in range(turn):
            a, b = 1 - b, a
        return (x + a * size, y + b * size)

    match int(random.integers(0, 7)):
        case 0:
            canvas.polygon([at(0, 0), *(at(cos(t) * 1.0, sin(t) * 1.0) for t in np.linspace(0, pi / 2, 30))], _soft(front))
            canvas.polygon([at(0, 0), *(at(cos(t) * 0.5, sin(t) * 0.5) for t in np.linspace(0, pi / 2, 30))], spare)
        case 1:
            canvas.polygon([at(0, 0), at(1, 0), at(0, 1)], _soft(front))
        case 2:
            canvas.polygon([at(0.5 + cos(t) * 0.42, 0.5 + sin(t) * 0.42) for t in np.linspace(0, 2 * pi, 60)], _soft(front))
            canvas.polygon([at(0.5 + cos(t) * 0.22, 0.5 + sin(t) * 0.22) for t in np.linspace(0, 2 * pi, 60)], back)
        case 3:
            for bar in range(3):
                canvas.polygon([at(bar / 3, 0), at(bar / 3 + 1 / 6, 0), at(bar / 3 + 1 / 6, 1), at(bar / 3, 1)], front)
        case 4:
            canvas.polygon([at(0.5, 0.06), at(0.94, 0.5), at(0.5, 0.94), at(0.06, 0.5)], _soft(front))
            canvas.polygon([at(0.5, 0.3), at(0.7, 0.5), at(0.5, 0.7), at(0.3, 0.5)], spare)
        case 5:
            canvas.polygon([at(0, 0.5), *(at(0.5 + cos(t) * 0.5, 0.5 - sin(t) * 0.5) for t in np.linspace(pi, 0, 40))], _soft(front))
            canvas.polygon([at(0, 1), *(at(0.5 + cos(t) * 0.5, 1 - sin(t) * 0.5) for t in np.linspace(pi, 0, 40))], _soft(spare))
        case _:
            canvas.polygon([at(0, 0), at(0.5, 0), at(1, 0.5), at(1, 1)], _soft(front))


def _waves(canvas: Canvas, scene: Scene, random: np.random.Generator) -> None:
    rows = int(random.integers(11, 16))
    phase, pace = random.uniform(0, 2 * pi), random.uniform(0.8, 1.6)
    for row in range(-2, rows + 2):
        colour = scene.palette[1 + row % (len(scene.palette) - 1)]
        level = canvas.height * row / rows
        swing = canvas.height * 0.055 * (0.7 + 0.5 * sin(row * 0.6))
        line = [
            (x * canvas.width, level + swing * sin(2 * pi * pace * x + phase + row * 0.42) + swing * 0.35 * sin(5.3 * pi * x + row))
            for x in np.linspace(0, 1, 90)
        ]
        canvas.polygon([*line, (canvas.width, canvas.height), (0, canvas.height)], colour)
        canvas.polygon([*line, *((x, y + canvas.height * 0.008) for x, y in reversed(line))], lighter(colour, 0.35), alpha=0.8)
        canvas.polygon(
            [*((x, y + canvas.height * 0.03) for x, y in line), *((x, y + canvas.height * 0.09) for x, y in reversed(line))],
            darker(colour, 0.25),
            alpha=0.25,
        )


def _mosaic(canvas: Canvas, scene: Scene, random: np.random.Generator) -> None:
    """Uneven tiles with grout: a jittered grid, cut into shards."""
    step = min(canvas.width, canvas.height) / int(random.integers(11, 16))
    across, down = int(canvas.width / step) + 2, int(canvas.height / step) + 2
    knots = [
        [((c - 0.5 + random.uniform(-0.3, 0.3)) * step, (r - 0.5 + random.uniform(-0.3, 0.3)) * step) for c in range(across + 1)]
        for r in range(down + 1)
    ]
    focus = (random.uniform(0.3, 0.7) * canvas.width, random.uniform(0.3, 0.7) * canvas.height)
    for row in range(down):
        for column in range(across):
            corners = [knots[row][column], knots[row][column + 1], knots[row + 1][column + 1], knots[row + 1][column]]
            shards = [corners] if random.random() < 0.4 else [corners[:3], [corners[0], corners[2], corners[3]]]
            for shard in shards:
                x, y = sum(p[0] for p in shard) / len(shard), sum(p[1] for p in shard) / len(shard)
                ring = int(((x - focus[0]) ** 2 + (y - focus[1]) ** 2) ** 0.5 / (step * 1.9)) + (random.random() < 0.25)
                colour = mix(scene.palette[1 + ring % (len(scene.palette) - 1)], (255, 255, 255), random.uniform(0, 0.14))
                canvas.polygon([(x + (px - x) * 0.9, y + (py - y) * 0.9) for px, py in shard], _soft(colour))


def _spiral(canvas: Canvas, scene: Scene, random: np.random.Generator) -> None:
    x, y = canvas.width * random.uniform(0.42, 0.58), canvas.height * random.uniform(0.42, 0.58)
    reach, arms = (canvas.width**2 + canvas.height**2) ** 0.5 * 0.62, 2 * int(random.integers(3, 6))
    twist = random.uniform(2.2, 3.6) * (1 if random.random() < 0.5 else -1)
    for arm in range(arms):
        colour = scene.palette[1 + arm % (len(scene.palette) - 1)]
        edges = []
        for side in (0.0, 1.0):
            angle = 2 * pi * (arm + side) / arms
            edges.append(
                [
                    (x + cos(angle + twist * t**0.6) * reach * t, y + sin(angle + twist * t**0.6) * reach * t)
                    for t in np.linspace(0.0, 1, 70)
                ]
            )
        canvas.polygon([*edges[0], *reversed(edges[1])], colour)
        canvas.polygon(
            [
                *edges[0],
                *(
                    (px + (qx - px) * 0.3, py + (qy - py) * 0.3)
                    for (px, py), (qx, qy) in zip(reversed(edges[0]), reversed(edges[1]), strict=True)
                ),
            ],
            darker(colour, 0.3),
            alpha=0.35,
        )
    canvas.glow(x, y, reach * 0.34, lighter(scene.palette[1], 0.5), 0.6)


def _mandala(canvas: Canvas, scene: Scene, random: np.random.Generator) -> None:
    x, y, unit = canvas.width / 2, canvas.height / 2, min(canvas.width, canvas.height) / 2
    for ring in range(9, 0, -1):
        petals, radius = 6 * (1 + ring // 2), unit * ring * 0.13
        colour, long = scene.palette[1 + ring % (len(scene.palette) - 1)], unit * 0.17
        for petal in range(petals):
            angle = 2 * pi * (petal + 0.5 * (ring % 2)) / petals
            canvas.polygon(oval(x + cos(angle) * radius, y + sin(angle) * radius, long, long * 0.36, turn=angle), _soft(colour))
            canvas.polygon(
                oval(x + cos(angle) * radius, y + sin(angle) * radius, long * 0.5, long * 0.14, turn=angle, steps=24), lighter(colour, 0.35)
            )
    canvas.polygon(oval(x, y, unit * 0.1, unit * 0.1), _pick(scene, random))


def _dots(canvas: Canvas, scene: Scene, random: np.random.Generator) -> None:
    unit = min(canvas.width, canvas.height)
    placed: list[tuple[float, float, float]] = []
    for _ in range(900):
        x, y, radius = (
            random.uniform(0, canvas.width),
            random.uniform(0, canvas.height),
            unit * random.uniform(0.012, 0.11) * random.uniform(0.4, 1),
        )
        if any((x - a) ** 2 + (y - b) ** 2 < (radius + c) ** 2 * 1.04 for a, b, c in placed):
            continue
        placed.append((x, y, radius))
        colour = _pick(scene, random)
        canvas.polygon(oval(x, y, radius, radius, steps=64), _soft(colour))
        if radius > unit * 0.03 and random.random() < 0.6:
            canvas.polygon(oval(x, y, radius * 0.62, radius * 0.62), _pick(scene, random))
            canvas.polygon(oval(x, y, radius * 0.3, radius * 0.3), colour)


def _stripes(canvas: Canvas, scene: Scene, random: np.random.Generator) -> None:
    slope, at, reach = random.uniform(-0.7, 0.7), -1.0, 0.6 * (canvas.width + canvas.height)
    while at < 2.4:
        wide = random.uniform(0.012, 0.075)
        colour = _pick(scene, random)
        points = [
            (at * reach, 0.0),
            ((at + wide) * reach, 0.0),
            ((at + wide + slope) * reach, float(canvas.height)),
            ((at + slope) * reach, float(canvas.height)),
        ]
        canvas.polygon(points, _soft(colour))
        at += wide


PATTERNS: Final[Mapping[str, Painter]] = {
    "geometric": _geometric,
    "waves": _waves,
    "mosaic": _mosaic,
    "spiral": _spiral,
    "mandala": _mandala,
    "dots": _dots,
    "stripes": _stripes,
}
