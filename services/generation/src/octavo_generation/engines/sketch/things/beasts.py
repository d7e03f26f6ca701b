"""Large animals, seen from the side, facing right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from octavo_generation.engines.sketch.canvas import Point
from octavo_generation.engines.sketch.colours import Colour, darker, mix
from octavo_generation.engines.sketch.pen import Pen, soft


def _leg(pen: Pen, x: float, top: float, wide: float, colour: Colour, hoof: Colour) -> None:
    pen.poly([(x - wide * 0.7, top), (x + wide * 0.7, top), (x + wide * 0.42, 0.05), (x - wide * 0.42, 0.05)], colour)
    pen.box(x - wide * 0.5, 0.0, x + wide * 0.5, 0.06, hoof, corner=0.012)


def horse(pen: Pen) -> None:
    coat = pen.own(((150, 92, 58), (110, 74, 60), (226, 214, 200))[pen.thing.variant % 3])
    unicorn = pen.thing.word.startswith("unicorn")
    if unicorn:
        coat = pen.own((250, 244, 250))
    mane: Colour = (236, 150, 200) if unicorn else darker(coat, 0.5)
    hoof = darker(coat, 0.6)
    pen.shadow(0.46)
    for x in (-0.24, 0.2):
        _leg(pen, x, 0.4, 0.07, darker(coat, 0.24), hoof)
    pen.blob([(-0.38, 0.56), (-0.48, 0.46), (-0.54, 0.26), (-0.5, 0.16), (-0.44, 0.3), (-0.36, 0.46)], mane)
    pen.blob(
        [
            (-0.38, 0.44),
            (-0.37, 0.58),
            (-0.22, 0.63),
            (0.04, 0.6),
            (0.2, 0.66),
            (0.32, 0.88),
            (0.4, 0.94),
            (0.48, 0.84),
            (0.4, 0.6),
            (0.32, 0.42),
            (0.16, 0.34),
            (-0.14, 0.34),
            (-0.3, 0.36),
        ],
        soft(coat),
    )
    pen.blob(
        [(0.36, 0.97), (0.3, 0.86), (0.36, 0.78), (0.48, 0.72), (0.6, 0.66), (0.64, 0.7), (0.62, 0.78), (0.5, 0.92), (0.42, 0.99)],
        soft(coat, 0.1),
    )
    pen.blob([(0.6, 0.665), (0.645, 0.7), (0.62, 0.765), (0.56, 0.72)], mix(coat, (240, 200, 190), 0.45))
    pen.poly([(0.38, 0.95), (0.385, 1.07), (0.45, 0.96)], darker(coat, 0.1))
    pen.blob([(0.4, 1.02), (0.3, 0.98), (0.2, 0.82), (0.1, 0.62), (0.18, 0.6), (0.28, 0.74), (0.34, 0.88)], mane)
    for x in (-0.31, 0.27):
        _leg(pen, x, 0.44, 0.085, coat, hoof)
    pen.eye(0.47, 0.88, 0.022)
    if unicorn:
        pen.poly([(0.46, 0.97), (0.51, 0.94), (0.58, 1.16)], (250, 210, 110))


def cow(pen: Pen) -> None:
    coat = pen.own((248, 244, 238))
    patch: Colour = (70, 60, 62)
    pen.shadow(0.5)
    for x in (-0.24, 0.2):
        _leg(pen, x, 0.36, 0.08, darker(coat, 0.2), patch)
    pen.line([(-0.42, 0.6), (-0.5, 0.5), (-0.5, 0.28)], 0.025, darker(coat, 0.12), smooth=True)
    pen.oval(-0.5, 0.26, 0.03, 0.05, patch)
    body = [(-0.44, 0.36), (-0.45, 0.6), (-0.3, 0.68), (0.2, 0.68), (0.36, 0.66), (0.38, 0.4), (0.2, 0.3), (-0.3, 0.3)]
    pen.blob(body, soft(coat, 0.1))
    hold = pen.mask(body)
    for x, y, wide, high in ((-0.26, 0.58, 0.14, 0.12), (0.06, 0.46, 0.13, 0.1), (0.24, 0.66, 0.1, 0.08), (-0.4, 0.36, 0.08, 0.08)):
        pen.blob(
            [
                (x - wide, y),
                (x - wide * 0.3, y + high),
                (x + wide * 0.9, y + high * 0.6),
                (x + wide * 0.7, y - high * 0.7),
                (x - wide * 0.4, y - high),
            ],
            patch,
            clip=hold,
        )
    pen.oval(-0.16, 0.3, 0.08, 0.045, (244, 176, 176))
    for x in (-0.33, 0.29):
        _leg(pen, x, 0.36, 0.09, coat, patch)
    for side in (-1, 1):
        pen.blob([(0.46 + side * 0.08, 0.84), (0.46 + side * 0.2, 0.86), (0.46 + side * 0.17, 0.77)], darker(coat, 0.14))
        pen.poly([(0.46 + side * 0.05, 0.88), (0.46 + side * 0.13, 1.0), (0.46 + side * 0.1, 0.86)], (226, 206, 170))
    pen.blob([(0.33, 0.86), (0.46, 0.91), (0.59, 0.86), (0.56, 0.64), (0.46, 0.56), (0.36, 0.64)], soft(coat, 0.1))
    pen.oval(0.46, 0.63, 0.115, 0.085, (244, 186, 182))
    for side in (-1, 1):
        pen.oval(0.46 + side * 0.045, 0.63, 0.016, 0.022, (160, 96, 100))
        pen.eye(0.46 + side * 0.065, 0.78, 0.024)


def sheep(pen: Pen) -> None:
    wool, face = pen.own((250, 246, 238)), (74, 64, 68)
    pen.shadow(0.42)
    for x in (-0.2, -0.06, 0.12, 0.24):
        pen.box(x - 0.035, 0.0, x + 0.035, 0.26, face, corner=0.02)
    puffs = [(-0.3, 0.42), (-0.22, 0.6), (0.0, 0.66), (0.2, 0.6), (0.28, 0.42), (0.16, 0.28), (-0.04, 0.26), (-0.22, 0.28), (0.0, 0.46)]
    for x, y in puffs:
        pen.oval(x, y - 0.02, 0.17, 0.16, darker(wool, 0.14))
    for x, y in puffs:
        pen.oval(x, y, 0.155, 0.145, soft(wool, 0.06))
    pen.blob([(0.3, 0.72), (0.44, 0.74), (0.5, 0.58), (0.44, 0.44), (0.34, 0.46), (0.28, 0.6)], soft(face, 0.1))
    pen.blob([(0.32, 0.68), (0.18, 0.68), (0.16, 0.6), (0.3, 0.62)], face)
    pen.oval(0.34, 0.76, 0.1, 0.07, wool)
    pen.oval(0.42, 0.62, 0.026, 0.03, (255, 255, 255))
    pen.oval(0.428, 0.62, 0.013, 0.016, (20, 20, 24))


def elephant(pen: Pen) -> None:
    skin = pen.own((146, 154, 172))
    pen.shadow(0.5)
    for x in (-0.26, 0.16):
        pen.box(x - 0.08, 0.0, x + 0.08, 0.4, darker(skin, 0.22), corner=0.03)
    pen.line([(-0.44, 0.56), (-0.52, 0.42), (-0.5, 0.28)], 0.026, darker(skin, 0.2), smooth=True)
    pen.blob([(-0.46, 0.34), (-0.46, 0.64), (-0.28, 0.8), (0.06, 0.82), (0.24, 0.74), (0.3, 0.4), (0.16, 0.26), (-0.3, 0.26)], soft(skin))
    for x in (-0.34, 0.08):
        pen.box(x - 0.09, 0.0, x + 0.09, 0.42, soft(skin, 0.08), corner=0.03)
        for toe in (-0.05, 0.0, 0.05):
            pen.oval(x + toe, 0.02, 0.02, 0.02, (240, 232, 220))
    pen.line([(0.46, 0.62), (0.56, 0.4), (0.54, 0.2), (0.62, 0.12)], 0.1, skin, smooth=True)
    pen.oval(0.32, 0.7, 0.21, 0.22, soft(skin, 0.12))
    pen.blob([(0.18, 0.86), (0.3, 0.74), (0.28, 0.5), (0.14, 0.42), (0.0, 0.56), (0.02, 0.8)], soft(darker(skin, 0.14), 0.1))
    pen.blob([(0.17, 0.8), (0.25, 0.72), (0.23, 0.55), (0.14, 0.5), (0.05, 0.6), (0.07, 0.76)], mix(skin, (238, 170, 176), 0.5))
    pen.poly([(0.42, 0.56), (0.5, 0.53), (0.62, 0.44), (0.48, 0.48)], (252, 246, 232))
    pen.eye(0.41, 0.74, 0.026)


def dragon(pen: Pen) -> None:
    """Standing, wings up, tail curled, a puff of fire."""
    skin = pen.own(((84, 158, 90), (184, 66, 70), (92, 108, 186))[pen.thing.variant % 3])
    belly, wing = mix(skin, (252, 232, 170), 0.66), mix(skin, (250, 170, 90), 0.45)
    pen.shadow(0.46)
    pen.line([(-0.2, 0.2), (-0.42, 0.1), (-0.58, 0.18), (-0.6, 0.36)], 0.09, darker(skin, 0.08), smooth=True)
    pen.poly([(-0.67, 0.34), (-0.53, 0.34), (-0.6, 0.52)], wing)
    for bone, far in (((-0.62, 0.98), 0.26), ((-0.44, 1.06), 0.0)):
        shade = darker(wing, far)
        tip = (bone[0], bone[1])
        shape: list[Point] = [
            (-0.02, 0.5),
            tip,
            (bone[0] - 0.06, 0.72),
            (bone[0] + 0.1, 0.68),
            (bone[0] + 0.14, 0.52),
            (bone[0] + 0.3, 0.54),
            (bone[0] + 0.36, 0.42),
        ]
        pen.poly(shape, soft(shade))
        for end in (shape[2], shape[4], shape[6]):
            pen.line([tip, end], 0.014, darker(skin, 0.2))
        pen.line([(-0.02, 0.5), tip], 0.035, darker(skin, 0.12))
    for x in (-0.14, 0.14):
        pen.box(x - 0.075, 0.0, x + 0.075, 0.26, soft(darker(skin, 0.12), 0.08), corner=0.05)
        for toe in (-0.03, 0.03, 0.08):
            pen.oval(x + toe, 0.018, 0.022, 0.024, (250, 244, 224))
    body = [
        (-0.24, 0.22),
        (-0.2, 0.44),
        (0.0, 0.58),
        (0.12, 0.74),
        (0.2, 0.9),
        (0.32, 0.88),
        (0.28, 0.68),
        (0.28, 0.46),
        (0.24, 0.22),
        (0.04, 0.12),
    ]
    for x, y in ((-0.12, 0.53), (-0.02, 0.6), (0.06, 0.7), (0.12, 0.82)):
        pen.poly([(x - 0.03, y - 0.06), (x + 0.05, y + 0.02), (x - 0.05, y + 0.07)], wing)
    pen.blob(body, soft(skin))
    pen.blob([(0.06, 0.16), (0.14, 0.36), (0.2, 0.6), (0.28, 0.72), (0.27, 0.48), (0.23, 0.22)], belly)
    for y in (0.26, 0.36, 0.46, 0.56):
        pen.line([(0.13 + y * 0.1, y), (0.26, y - 0.01)], 0.01, darker(belly, 0.2))
    pen.line([(0.2, 0.42), (0.34, 0.34), (0.38, 0.38)], 0.055, darker(skin, 0.1), smooth=True)
    for x in (0.2, 0.27):
        pen.poly([(x - 0.02, 0.97), (x + 0.03, 0.97), (x - 0.06, 1.1)], (250, 238, 206))
    pen.blob([(0.14, 0.9), (0.2, 1.0), (0.32, 1.01), (0.42, 0.94), (0.53, 0.9), (0.54, 0.82), (0.42, 0.79), (0.28, 0.8)], soft(skin, 0.12))
    pen.line([(0.52, 0.83), (0.4, 0.83)], 0.011, darker(skin, 0.5))
    pen.oval(0.5, 0.885, 0.012, 0.01, darker(skin, 0.6))
    pen.oval(0.33, 0.935, 0.034, 0.034, (252, 232, 120))
    pen.oval(0.34, 0.935, 0.013, 0.03, (30, 24, 30))
    for size, colour in ((1.0, (244, 110, 50)), (0.66, (252, 190, 70)), (0.36, (255, 240, 170))):
        flame = [
            (0.53, 0.85),
            (0.58 + 0.1 * size, 0.85 + 0.07 * size),
            (0.6 + 0.24 * size, 0.85 + 0.05 * size),
            (0.58 + 0.16 * size, 0.85),
            (0.6 + 0.22 * size, 0.85 - 0.06 * size),
            (0.58 + 0.08 * size, 0.85 - 0.055 * size),
        ]
        pen.poly(flame, colour, glows=True)
    pen.glow(0.66, 0.85, 0.22, (255, 150, 60), 0.4)


SPRITES: Final[Mapping[str, Callable[[Pen], None]]] = {"horse": horse, "cow": cow, "sheep": sheep, "elephant": elephant, "dragon": dragon}
