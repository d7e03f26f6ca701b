"""Houses, castles, towers, bridges and what else people build."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import cos, pi, sin
from typing import Final

from octavo_generation.engines.sketch.canvas import Point
from octavo_generation.engines.sketch.colours import Colour, darker, lighter
from octavo_generation.engines.sketch.pen import Pen, lateral, soft

_STONE: Colour = (176, 170, 176)


def pane(pen: Pen, left: float, bottom: float, right: float, top: float, *, arched: bool = False) -> None:
    """A window, lit from within when it is dark."""
    glass: Colour = (255, 214, 118) if pen.dark else (118, 158, 190)
    shape: list[Point] = [(left, bottom), (right, bottom), (right, top), (left, top)]
    if arched:
        half = (right - left) / 2
        shape = [
            (left, bottom),
            (right, bottom),
            *(((left + right) / 2 + half * cos(t * pi / 10), top - half + half * sin(t * pi / 10)) for t in range(11)),
        ]
    pen.poly(shape, glass, glows=pen.dark)
    if pen.dark:
        pen.glow((left + right) / 2, (bottom + top) / 2, (top - bottom) * 1.3, (255, 190, 90), 0.4)


def house(pen: Pen) -> None:
    wall = pen.own(((244, 228, 200), (236, 206, 170), (226, 232, 236))[pen.thing.variant % 3])
    roof: Colour = (182, 74, 58) if pen.thing.colour != (214, 48, 49) else (96, 76, 80)
    pen.shadow(0.56)
    pen.box(0.2, 0.66, 0.31, 0.98, lateral((164, 96, 80)))
    pen.box(0.185, 0.95, 0.325, 1.0, darker((164, 96, 80), 0.2))
    pen.box(-0.42, 0.0, 0.42, 0.52, lateral(wall, 0.12))
    pen.poly([(-0.42, 0.44), (0.42, 0.44), (0.42, 0.52), (-0.42, 0.52)], darker(wall, 0.3), alpha=0.4)
    pen.poly([(-0.52, 0.5), (0.52, 0.5), (0.34, 0.9), (-0.34, 0.9)], soft(roof))
    for row in range(1, 4):
        y = 0.5 + row * 0.1
        half = 0.52 - 0.045 * row
        pen.line([(-half, y), (half, y)], 0.008, darker(roof, 0.22))
    pen.box(-0.09, 0.0, 0.09, 0.32, soft((128, 82, 58)), corner=0.0)
    pen.oval(0.055, 0.15, 0.014, 0.014, (240, 206, 110))
    for x in (-0.33, 0.17):
        pen.box(x - 0.015, 0.185, x + 0.175, 0.395, (252, 248, 240))
        pane(pen, x, 0.2, x + 0.16, 0.38)
        pen.line([(x + 0.08, 0.2), (x + 0.08, 0.38)], 0.014, (252, 248, 240))
        pen.line([(x, 0.29), (x + 0.16, 0.29)], 0.014, (252, 248, 240))
    pen.box(-0.46, 0.0, -0.1, 0.05, soft((86, 150, 80)), corner=0.024)
    pen.box(0.1, 0.0, 0.46, 0.05, soft((86, 150, 80)), corner=0.024)


def castle(pen: Pen) -> None:
    wall = pen.own((206, 196, 192))
    roof: Colour = (86, 96, 158) if pen.thing.colour is None else darker(wall, 0.5)
    pen.shadow(0.62)
    for x, wide, top in ((-0.26, 0.1, 0.72), (0.24, 0.1, 0.78), (0.0, 0.14, 0.98)):
        _turret(pen, x, wide, top, darker(wall, 0.1), roof)
    pen.box(-0.48, 0.0, 0.48, 0.4, lateral(wall, 0.1))
    for step in range(9):
        pen.box(-0.48 + step * 0.11, 0.4, -0.48 + step * 0.11 + 0.065, 0.455, lateral(wall, 0.08))
    for x in (-0.48, 0.48):
        _turret(pen, x, 0.11, 0.58, wall, roof)
    gate = [(-0.1, 0.0), (0.1, 0.0), *((0.1 * cos(t * pi / 14), 0.18 + 0.1 * sin(t * pi / 14)) for t in range(15))]
    pen.poly([(x * 1.25, y * 1.1) for x, y in gate], darker(wall, 0.34))
    pen.poly(gate, soft((104, 70, 52)))
    for x in (-0.05, 0.0, 0.05):
        pen.line([(x, 0.0), (x, 0.26)], 0.008, (70, 46, 38))
    for x in (-0.3, 0.3):
        pane(pen, x - 0.03, 0.16, x + 0.03, 0.3, arched=True)
    for step in range(7):
        x, y = -0.4 + (step * 0.37) % 0.84, 0.06 + (step * 0.13) % 0.3
        if abs(x) > 0.16:
            pen.box(x - 0.03, y, x + 0.03, y + 0.026, darker(wall, 0.12), corner=0.008)


def _turret(pen: Pen, x: float, half: float, top: float, wall: Colour, roof: Colour) -> None:
    pen.box(x - half, 0.0, x + half, top, lateral(wall))
    pen.box(x - half * 1.16, top - 0.06, x + half * 1.16, top, lateral(lighter(wall, 0.06)))
    peak = top + half * 2.6
    pen.poly([(x - half * 1.3, top), (x + half * 1.3, top), (x, peak)], lateral(roof))
    pane(pen, x - half * 0.3, top - 0.24, x + half * 0.3, top - 0.1, arched=True)
    pen.line([(x, peak - 0.01), (x, peak + 0.09)], 0.01, (90, 80, 90))
    pen.poly([(x, peak + 0.09), (x, peak + 0.03), (x + 0.1, peak + 0.06)], (226, 70, 66))


def tower(pen: Pen) -> None:
    wall = pen.own(_STONE)
    pen.shadow(0.26)
    pen.poly([(-0.18, 0.0), (0.18, 0.0), (0.14, 0.76), (-0.14, 0.76)], lateral(wall))
    for row in range(9):
        for column in range(3):
            x, y = -0.11 + column * 0.09 + (row % 2) * 0.04, 0.05 + row * 0.08
            if (row * 3 + column) % 4 == 0:
                pen.box(x, y, x + 0.055, y + 0.03, darker(wall, 0.14), corner=0.008)
    pen.box(-0.2, 0.74, 0.2, 0.8, lateral(lighter(wall, 0.08)))
    for step in range(4):
        pen.box(-0.2 + step * 0.115, 0.8, -0.2 + step * 0.115 + 0.06, 0.86, lateral(wall))
    pen.poly([(-0.13, 0.82), (0.13, 0.82), (0.0, 1.1)], lateral((150, 74, 70)))
    for y in (0.56, 0.32):
        pane(pen, -0.035, y, 0.035, y + 0.12, arched=True)
    pen.poly([(-0.06, 0.0), (0.06, 0.0), *((0.06 * cos(t * pi / 10), 0.1 + 0.06 * sin(t * pi / 10)) for t in range(11))], (96, 66, 52))


def lighthouse(pen: Pen) -> None:
    band = pen.own((214, 58, 56))
    white: Colour = (250, 248, 244)
    if min(band) > 225:
        band = (214, 58, 56)
    pen.blob([(-0.38, 0.0), (-0.3, 0.1), (-0.12, 0.14), (0.1, 0.15), (0.3, 0.09), (0.4, 0.0), (0.0, -0.04)], soft((122, 112, 112)))
    body = [(-0.15, 0.08), (0.15, 0.08), (0.09, 0.76), (-0.09, 0.76)]
    pen.poly(body, lateral(white, 0.2))
    hold = pen.mask(body)
    for low in (0.2, 0.42, 0.64):
        pen.box(-0.2, low, 0.2, low + 0.11, lateral(band), clip=hold)
    pen.box(-0.13, 0.755, 0.13, 0.79, (70, 74, 90))
    pen.box(-0.07, 0.79, 0.07, 0.9, (255, 240, 180) if pen.dark else (196, 222, 236), glows=pen.dark)
    for x in (-0.07, 0.0, 0.07):
        pen.line([(x, 0.79), (x, 0.9)], 0.012, (70, 74, 90))
    pen.poly([(-0.1, 0.9), (0.1, 0.9), (0.05, 0.97), (0.0, 1.0), (-0.05, 0.97)], lateral(darker(band, 0.1)))
    if pen.dark:
        pen.poly([(0.0, 0.845), (1.5, 1.05), (1.5, 0.72)], (255, 244, 190), alpha=0.22, glows=True)
        pen.poly([(0.0, 0.845), (-1.5, 0.98), (-1.5, 0.78)], (255, 244, 190), alpha=0.16, glows=True)
        pen.glow(0.0, 0.845, 0.34, (255, 236, 160), 0.9)
    pane(pen, -0.03, 0.34, 0.03, 0.42, arched=True)
    pen.box(-0.045, 0.1, 0.045, 0.2, (96, 70, 58), corner=0.02)


def bridge(pen: Pen) -> None:
    stone = pen.own((186, 166, 150))
    top = [(x / 20, 0.34 + 0.2 * (1 - (x / 22) ** 2)) for x in range(-24, 25, 2)]
    under: list[Point] = []
    for middle, half, high in ((0.72, 0.3, 0.36), (0.0, 0.38, 0.44), (-0.72, 0.3, 0.36)):
        under += [(middle + half * cos(t * pi / 16), high * sin(t * pi / 16)) for t in range(17)]
    pen.poly([*top, (1.2, 0.0), *under, (-1.2, 0.0)], soft(stone))
    for middle, half, high in ((0.72, 0.3, 0.36), (0.0, 0.38, 0.44), (-0.72, 0.3, 0.36)):
        arch = [(middle + half * cos(t * pi / 16), high * sin(t * pi / 16)) for t in range(17)]
        pen.line(arch, 0.035, darker(stone, 0.2))
    pen.line(top, 0.05, lighter(stone, 0.2))
    pen.line([(x, y + 0.09) for x, y in top], 0.025, darker(stone, 0.1))
    for x, y in top[::2]:
        pen.line([(x, y), (x, y + 0.09)], 0.022, darker(stone, 0.05))


def windmill(pen: Pen) -> None:
    wall = pen.own((240, 230, 212))
    pen.shadow(0.3)
    pen.poly([(-0.2, 0.0), (0.2, 0.0), (0.12, 0.6), (-0.12, 0.6)], lateral(wall))
    pen.poly([(-0.15, 0.59), (0.15, 0.59), (0.09, 0.71), (0.0, 0.76), (-0.09, 0.71)], lateral((150, 84, 66)))
    pen.box(-0.055, 0.0, 0.055, 0.17, (120, 80, 58), corner=0.02)
    pane(pen, -0.035, 0.36, 0.035, 0.44)
    turn = 0.4 + (pen.thing.variant % 10) / 10
    for blade in range(4):
        angle = turn + blade * pi / 2
        along, across = (cos(angle), sin(angle)), (-sin(angle), cos(angle))

        def at(far: float, side: float, a: Point = along, b: Point = across) -> Point:
            return (a[0] * far + b[0] * side, 0.62 + a[1] * far + b[1] * side)

        pen.poly([at(0.08, 0.0), at(0.08, 0.1), at(0.44, 0.1), at(0.44, 0.0)], (252, 248, 238), alpha=0.92)
        for step in range(5):
            pen.line([at(0.08 + step * 0.09, 0.0), at(0.08 + step * 0.09, 0.1)], 0.008, (150, 116, 90))
        pen.line([at(0.0, 0.0), at(0.46, 0.0)], 0.02, (120, 84, 62))
    pen.oval(0.0, 0.62, 0.03, 0.03, (90, 64, 52))


def church(pen: Pen) -> None:
    wall, roof = pen.own((244, 236, 222)), (150, 82, 66)
    pen.shadow(0.5)
    pen.box(-0.14, 0.0, 0.46, 0.36, lateral(wall, 0.1))
    pen.poly([(-0.14, 0.36), (0.5, 0.36), (0.4, 0.58), (-0.1, 0.58)], soft(roof))
    pen.box(-0.36, 0.0, -0.1, 0.64, lateral(wall, 0.12))
    pen.poly([(-0.4, 0.64), (-0.06, 0.64), (-0.23, 0.96)], lateral(roof))
    pen.line([(-0.23, 0.94), (-0.23, 1.08)], 0.016, (90, 74, 70))
    pen.line([(-0.28, 1.03), (-0.18, 1.03)], 0.016, (90, 74, 70))
    for x in (0.02, 0.17, 0.32):
        pane(pen, x - 0.035, 0.12, x + 0.035, 0.28, arched=True)
    pane(pen, -0.27, 0.44, -0.19, 0.58, arched=True)
    pen.poly(
        [(-0.29, 0.0), (-0.17, 0.0), *((-0.23 + 0.06 * cos(t * pi / 10), 0.16 + 0.06 * sin(t * pi / 10)) for t in range(11))], (112, 76, 56)
    )


def tent(pen: Pen) -> None:
    cloth = pen.own((236, 140, 62))
    pen.shadow(0.6)
    pen.poly([(-0.5, 0.0), (0.5, 0.0), (0.12, 0.7)], soft(cloth))
    pen.poly([(-0.5, 0.0), (0.12, 0.7), (-0.02, 0.72)], lighter(cloth, 0.25))
    pen.poly([(-0.12, 0.0), (0.3, 0.0), (0.12, 0.56)], (255, 206, 120) if pen.dark else darker(cloth, 0.6), glows=pen.dark)
    pen.poly([(-0.12, 0.0), (-0.02, 0.0), (0.12, 0.56)], darker(cloth, 0.14))
    pen.line([(0.12, 0.7), (0.7, 0.0)], 0.008, (240, 236, 226))
    pen.line([(0.1, 0.66), (0.13, 0.76)], 0.02, (110, 80, 60))


def pyramid(pen: Pen) -> None:
    stone = pen.own((226, 184, 116))
    pen.poly([(-0.8, 0.0), (0.24, 0.0), (0.0, 0.96)], soft(lighter(stone, 0.1), 0.1))
    pen.poly([(0.24, 0.0), (0.8, 0.05), (0.0, 0.96)], soft(darker(stone, 0.3), 0.08))
    for row in range(1, 9):
        y = row * 0.1
        share = 1 - y / 0.96
        pen.line([(-0.8 * share, y), (0.24 * share, y)], 0.007, darker(stone, 0.14), alpha=0.6)


SPRITES: Final[Mapping[str, Callable[[Pen], None]]] = {
    "house": house,
    "castle": castle,
    "tower": tower,
    "lighthouse": lighthouse,
    "bridge": bridge,
    "windmill": windmill,
    "church": church,
    "tent": tent,
    "pyramid": pyramid,
}
