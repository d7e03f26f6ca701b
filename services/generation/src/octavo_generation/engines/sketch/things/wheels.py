"""Vehicles on the ground, seen from the side, driving right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import cos, pi, sin
from typing import Final

from octavo_generation.engines.sketch.colours import Colour, darker, lighter
from octavo_generation.engines.sketch.pen import Pen, soft

_GLASS: Colour = (170, 214, 236)


def _wheel(pen: Pen, x: float, radius: float) -> None:
    pen.oval(x, radius, radius, radius, (40, 40, 48))
    pen.oval(x, radius, radius * 0.56, radius * 0.56, soft((196, 200, 208)))
    pen.oval(x, radius, radius * 0.2, radius * 0.2, (90, 94, 104))


def _glass(pen: Pen) -> Colour:
    return (255, 226, 150) if pen.dark else _GLASS


def _headlight(pen: Pen, x: float, y: float) -> None:
    pen.oval(x, y, 0.03, 0.035, (255, 244, 190), glows=pen.dark)
    if pen.dark:
        for reach in (0.5, 0.36, 0.22):
            pen.poly(
                [(x, y + 0.02), (x + reach, y + 0.06), (x + reach * 1.06, y - 0.06), (x + reach, y - 0.16), (x, y - 0.02)],
                (255, 240, 180),
                alpha=0.1,
                glows=True,
            )
        pen.glow(x, y, 0.22, (255, 236, 170), 0.9)


def car(pen: Pen) -> None:
    paint = pen.own(((214, 64, 60), (60, 124, 190), (246, 190, 60), (84, 156, 120))[pen.thing.variant % 4])
    if any(name in pen.thing.word for name in ("taxi", "cab")):
        paint = pen.own((250, 200, 40))
    pen.shadow(0.56)
    pen.blob([(-0.34, 0.32), (-0.26, 0.52), (-0.1, 0.58), (0.12, 0.57), (0.26, 0.46), (0.36, 0.32)], soft(paint, 0.1))
    pen.poly([(-0.27, 0.34), (-0.21, 0.49), (-0.1, 0.535), (-0.02, 0.535), (-0.02, 0.34)], _glass(pen), glows=pen.dark)
    pen.poly([(0.02, 0.34), (0.02, 0.535), (0.11, 0.53), (0.22, 0.45), (0.29, 0.34)], _glass(pen), glows=pen.dark)
    pen.poly([(0.05, 0.34), (0.12, 0.53), (0.15, 0.515), (0.09, 0.34)], (255, 255, 255), alpha=0.4)
    pen.blob(
        [(-0.52, 0.14), (-0.52, 0.32), (-0.4, 0.37), (0.3, 0.365), (0.48, 0.31), (0.54, 0.22), (0.52, 0.12), (0.0, 0.1)], soft(paint, 0.16)
    )
    pen.line([(0.0, 0.34), (0.0, 0.14)], 0.008, darker(paint, 0.3))
    pen.line([(-0.1, 0.28), (-0.05, 0.28)], 0.018, darker(paint, 0.4))
    pen.line([(-0.5, 0.19), (0.52, 0.19)], 0.014, lighter(paint, 0.4))
    pen.box(-0.545, 0.24, -0.5, 0.3, (226, 60, 50), corner=0.012)
    _headlight(pen, 0.5, 0.26)
    for x in (-0.3, 0.3):
        pen.oval(x, 0.13, 0.145, 0.145, darker(paint, 0.55))
        _wheel(pen, x, 0.12)


def bus(pen: Pen) -> None:
    paint = pen.own((226, 76, 60))
    pen.shadow(0.68)
    pen.box(-0.64, 0.1, 0.64, 0.66, soft(paint, 0.14), corner=0.07)
    pen.box(-0.64, 0.26, 0.64, 0.31, lighter(paint, 0.75))
    for step in range(5):
        pen.box(-0.57 + step * 0.21, 0.37, -0.4 + step * 0.21, 0.58, _glass(pen), corner=0.02, glows=pen.dark)
    pen.box(0.48, 0.3, 0.6, 0.6, _glass(pen), corner=0.03, glows=pen.dark)
    pen.box(0.3, 0.12, 0.42, 0.34, darker(paint, 0.3))
    _headlight(pen, 0.62, 0.2)
    for x in (-0.4, 0.4):
        _wheel(pen, x, 0.11)


def truck(pen: Pen) -> None:
    paint = pen.own((70, 130, 186))
    pen.shadow(0.68)
    pen.box(-0.66, 0.18, 0.24, 0.74, soft((238, 234, 226), 0.1), corner=0.02)
    pen.box(-0.66, 0.4, 0.24, 0.48, paint)
    pen.box(-0.66, 0.1, 0.64, 0.2, (70, 72, 84))
    pen.blob([(0.27, 0.14), (0.27, 0.6), (0.4, 0.62), (0.52, 0.58), (0.62, 0.36), (0.64, 0.14)], soft(paint, 0.14))
    pen.poly([(0.36, 0.38), (0.36, 0.54), (0.49, 0.54), (0.57, 0.38)], _glass(pen), glows=pen.dark)
    _headlight(pen, 0.63, 0.22)
    for x in (-0.46, -0.2, 0.42):
        _wheel(pen, x, 0.12)


def train(pen: Pen) -> None:
    """A steam engine and two coaches on a track."""
    paint = pen.own((62, 112, 92))
    red: Colour = (196, 62, 56)
    pen.box(-1.2, -0.06, 1.2, -0.02, (110, 84, 66))
    for step in range(17):
        pen.box(-1.16 + step * 0.145, -0.09, -1.08 + step * 0.145, -0.04, (92, 68, 54))
    for x, y, size in ((0.66, 0.9, 0.08), (0.5, 1.02, 0.12), (0.26, 1.12, 0.16), (-0.04, 1.2, 0.19)):
        pen.oval(x, y, size, size * 0.8, (244, 246, 250), alpha=0.75)
    for left in (-1.1, -0.42):
        coach = red if left < -1 else (232, 172, 70)
        pen.box(left, 0.14, left + 0.6, 0.6, soft(coach, 0.12), corner=0.03)
        pen.box(left - 0.02, 0.57, left + 0.62, 0.64, darker(coach, 0.35), corner=0.03)
        for step in range(3):
            pen.box(left + 0.07 + step * 0.18, 0.34, left + 0.19 + step * 0.18, 0.5, _glass(pen), corner=0.015, glows=pen.dark)
        for x in (left + 0.13, left + 0.47):
            _wheel(pen, x, 0.09)
        pen.line([(left + 0.6, 0.18), (left + 0.7, 0.18)], 0.03, (60, 60, 70))
    pen.box(0.26, 0.14, 0.52, 0.74, soft(paint, 0.12), corner=0.02)
    pen.box(0.22, 0.72, 0.56, 0.78, red, corner=0.02)
    pen.box(0.31, 0.46, 0.46, 0.64, _glass(pen), corner=0.02, glows=pen.dark)
    pen.box(0.48, 0.2, 1.02, 0.5, soft(paint, 0.22), corner=0.07)
    pen.box(0.8, 0.48, 0.9, 0.74, soft(darker(paint, 0.2)))
    pen.poly([(0.77, 0.74), (0.93, 0.74), (0.96, 0.82), (0.74, 0.82)], darker(paint, 0.3))
    pen.oval(0.66, 0.52, 0.06, 0.06, (236, 190, 80))
    for x in (0.6, 0.74):
        pen.line([(x, 0.21), (x, 0.49)], 0.02, (236, 190, 80))
    pen.poly([(0.98, 0.2), (1.04, 0.2), (1.16, 0.0), (0.96, 0.0)], red)
    _headlight(pen, 1.02, 0.42)
    for x, radius in ((0.4, 0.14), (0.68, 0.11), (0.92, 0.11)):
        pen.oval(x, radius, radius, radius, (50, 50, 60))
        pen.oval(x, radius, radius * 0.74, radius * 0.74, red)
        pen.oval(x, radius, radius * 0.24, radius * 0.24, (236, 190, 80))
    pen.line([(0.4, 0.12), (0.92, 0.1)], 0.03, (200, 204, 214))


def bicycle(pen: Pen) -> None:
    paint = pen.own(((214, 64, 64), (60, 130, 180), (70, 150, 110))[pen.thing.variant % 3])
    pen.shadow(0.56)
    for x in (-0.32, 0.34):
        rim = [(x + 0.22 * cos(t * pi / 24), 0.23 + 0.22 * sin(t * pi / 24)) for t in range(49)]
        pen.line(rim, 0.032, (44, 44, 52))
        for spoke in range(8):
            angle = spoke * pi / 8
            pen.line(
                [(x + 0.2 * cos(angle), 0.23 + 0.2 * sin(angle)), (x - 0.2 * cos(angle), 0.23 - 0.2 * sin(angle))], 0.006, (170, 174, 184)
            )
        pen.oval(x, 0.23, 0.03, 0.03, (120, 124, 134))
    for start, end in (
        ((-0.32, 0.23), (-0.02, 0.22)),
        ((-0.02, 0.22), (0.24, 0.58)),
        ((0.24, 0.58), (-0.12, 0.56)),
        ((-0.12, 0.56), (-0.32, 0.23)),
        ((-0.02, 0.22), (-0.14, 0.66)),
        ((0.34, 0.23), (0.22, 0.7)),
    ):
        pen.line([start, end], 0.035, paint)
    pen.line([(0.22, 0.7), (0.3, 0.74), (0.34, 0.68)], 0.03, (60, 60, 70), smooth=True)
    pen.blob([(-0.26, 0.68), (-0.02, 0.67), (-0.06, 0.63), (-0.2, 0.63)], (70, 52, 46))
    pen.oval(-0.02, 0.22, 0.06, 0.06, (120, 124, 134))
    pen.line([(-0.07, 0.13), (0.03, 0.31)], 0.02, (70, 74, 84))


SPRITES: Final[Mapping[str, Callable[[Pen], None]]] = {"car": car, "bus": bus, "truck": truck, "train": train, "bicycle": bicycle}
