"""Things one can hold, and street furniture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import cos, pi, sin
from typing import Final

from octavo_generation.engines.sketch.colours import Colour, darker, lighter
from octavo_generation.engines.sketch.pen import Pen, lateral, soft


def book(pen: Pen) -> None:
    """Open, seen from a little above."""
    cover = pen.own((176, 60, 62))
    pen.shadow(0.56)
    pen.poly([(-0.56, 0.06), (0.0, 0.0), (0.56, 0.06), (0.5, 0.46), (0.0, 0.4), (-0.5, 0.46)], soft(cover))
    for side in (-1, 1):
        pen.blob(
            [(0.0, 0.06), (side * 0.24, 0.1), (side * 0.51, 0.09), (side * 0.46, 0.47), (side * 0.22, 0.5), (0.0, 0.44)],
            lateral((252, 246, 230), 0.1),
        )
        for row in range(5):
            y = 0.19 + row * 0.06
            pen.line(
                [(side * 0.08, y - 0.01), (side * 0.25, y + 0.012), (side * (0.42 - row * 0.008), y + 0.008)],
                0.011,
                (170, 160, 150),
                smooth=True,
            )
    pen.line([(0.0, 0.05), (0.0, 0.43)], 0.016, (196, 184, 164))
    pen.poly([(0.02, 0.42), (0.07, 0.43), (0.09, 0.02), (0.06, 0.05), (0.03, 0.0)], (226, 172, 60))


def umbrella(pen: Pen) -> None:
    cloth = pen.own(((214, 60, 70), (60, 120, 200), (250, 190, 60))[pen.thing.variant % 3])
    pen.shadow(0.26)
    pen.line([(0.0, 0.9), (0.0, 0.12), (0.03, 0.04), (0.1, 0.04), (0.12, 0.12)], 0.03, (122, 84, 58))
    dome = [(0.46 * cos(t * pi / 30), 0.52 + 0.42 * sin(t * pi / 30)) for t in range(31)]
    scallop = []
    for piece in range(4):
        start = -0.46 + piece * 0.23
        scallop += [(start + 0.23 * t / 6, 0.52 + 0.05 * sin(pi * t / 6)) for t in range(7)]
    pen.poly([*dome, *scallop], soft(cloth))
    hold = pen.mask([*dome, *scallop])
    for half, colour in ((0.23, lighter(cloth, 0.18)), (0.0, cloth)):
        if half:
            pen.poly([(half * cos(t * pi / 20), 0.52 + 0.42 * sin(t * pi / 20)) for t in range(21)], soft(colour, 0.12), clip=hold)
            pen.line([(0, 0.55), (0, 0.94)], 0.008, darker(cloth, 0.2))
    pen.line([(0.0, 0.93), (0.0, 1.0)], 0.022, (122, 84, 58))


def lamp(pen: Pen) -> None:
    iron = pen.own((60, 64, 78))
    pen.shadow(0.14)
    pen.box(-0.07, 0.0, 0.07, 0.06, soft(iron), corner=0.015)
    pen.box(-0.022, 0.05, 0.022, 0.76, lateral(iron, 0.25))
    pen.box(-0.07, 0.7, 0.07, 0.725, iron, corner=0.01)
    pen.poly([(-0.05, 0.76), (0.05, 0.76), (0.08, 0.92), (-0.08, 0.92)], (255, 230, 150) if pen.dark else (238, 236, 214), glows=pen.dark)
    pen.line([(-0.05, 0.76), (-0.08, 0.92)], 0.014, iron)
    pen.line([(0.05, 0.76), (0.08, 0.92)], 0.014, iron)
    pen.poly([(-0.1, 0.92), (0.1, 0.92), (0.03, 1.0), (-0.03, 1.0)], soft(iron))
    if pen.dark:
        pen.glow(0.0, 0.84, 0.5, (255, 210, 120), 0.7)
        pen.glow(0.0, 0.84, 0.17, (255, 236, 180), 0.8)


def bench(pen: Pen) -> None:
    wood = pen.own((170, 112, 68))
    pen.shadow(0.6)
    for x in (-0.42, 0.42):
        pen.line([(x, 0.02), (x, 0.66)], 0.04, (66, 68, 80))
        pen.line([(x, 0.28), (x + 0.07, 0.02)], 0.035, (66, 68, 80))
    for y in (0.4, 0.52, 0.64):
        pen.box(-0.5, y - 0.04, 0.5, y + 0.04, soft(wood), corner=0.02)
    pen.box(-0.54, 0.24, 0.54, 0.32, soft(lighter(wood, 0.12)), corner=0.025)


def ball(pen: Pen) -> None:
    colour = pen.own((226, 66, 70))
    pen.shadow(0.44)
    rim = [(0.42 * cos(t * pi / 30), 0.42 + 0.42 * sin(t * pi / 30)) for t in range(60)]
    pen.poly(rim, soft((252, 250, 244), 0.1))
    hold = pen.mask(rim)
    for step in range(3):
        start = step * 2 * pi / 3 + 0.3
        pen.poly(
            [(0.02, 0.46), *((0.5 * cos(start + t * pi / 30), 0.42 + 0.5 * sin(start + t * pi / 30)) for t in range(11))],
            soft(colour if step else (60, 130, 200)),
            clip=hold,
        )
    pen.oval(0.02, 0.46, 0.07, 0.07, (252, 250, 244))
    pen.oval(-0.14, 0.6, 0.1, 0.06, (255, 255, 255), alpha=0.5)
    pen.oval(0.06, 0.34, 0.5, 0.5, (10, 10, 40), alpha=0.1, clip=hold)


def apple(pen: Pen) -> None:
    skin = pen.own((212, 52, 54))
    pen.shadow(0.36)
    pen.blob(
        [
            (0.0, 0.04),
            (0.18, 0.0),
            (0.38, 0.2),
            (0.4, 0.5),
            (0.24, 0.7),
            (0.0, 0.63),
            (-0.24, 0.7),
            (-0.4, 0.5),
            (-0.38, 0.2),
            (-0.18, 0.0),
        ],
        soft(skin, 0.2),
    )
    pen.oval(-0.2, 0.46, 0.08, 0.14, (255, 255, 255), alpha=0.4, turn=0.3)
    pen.line([(0.0, 0.62), (0.03, 0.76), (0.08, 0.84)], 0.035, (110, 76, 52), smooth=True)
    pen.blob([(0.05, 0.72), (0.18, 0.86), (0.34, 0.86), (0.22, 0.72)], soft((96, 168, 80)))


def cup(pen: Pen) -> None:
    china = pen.own((240, 236, 228))
    pen.shadow(0.46)
    for x in (-0.1, 0.06):
        pen.line([(x, 0.66), (x + 0.05, 0.76), (x - 0.03, 0.86), (x + 0.03, 0.98)], 0.026, (255, 255, 255), smooth=True, alpha=0.55)
    pen.oval(0.0, 0.04, 0.46, 0.06, soft(darker(china, 0.1)))
    pen.line([(0.28, 0.46), (0.44, 0.42), (0.42, 0.24), (0.24, 0.2)], 0.05, darker(china, 0.14), smooth=True)
    pen.poly([(-0.32, 0.56), (0.32, 0.56), (0.26, 0.2), (0.15, 0.06), (-0.15, 0.06), (-0.26, 0.2)], lateral(china, 0.14))
    pen.oval(0.0, 0.56, 0.32, 0.07, lighter(china, 0.3))
    pen.oval(0.0, 0.555, 0.27, 0.052, (110, 70, 46))


def gift(pen: Pen) -> None:
    paper = pen.own((70, 130, 200))
    ribbon: Colour = (250, 206, 80) if paper != (232, 178, 40) else (206, 56, 60)
    pen.shadow(0.46)
    pen.box(-0.36, 0.0, 0.36, 0.5, lateral(paper))
    pen.box(-0.07, 0.0, 0.07, 0.5, lateral(ribbon))
    pen.box(-0.41, 0.48, 0.41, 0.64, lateral(lighter(paper, 0.12)))
    pen.box(-0.075, 0.48, 0.075, 0.64, lateral(lighter(ribbon, 0.1)))
    for side in (-1, 1):
        pen.blob([(0.0, 0.65), (side * 0.12, 0.82), (side * 0.3, 0.86), (side * 0.28, 0.7)], soft(ribbon))
        pen.blob([(side * 0.04, 0.68), (side * 0.13, 0.77), (side * 0.23, 0.8), (side * 0.21, 0.72)], darker(ribbon, 0.3))
    pen.oval(0.0, 0.68, 0.06, 0.05, lighter(ribbon, 0.15))


def crown(pen: Pen) -> None:
    gold = pen.own((246, 200, 70))
    pen.shadow(0.46)
    pen.poly([(-0.36, 0.06), (0.36, 0.06), (0.46, 0.6), (0.22, 0.36), (0.0, 0.74), (-0.22, 0.36), (-0.46, 0.6)], lateral(gold, 0.2))
    pen.box(-0.38, 0.0, 0.38, 0.16, soft(darker(gold, 0.08), 0.14), corner=0.03)
    for x, y, colour in ((-0.46, 0.62, (226, 70, 80)), (0.0, 0.77, (80, 140, 220)), (0.46, 0.62, (226, 70, 80))):
        pen.oval(x, y, 0.055, 0.055, soft(colour, 0.24))
    for x, colour in ((-0.22, (80, 180, 130)), (0.0, (214, 60, 76)), (0.22, (80, 180, 130))):
        pen.oval(x, 0.08, 0.05, 0.045, soft(colour, 0.24))


def treasure(pen: Pen) -> None:
    wood = pen.own((150, 94, 56))
    brass: Colour = (240, 196, 84)
    pen.shadow(0.52)
    pen.poly([(-0.44, 0.4), (0.44, 0.4), (0.4, 0.72), (0.3, 0.84), (-0.3, 0.84), (-0.4, 0.72)], soft(darker(wood, 0.3)))
    for x, y in ((-0.3, 0.46), (-0.16, 0.52), (0.0, 0.55), (0.16, 0.52), (0.3, 0.46), (-0.08, 0.46), (0.1, 0.46)):
        pen.oval(x, y, 0.085, 0.07, soft((252, 212, 90), 0.2))
    pen.oval(0.22, 0.54, 0.05, 0.045, (214, 60, 80))
    pen.oval(-0.2, 0.56, 0.05, 0.045, (80, 170, 200))
    pen.box(-0.44, 0.0, 0.44, 0.44, lateral(wood))
    for y in (0.15, 0.29):
        pen.line([(-0.43, y), (0.43, y)], 0.012, darker(wood, 0.25))
    for x in (-0.36, 0.36):
        pen.box(x - 0.05, 0.0, x + 0.05, 0.44, soft(brass))
    pen.box(-0.08, 0.26, 0.08, 0.46, soft(brass), corner=0.02)
    pen.oval(0.0, 0.37, 0.024, 0.03, (80, 56, 40))
    pen.glow(0.0, 0.54, 0.4, (255, 220, 120), 0.3)


SPRITES: Final[Mapping[str, Callable[[Pen], None]]] = {
    "book": book,
    "umbrella": umbrella,
    "lamp": lamp,
    "bench": bench,
    "ball": ball,
    "apple": apple,
    "cup": cup,
    "gift": gift,
    "crown": crown,
    "treasure": treasure,
}
