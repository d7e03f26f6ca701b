"""Boats, and what swims."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from octavo_generation.engines.sketch.colours import Colour, darker, lighter, mix
from octavo_generation.engines.sketch.pen import Pen, lateral, soft


def _wake(pen: Pen, half: float) -> None:
    """The waterline: pale foam, and a broken image below."""
    pen.oval(0.0, -0.015, half * 1.1, 0.03, (236, 248, 255), alpha=0.55)
    for step, x in enumerate((-0.6, 0.1, 0.5, -0.2)):
        pen.oval(x * half, -0.06 - step * 0.022, half * 0.3, 0.008, (236, 248, 255), alpha=0.4)


def boat(pen: Pen) -> None:
    """A sailing boat under main and jib."""
    hull = pen.own(((176, 66, 58), (62, 96, 150), (142, 92, 58))[pen.thing.variant % 3])
    sail: Colour = (254, 250, 240)
    pen.poly([(-0.36, -0.02), (0.36, -0.02), (0.2, -0.26), (-0.2, -0.26)], darker(hull, 0.2), alpha=0.25)
    pen.line([(0.0, 0.14), (0.0, 1.0)], 0.025, (126, 88, 60))
    pen.blob([(0.03, 0.22), (0.03, 0.96), (0.2, 0.64), (0.42, 0.24), (0.22, 0.2)], lateral(sail, 0.16))
    pen.blob([(-0.03, 0.24), (-0.03, 0.86), (-0.16, 0.56), (-0.34, 0.26), (-0.18, 0.22)], lateral(darker(sail, 0.08), 0.12))
    pen.poly([(0.0, 1.06), (0.0, 0.98), (-0.13, 1.02)], (240, 180, 60))
    body = [(-0.46, 0.2), (0.5, 0.2), (0.36, 0.02), (0.28, -0.02), (-0.3, -0.02), (-0.38, 0.03)]
    pen.poly(body, soft(hull))
    pen.poly([(-0.46, 0.2), (0.5, 0.2), (0.475, 0.165), (-0.44, 0.165)], lighter(hull, 0.6))
    _wake(pen, 0.42)


def ship(pen: Pen) -> None:
    hull = pen.own((52, 72, 116))
    funnel: Colour = (220, 76, 60)
    for x, y, size in ((-0.02, 0.98, 0.08), (-0.14, 1.06, 0.1), (-0.3, 1.12, 0.12)):
        pen.oval(x, y, size, size * 0.8, (226, 228, 234), alpha=0.6)
    pen.box(-0.12, 0.5, 0.04, 0.88, lateral(funnel))
    pen.box(-0.12, 0.76, 0.04, 0.82, (250, 246, 238))
    pen.box(-0.42, 0.24, 0.36, 0.42, lateral((250, 248, 244), 0.1))
    pen.box(-0.3, 0.42, 0.24, 0.56, lateral((240, 238, 234), 0.1))
    for step in range(9):
        lit: Colour = (255, 216, 120) if pen.dark else (96, 140, 180)
        pen.oval(-0.36 + step * 0.08, 0.33, 0.024, 0.024, lit, glows=pen.dark)
        if step < 6:
            pen.box(-0.26 + step * 0.08, 0.46, -0.21 + step * 0.08, 0.52, lit, glows=pen.dark)
    pen.poly([(-0.66, 0.26), (0.74, 0.3), (0.54, -0.02), (-0.56, -0.02)], soft(hull))
    pen.poly([(-0.575, 0.02), (0.57, 0.03), (0.54, -0.02), (-0.56, -0.02)], (180, 62, 56))
    pen.poly([(-0.66, 0.26), (0.74, 0.3), (0.72, 0.265), (-0.65, 0.23)], lighter(hull, 0.5))
    _wake(pen, 0.58)


def duck(pen: Pen) -> None:
    white = any(name in pen.thing.word for name in ("swan", "cisne", "goose", "ganso"))
    coat = pen.own((252, 250, 246) if white else (250, 206, 76))
    pen.oval(0.0, -0.02, 0.42, 0.1, darker(coat, 0.3), alpha=0.25)
    pen.blob([(-0.46, 0.4), (-0.4, 0.16), (-0.2, 0.0), (0.2, 0.0), (0.36, 0.16), (0.28, 0.36), (0.0, 0.34), (-0.24, 0.3)], soft(coat))
    pen.blob([(-0.3, 0.3), (-0.08, 0.32), (0.14, 0.24), (0.08, 0.1), (-0.14, 0.1)], soft(darker(coat, 0.1), 0.1))
    neck = 0.66 if white else 0.54
    pen.line([(0.22, 0.24), (0.3, 0.4), (0.26, neck)], 0.13 if white else 0.17, coat, smooth=True)
    pen.oval(0.29, neck + 0.06, 0.15, 0.14, soft(coat, 0.12))
    pen.blob([(0.4, neck + 0.11), (0.56, neck + 0.05), (0.54, neck - 0.01), (0.4, neck + 0.01)], (244, 136, 50))
    pen.eye(0.33, neck + 0.09, 0.026)
    _wake(pen, 0.4)


def fish(pen: Pen) -> None:
    skin = pen.own(((246, 140, 56), (250, 200, 70), (90, 170, 220), (230, 96, 120))[pen.thing.variant % 4])
    pen.blob([(-0.3, 0.5), (-0.6, 0.78), (-0.54, 0.5), (-0.6, 0.22)], soft(darker(skin, 0.12)))
    pen.blob([(-0.1, 0.72), (0.04, 0.98), (0.22, 0.86), (0.24, 0.68)], soft(darker(skin, 0.16)))
    pen.blob([(-0.04, 0.28), (-0.08, 0.1), (0.12, 0.16), (0.14, 0.3)], soft(darker(skin, 0.16)))
    body = [(-0.36, 0.5), (-0.14, 0.74), (0.16, 0.78), (0.4, 0.66), (0.52, 0.5), (0.4, 0.34), (0.16, 0.24), (-0.14, 0.28)]
    pen.blob(body, soft(skin, 0.2))
    for x in (0.16, -0.1):
        pen.blob(
            [(x - 0.045, 0.74), (x + 0.035, 0.76), (x + 0.08, 0.5), (x + 0.035, 0.25), (x - 0.045, 0.28), (x, 0.5)],
            mix(skin, (255, 252, 246), 0.85),
        )
    pen.blob([(0.1, 0.46), (-0.06, 0.54), (-0.08, 0.4), (0.06, 0.36)], darker(skin, 0.2))
    pen.oval(0.36, 0.56, 0.06, 0.06, (255, 255, 255))
    pen.eye(0.37, 0.56, 0.036)
    pen.line([(0.5, 0.46), (0.44, 0.42), (0.4, 0.43)], 0.014, darker(skin, 0.5), smooth=True)


def whale(pen: Pen) -> None:
    skin = pen.own((70, 112, 166))
    pen.blob(
        [
            (-0.48, 0.3),
            (-0.62, 0.5),
            (-0.78, 0.62),
            (-0.6, 0.64),
            (-0.54, 0.58),
            (-0.44, 0.68),
            (-0.34, 0.62),
            (-0.44, 0.48),
            (-0.34, 0.24),
        ],
        soft(darker(skin, 0.1)),
    )
    pen.blob(
        [(-0.54, 0.1), (-0.42, 0.32), (-0.14, 0.42), (0.2, 0.56), (0.48, 0.5), (0.62, 0.28), (0.6, 0.06), (0.4, -0.02), (-0.36, -0.02)],
        soft(skin),
    )
    pen.blob([(-0.1, 0.02), (0.2, 0.16), (0.56, 0.2), (0.61, 0.08), (0.42, -0.01), (0.0, -0.01)], mix(skin, (250, 252, 255), 0.74))
    for step in range(4):
        pen.line([(0.04 + step * 0.12, 0.0), (0.18 + step * 0.1, 0.1 + step * 0.012)], 0.01, mix(skin, (220, 230, 240), 0.3))
    pen.eye(0.44, 0.27, 0.028)
    pen.line([(0.3, 0.56), (0.28, 0.76), (0.14, 0.86)], 0.03, (214, 238, 252), smooth=True)
    pen.line([(0.3, 0.56), (0.32, 0.78), (0.46, 0.88)], 0.03, (214, 238, 252), smooth=True)
    _wake(pen, 0.62)


SPRITES: Final[Mapping[str, Callable[[Pen], None]]] = {"boat": boat, "ship": ship, "duck": duck, "fish": fish, "whale": whale}
