"""What is up in the sky: birds, balloons, kites, planes, rockets, stars."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import cos, pi, sin
from typing import Final

from octavo_generation.engines.sketch.canvas import Point
from octavo_generation.engines.sketch.colours import Colour, darker, lighter, mix
from octavo_generation.engines.sketch.elsewhere import globe
from octavo_generation.engines.sketch.pen import Pen, lateral, soft


def bird(pen: Pen) -> None:
    """In flight to the right, wings raised."""
    coat = pen.own(((86, 140, 206), (236, 112, 84), (250, 250, 252), (70, 70, 86))[pen.thing.variant % 4])
    pen.poly([(-0.3, 0.42), (-0.62, 0.54), (-0.58, 0.4), (-0.64, 0.3)], darker(coat, 0.2))
    pen.blob([(-0.04, 0.48), (0.02, 0.8), (-0.16, 1.0), (-0.34, 0.92), (-0.26, 0.62)], soft(darker(coat, 0.24), 0.1))
    pen.blob([(-0.36, 0.42), (-0.1, 0.52), (0.16, 0.56), (0.34, 0.62), (0.46, 0.54), (0.36, 0.38), (0.1, 0.26), (-0.18, 0.3)], soft(coat))
    pen.blob([(-0.16, 0.33), (0.1, 0.28), (0.34, 0.4), (0.3, 0.46), (0.0, 0.4)], mix(coat, (255, 250, 240), 0.7))
    pen.blob(
        [(0.14, 0.46), (0.16, 0.7), (0.02, 0.96), (-0.2, 1.04), (-0.22, 0.84), (-0.14, 0.6), (-0.08, 0.44)], soft(darker(coat, 0.1), 0.14)
    )
    pen.poly([(0.43, 0.58), (0.6, 0.52), (0.42, 0.48)], (246, 170, 60))
    pen.eye(0.35, 0.555, 0.03)


def butterfly(pen: Pen) -> None:
    wing = pen.own(((240, 140, 60), (110, 130, 220), (236, 100, 150), (250, 210, 80))[pen.thing.variant % 4])
    for side in (-1, 1):
        pen.blob([(0.0, 0.56), (side * 0.18, 0.92), (side * 0.44, 0.98), (side * 0.5, 0.76), (side * 0.32, 0.54)], darker(wing, 0.5))
        pen.blob([(side * 0.03, 0.58), (side * 0.19, 0.87), (side * 0.4, 0.92), (side * 0.44, 0.76), (side * 0.29, 0.58)], soft(wing))
        pen.blob([(0.0, 0.5), (side * 0.28, 0.5), (side * 0.4, 0.34), (side * 0.28, 0.14), (side * 0.1, 0.22)], darker(wing, 0.5))
        pen.blob(
            [(side * 0.03, 0.48), (side * 0.25, 0.46), (side * 0.34, 0.33), (side * 0.26, 0.2), (side * 0.11, 0.27)],
            soft(lighter(wing, 0.16)),
        )
        pen.oval(side * 0.33, 0.8, 0.05, 0.05, (255, 250, 236))
        pen.oval(side * 0.24, 0.33, 0.035, 0.035, (255, 250, 236))
        pen.line([(0.0, 0.7), (side * 0.06, 0.88), (side * 0.12, 0.94)], 0.014, (50, 40, 50), smooth=True)
    pen.oval(0.0, 0.5, 0.035, 0.24, (54, 44, 54))


def bat(pen: Pen) -> None:
    skin = pen.own((112, 92, 140))
    for side in (-1, 1):
        pen.poly(
            [
                (0.0, 0.6),
                (side * 0.22, 0.78),
                (side * 0.6, 0.7),
                (side * 0.5, 0.56),
                (side * 0.46, 0.4),
                (side * 0.32, 0.5),
                (side * 0.2, 0.36),
                (side * 0.08, 0.44),
            ],
            soft(skin, 0.1),
        )
        pen.poly([(side * 0.02, 0.74), (side * 0.1, 0.92), (side * 0.11, 0.7)], skin)
    pen.oval(0.0, 0.54, 0.11, 0.2, soft(lighter(skin, 0.1)))
    for side in (-1, 1):
        pen.oval(side * 0.045, 0.64, 0.026, 0.03, (250, 230, 110), glows=True)
        pen.oval(side * 0.045, 0.64, 0.01, 0.018, (20, 16, 26), glows=True)


def plane(pen: Pen) -> None:
    body = pen.own((244, 246, 250))
    stripe: Colour = (52, 112, 196) if pen.thing.colour is None else darker(body, 0.4)
    pen.poly([(-0.02, 0.52), (-0.2, 0.84), (-0.12, 0.84), (0.18, 0.54)], darker(body, 0.22))
    pen.poly([(-0.5, 0.52), (-0.64, 0.84), (-0.54, 0.84), (-0.34, 0.56)], soft(stripe))
    pen.blob([(-0.62, 0.52), (-0.4, 0.6), (0.3, 0.61), (0.54, 0.55), (0.6, 0.47), (0.48, 0.4), (0.1, 0.36), (-0.3, 0.4)], soft(body, 0.1))
    pen.poly([(-0.56, 0.5), (0.58, 0.48), (0.56, 0.445), (-0.48, 0.46)], stripe)
    for step in range(7):
        pen.oval(-0.28 + step * 0.1, 0.535, 0.022, 0.026, (110, 160, 206))
    pen.poly([(0.46, 0.57), (0.54, 0.53), (0.42, 0.52), (0.4, 0.575)], (120, 180, 220))
    pen.poly([(0.14, 0.46), (-0.14, 0.1), (-0.24, 0.1), (-0.1, 0.46)], soft(darker(body, 0.12)))
    pen.poly([(-0.44, 0.5), (-0.62, 0.36), (-0.68, 0.36), (-0.56, 0.5)], darker(body, 0.2))
    pen.oval(-0.02, 0.3, 0.08, 0.035, darker(body, 0.36))


def balloon(pen: Pen) -> None:
    """A hot-air balloon with gores and a basket."""
    cloth = pen.own(((226, 72, 66), (240, 150, 56), (70, 130, 206), (150, 90, 180))[pen.thing.variant % 4])
    other = mix(cloth, (255, 250, 236), 0.86) if max(cloth) - min(cloth) > 40 or max(cloth) < 150 else (226, 110, 80)
    envelope = [
        (0.0, 1.0),
        (0.24, 0.94),
        (0.37, 0.74),
        (0.33, 0.52),
        (0.16, 0.3),
        (0.08, 0.22),
        (-0.08, 0.22),
        (-0.16, 0.3),
        (-0.33, 0.52),
        (-0.37, 0.74),
        (-0.24, 0.94),
    ]
    for side in (-1, 1):
        pen.line([(side * 0.075, 0.23), (side * 0.06, 0.1)], 0.01, (110, 84, 66))
    for half, colour in ((1.0, cloth), (0.72, other), (0.44, cloth), (0.17, other)):
        gore = [(x * half, y) for x, y in envelope]
        pen.blob(gore, lateral(colour, 0.12))
    pen.blob([(x * 0.36 - 0.17, 0.1 + y * 0.82) for x, y in envelope], (255, 255, 255), alpha=0.16)
    pen.box(-0.08, 0.2, 0.08, 0.235, darker(cloth, 0.3), corner=0.01)
    pen.box(-0.075, 0.0, 0.075, 0.115, soft((166, 116, 70)), corner=0.02)
    pen.box(-0.085, 0.1, 0.085, 0.128, (126, 84, 54), corner=0.012)
    if pen.dark:
        pen.glow(0.0, 0.26, 0.3, (255, 190, 90), 0.6)


def kite(pen: Pen) -> None:
    """A diamond on a line, with a tail of bows."""
    cloth = pen.own(((226, 64, 72), (250, 190, 60), (70, 140, 220))[pen.thing.variant % 3])
    other = lighter(cloth, 0.4)
    top, left, right, low = (0.12, 1.0), (-0.2, 0.66), (0.36, 0.74), (-0.02, 0.28)
    middle = (0.08, 0.7)
    tail = [(-0.02, 0.28), (-0.12, 0.16), (-0.06, 0.02), (-0.2, -0.12), (-0.16, -0.26)]
    pen.line(tail, 0.014, darker(cloth, 0.3), smooth=True)
    for x, y in tail[1:]:
        for side in (-1, 1):
            pen.poly([(x, y), (x + side * 0.07, y + 0.045), (x + side * 0.07, y - 0.035)], (250, 206, 80) if side > 0 else cloth)
    pen.line([middle, (0.5, -0.1), (0.86, -0.62)], 0.006, (240, 240, 240), smooth=True)
    pen.poly([top, left, middle], lighter(cloth, 0.16))
    pen.poly([top, right, middle], other)
    pen.poly([left, low, middle], other)
    pen.poly([right, low, middle], darker(cloth, 0.12))
    pen.line([top, low], 0.013, (120, 84, 60))
    pen.line([left, right], 0.013, (120, 84, 60))


def rocket(pen: Pen) -> None:
    """Rising, leaning a little, flame and smoke below."""
    body: Colour = pen.own((240, 242, 246))
    trim: Colour = (220, 66, 62) if pen.thing.colour is None else darker(body, 0.36)
    for size, colour in ((1.0, (246, 120, 50)), (0.66, (252, 196, 70)), (0.34, (255, 244, 190))):
        pen.blob(
            [
                (-0.09 * size, 0.16),
                (0.09 * size, 0.16),
                (0.07 * size, 0.16 - 0.16 * size),
                (0.0, 0.16 - 0.34 * size),
                (-0.07 * size, 0.16 - 0.16 * size),
            ],
            colour,
        )
    pen.glow(0.0, 0.06, 0.3, (255, 170, 80), 0.7)
    for side in (-1, 1):
        pen.blob([(side * 0.1, 0.42), (side * 0.26, 0.26), (side * 0.27, 0.08), (side * 0.18, 0.18), (side * 0.09, 0.2)], soft(trim))
    shape = [(0.0, 1.0), (0.1, 0.84), (0.16, 0.6), (0.14, 0.32), (0.09, 0.16), (-0.09, 0.16), (-0.14, 0.32), (-0.16, 0.6), (-0.1, 0.84)]
    pen.blob(shape, lateral(body, 0.18))
    pen.blob([(0.0, 1.005), (0.06, 0.92), (0.115, 0.8), (0.0, 0.775), (-0.115, 0.8), (-0.06, 0.92)], lateral(trim))
    pen.oval(0.0, 0.62, 0.08, 0.08, darker(trim, 0.1))
    pen.oval(0.0, 0.62, 0.058, 0.058, soft((110, 190, 230)))
    pen.oval(-0.02, 0.645, 0.018, 0.014, (255, 255, 255))
    pen.oval(0.0, 0.42, 0.036, 0.036, (140, 150, 166))
    pen.box(-0.1, 0.145, 0.1, 0.2, (120, 126, 142), corner=0.02)


def ufo(pen: Pen) -> None:
    metal = pen.own((164, 174, 196))
    pen.poly([(-0.14, 0.42), (0.14, 0.42), (0.4, -0.3), (-0.4, -0.3)], (190, 255, 190), alpha=0.26, glows=True)
    dome = [(0.2 * cos(t * pi / 20), 0.58 + 0.24 * sin(t * pi / 20)) for t in range(21)]
    pen.poly(dome, soft((150, 220, 230)), alpha=0.92)
    pen.oval(0.0, 0.62, 0.06, 0.07, (120, 200, 110))
    for side in (-1, 1):
        pen.oval(side * 0.025, 0.64, 0.018, 0.024, (20, 24, 30))
    pen.oval(0.0, 0.52, 0.5, 0.15, soft(metal, 0.3))
    pen.oval(0.0, 0.57, 0.26, 0.055, darker(metal, 0.16))
    for step in range(5):
        x = -0.36 + step * 0.18
        pen.oval(x, 0.47 - 0.03 * (1 - abs(x) * 2), 0.034, 0.028, (255, 232, 120), glows=True)
        pen.glow(x, 0.46, 0.1, (255, 220, 120), 0.5)


def star(pen: Pen) -> None:
    colour = pen.own((255, 218, 92))
    points = [
        (0.5 * (1 if k % 2 == 0 else 0.44) * sin(k * pi / 5), 0.5 + 0.5 * (1 if k % 2 == 0 else 0.44) * cos(k * pi / 5)) for k in range(10)
    ]
    pen.glow(0.0, 0.5, 1.0, colour, 0.5)
    pen.poly(points, soft(colour), glows=True)
    for k in range(0, 10, 2):
        pen.poly([(0.0, 0.5), points[k], points[(k + 1) % 10]], lighter(colour, 0.34), alpha=0.6, glows=True)


def comet(pen: Pen) -> None:
    head = pen.own((255, 244, 206))
    for half, alpha in ((0.16, 0.2), (0.1, 0.3), (0.05, 0.5)):
        pen.poly([(0.46, 0.3 + half), (0.5, 0.3 - half), (-1.1, 1.0)], head, alpha=alpha, glows=True)
    pen.glow(0.48, 0.3, 0.5, head, 0.9)
    pen.oval(0.48, 0.3, 0.11, 0.11, lighter(head, 0.4), glows=True)


def planet(pen: Pen) -> None:
    usual: Colour = {"mars": (206, 96, 64), "jupiter": (222, 180, 140), "saturn": (226, 190, 130)}.get(
        pen.thing.word, ((226, 150, 96), (120, 150, 216), (176, 120, 190))[pen.thing.variant % 3]
    )
    x, y = pen.at(0.0, 0.5)
    globe(pen.canvas, x, y, pen.unit * 0.36, pen.own(usual), pen.random, ringed=pen.thing.word not in ("mars", "jupiter", "marte"))


def heart(pen: Pen) -> None:
    colour = pen.own((226, 56, 84))
    shape: list[Point] = [
        (0.5 * sin(t) ** 3, 0.54 + (13 * cos(t) - 5 * cos(2 * t) - 2 * cos(3 * t) - cos(4 * t)) / 32)
        for t in (step * pi / 40 for step in range(80))
    ]
    pen.glow(0.0, 0.5, 0.9, colour, 0.24)
    pen.poly(shape, soft(colour, 0.2))
    pen.blob([(-0.36, 0.72), (-0.28, 0.86), (-0.14, 0.84), (-0.22, 0.76), (-0.3, 0.62)], (255, 255, 255), alpha=0.45)


SPRITES: Final[Mapping[str, Callable[[Pen], None]]] = {
    "bird": bird,
    "butterfly": butterfly,
    "bat": bat,
    "plane": plane,
    "balloon": balloon,
    "kite": kite,
    "rocket": rocket,
    "ufo": ufo,
    "star": star,
    "comet": comet,
    "planet": planet,
    "heart": heart,
}
