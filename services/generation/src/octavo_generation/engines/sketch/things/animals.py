"""Small animals, seen from the front or the side, in the plain shapes of a picture book."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from octavo_generation.engines.sketch.colours import Colour, darker, lighter, luminance, mix
from octavo_generation.engines.sketch.pen import Pen, soft


def _pale(coat: Colour) -> Colour:
    return mix(coat, (255, 248, 238), 0.72)


def cat(pen: Pen) -> None:
    """Sitting, its tail around it."""
    coat = pen.own(((120, 118, 128), (226, 144, 74), (92, 82, 84), (206, 178, 146))[pen.thing.variant % 4])
    pen.shadow(0.34)
    pen.line([(0.2, 0.08), (0.4, 0.1), (0.46, 0.28), (0.36, 0.42)], 0.075, darker(coat, 0.12), smooth=True)
    pen.blob([(-0.2, 0.0), (0.22, 0.0), (0.27, 0.18), (0.16, 0.48), (0.0, 0.56), (-0.15, 0.48), (-0.24, 0.18)], soft(coat))
    pen.blob([(-0.08, 0.04), (0.08, 0.04), (0.1, 0.26), (0.0, 0.44), (-0.1, 0.26)], _pale(coat))
    for x in (-0.1, 0.1):
        pen.oval(x, 0.03, 0.075, 0.04, lighter(coat, 0.16))
    for side in (-1, 1):
        pen.poly([(side * 0.25, 0.68), (side * 0.25, 0.98), (side * 0.05, 0.84)], darker(coat, 0.06))
        pen.poly([(side * 0.21, 0.76), (side * 0.222, 0.92), (side * 0.11, 0.84)], (240, 164, 160))
    pen.oval(0.0, 0.67, 0.265, 0.215, soft(coat, 0.12))
    for x in (-0.07, 0.0, 0.07):
        pen.line([(x, 0.87), (x * 0.7, 0.8)], 0.02, darker(coat, 0.26))
    pen.oval(0.0, 0.59, 0.12, 0.09, _pale(coat))
    for side in (-1, 1):
        pen.oval(side * 0.11, 0.69, 0.052, 0.058, (196, 226, 120))
        pen.oval(side * 0.11, 0.69, 0.022, 0.05, (26, 24, 34))
        pen.oval(side * 0.11 + 0.016, 0.71, 0.012, 0.012, (255, 255, 255))
        for rise in (-0.015, 0.02):
            pen.line(
                [(side * 0.1, 0.585 + rise * 0.4), (side * 0.31, 0.585 + rise * 2)],
                0.007,
                (250, 248, 244) if luminance(coat) < 0.6 else (120, 110, 110),
            )
    pen.poly([(-0.03, 0.635), (0.03, 0.635), (0.0, 0.6)], (236, 130, 138))
    pen.line([(-0.07, 0.575), (-0.035, 0.55), (0.0, 0.585), (0.035, 0.55), (0.07, 0.575)], 0.012, darker(coat, 0.5), smooth=True)


def dog(pen: Pen) -> None:
    """Sitting, ears down, tongue out."""
    coat = pen.own(((196, 142, 88), (146, 102, 72), (226, 206, 176), (112, 100, 100))[pen.thing.variant % 4])
    ear = darker(coat, 0.34)
    pen.shadow(0.36)
    pen.line([(0.18, 0.12), (0.36, 0.2), (0.44, 0.4)], 0.07, darker(coat, 0.08), smooth=True)
    pen.blob([(-0.22, 0.0), (0.24, 0.0), (0.28, 0.2), (0.17, 0.5), (0.0, 0.56), (-0.17, 0.5), (-0.26, 0.2)], soft(coat))
    pen.blob([(-0.1, 0.02), (0.1, 0.02), (0.13, 0.26), (0.0, 0.48), (-0.13, 0.26)], _pale(coat))
    for x in (-0.12, 0.12):
        pen.oval(x, 0.035, 0.09, 0.045, lighter(coat, 0.2))
    pen.box(-0.14, 0.46, 0.14, 0.5, (206, 52, 56), corner=0.02)
    pen.oval(0.0, 0.455, 0.035, 0.035, (250, 206, 90))
    pen.blob(
        [(-0.25, 0.7), (-0.2, 0.86), (0.0, 0.93), (0.2, 0.86), (0.25, 0.7), (0.18, 0.54), (0.0, 0.48), (-0.18, 0.54)], soft(coat, 0.12)
    )
    for side in (-1, 1):
        pen.blob([(side * 0.17, 0.88), (side * 0.31, 0.84), (side * 0.36, 0.62), (side * 0.29, 0.52), (side * 0.22, 0.66)], soft(ear, 0.1))
    pen.oval(0.0, 0.6, 0.145, 0.115, _pale(coat))
    pen.oval(0.0, 0.655, 0.058, 0.044, (40, 34, 40))
    pen.oval(-0.015, 0.668, 0.016, 0.01, (150, 144, 150))
    pen.blob([(-0.045, 0.56), (0.045, 0.56), (0.04, 0.47), (0.0, 0.45), (-0.04, 0.47)], (236, 112, 124))
    pen.line([(-0.1, 0.585), (-0.04, 0.555), (0.0, 0.6), (0.04, 0.555), (0.1, 0.585)], 0.014, (70, 52, 50), smooth=True)
    for side in (-1, 1):
        pen.eye(side * 0.105, 0.735, 0.036)


def fox(pen: Pen) -> None:
    """Sitting sideways, head to the viewer, the brush raised."""
    coat = pen.own((226, 112, 48))
    white, dark = (252, 244, 232), (66, 46, 46)
    pen.shadow(0.4)
    pen.blob(
        [(0.12, 0.06), (0.34, 0.02), (0.52, 0.16), (0.52, 0.4), (0.4, 0.6), (0.34, 0.42), (0.3, 0.24), (0.16, 0.2)],
        soft(darker(coat, 0.06)),
    )
    pen.blob([(0.52, 0.38), (0.46, 0.54), (0.4, 0.61), (0.35, 0.46), (0.42, 0.44)], white)
    pen.blob([(-0.18, 0.0), (0.2, 0.0), (0.28, 0.16), (0.18, 0.42), (0.02, 0.54), (-0.14, 0.48), (-0.2, 0.2)], soft(coat))
    pen.blob([(-0.1, 0.1), (0.04, 0.1), (0.08, 0.32), (-0.02, 0.5), (-0.13, 0.4)], white)
    for x in (-0.1, 0.04):
        pen.box(x - 0.042, 0.0, x + 0.042, 0.16, dark, corner=0.035)
    for side in (-1, 1):
        pen.poly([(side * 0.07 - 0.03, 0.82), (side * 0.26 - 0.03, 1.02), (side * 0.28 - 0.03, 0.68)], darker(coat, 0.08))
        pen.poly([(side * 0.13 - 0.03, 0.82), (side * 0.235 - 0.03, 0.95), (side * 0.245 - 0.03, 0.72)], dark)
    pen.blob(
        [(-0.34, 0.68), (-0.22, 0.84), (-0.03, 0.88), (0.16, 0.84), (0.28, 0.68), (0.12, 0.55), (-0.03, 0.46), (-0.18, 0.55)],
        soft(coat, 0.1),
    )
    pen.blob([(-0.34, 0.67), (-0.2, 0.66), (-0.09, 0.58), (-0.03, 0.62), (-0.03, 0.46), (-0.18, 0.55)], white)
    pen.blob([(0.28, 0.67), (0.14, 0.66), (0.03, 0.58), (-0.03, 0.62), (-0.03, 0.46), (0.12, 0.55)], white)
    pen.oval(-0.03, 0.495, 0.042, 0.034, dark)
    for side in (-1, 1):
        pen.eye(side * 0.11 - 0.03, 0.69, 0.032)


def rabbit(pen: Pen) -> None:
    coat = pen.own(((214, 202, 190), (168, 140, 118), (244, 240, 236))[pen.thing.variant % 3])
    pen.shadow(0.3)
    pen.oval(0.24, 0.13, 0.075, 0.07, (255, 252, 248))
    pen.blob([(-0.2, 0.0), (0.2, 0.0), (0.25, 0.17), (0.14, 0.4), (0.0, 0.45), (-0.14, 0.4), (-0.24, 0.17)], soft(coat))
    pen.oval(0.0, 0.18, 0.11, 0.15, _pale(coat))
    for side in (-1, 1):
        pen.blob(
            [(side * 0.04, 0.66), (side * 0.045, 0.92), (side * 0.11, 1.06), (side * 0.17, 0.94), (side * 0.15, 0.66)], soft(coat, 0.1)
        )
        pen.blob([(side * 0.075, 0.7), (side * 0.08, 0.9), (side * 0.11, 0.99), (side * 0.137, 0.9), (side * 0.125, 0.7)], (244, 178, 180))
        pen.oval(side * 0.12, 0.03, 0.1, 0.045, lighter(coat, 0.2))
    pen.oval(0.0, 0.55, 0.2, 0.18, soft(coat, 0.12))
    for side in (-1, 1):
        pen.eye(side * 0.09, 0.58, 0.03)
        pen.oval(side * 0.045, 0.49, 0.055, 0.045, _pale(coat))
        pen.oval(side * 0.14, 0.51, 0.032, 0.022, (246, 176, 176), alpha=0.7)
    pen.box(-0.022, 0.43, 0.022, 0.465, (255, 255, 252))
    pen.poly([(-0.025, 0.535), (0.025, 0.535), (0.0, 0.508)], (232, 120, 132))


def bear(pen: Pen) -> None:
    coat = pen.own((132, 92, 64))
    pen.shadow(0.36)
    for side in (-1, 1):
        pen.oval(side * 0.2, 0.08, 0.12, 0.09, darker(coat, 0.1))
        pen.oval(side * 0.2, 0.08, 0.065, 0.05, _pale(coat))
        pen.oval(side * 0.2, 0.9, 0.09, 0.09, darker(coat, 0.08))
        pen.oval(side * 0.2, 0.9, 0.05, 0.05, mix(coat, (240, 190, 160), 0.6))
    pen.oval(0.0, 0.3, 0.28, 0.29, soft(coat))
    pen.oval(0.0, 0.28, 0.17, 0.19, mix(coat, (240, 214, 180), 0.5))
    for side in (-1, 1):
        pen.blob(
            [(side * 0.2, 0.46), (side * 0.34, 0.36), (side * 0.34, 0.2), (side * 0.25, 0.2), (side * 0.18, 0.34)],
            soft(darker(coat, 0.06), 0.1),
        )
    pen.oval(0.0, 0.72, 0.25, 0.22, soft(coat, 0.12))
    pen.oval(0.0, 0.65, 0.125, 0.1, mix(coat, (248, 226, 194), 0.66))
    pen.oval(0.0, 0.69, 0.05, 0.036, (40, 30, 32))
    pen.line([(-0.06, 0.635), (0.0, 0.605), (0.06, 0.635)], 0.014, (60, 42, 40), smooth=True)
    for side in (-1, 1):
        pen.eye(side * 0.1, 0.76, 0.028)


def owl(pen: Pen) -> None:
    coat = pen.own((146, 108, 78))
    pen.box(-0.5, -0.02, 0.5, 0.06, soft((108, 76, 54)), corner=0.035)
    pen.blob(
        [
            (-0.2, 0.06),
            (0.2, 0.06),
            (0.29, 0.36),
            (0.27, 0.72),
            (0.26, 0.96),
            (0.12, 0.86),
            (-0.12, 0.86),
            (-0.26, 0.96),
            (-0.27, 0.72),
            (-0.29, 0.36),
        ],
        soft(coat),
    )
    pen.oval(0.0, 0.34, 0.18, 0.24, _pale(coat))
    for row in range(3):
        for step in range(3 - row % 2):
            x = (step - (2 - row % 2) / 2) * 0.11
            pen.blob([(x - 0.035, 0.44 - row * 0.1), (x, 0.39 - row * 0.1), (x + 0.035, 0.44 - row * 0.1)], darker(coat, 0.1))
    for side in (-1, 1):
        pen.blob([(side * 0.24, 0.6), (side * 0.34, 0.4), (side * 0.26, 0.14), (side * 0.18, 0.3)], soft(darker(coat, 0.2), 0.1))
        pen.oval(side * 0.12, 0.68, 0.125, 0.125, (246, 232, 206))
        pen.oval(side * 0.12, 0.68, 0.085, 0.085, (248, 190, 60))
        pen.eye(side * 0.115, 0.68, 0.048)
        for claw in (-0.035, 0.0, 0.035):
            pen.oval(side * 0.1 + claw, 0.05, 0.018, 0.035, (236, 164, 70))
    pen.poly([(-0.04, 0.63), (0.04, 0.63), (0.0, 0.53)], (240, 150, 60))


SPRITES: Final[Mapping[str, Callable[[Pen], None]]] = {"cat": cat, "dog": dog, "fox": fox, "rabbit": rabbit, "bear": bear, "owl": owl}
