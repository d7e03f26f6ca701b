"""Trees, flowers and what else grows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import cos, pi, sin
from typing import Final

from octavo_generation.engines.sketch.colours import Colour, darker, lighter, mix
from octavo_generation.engines.sketch.pen import Pen, lateral, soft


def tree(pen: Pen) -> None:
    leaf = pen.own(((74, 158, 72), (96, 170, 70), (58, 140, 84))[pen.thing.variant % 3])
    if "cherry" in pen.thing.word:
        leaf = pen.own((244, 168, 190))
    pen.shadow(0.3)
    trunk: Colour = (122, 82, 54)
    pen.blob([(-0.075, 0.0), (0.075, 0.0), (0.045, 0.2), (0.05, 0.5), (-0.05, 0.5), (-0.045, 0.2)], lateral(trunk))
    pen.line([(0.0, 0.32), (0.14, 0.48)], 0.03, darker(trunk, 0.1))
    pen.line([(0.0, 0.36), (-0.13, 0.5)], 0.03, darker(trunk, 0.06))
    crown = [(0.0, 0.62, 0.3), (-0.2, 0.56, 0.2), (0.21, 0.57, 0.19), (-0.12, 0.78, 0.2), (0.13, 0.79, 0.19), (0.0, 0.86, 0.16)]
    for x, y, size in crown:
        pen.oval(x, y - 0.02, size, size * 0.92, darker(leaf, 0.24))
    for x, y, size in crown:
        pen.oval(x - 0.015, y + 0.015, size * 0.93, size * 0.86, soft(leaf, 0.1))
    for x, y, size in ((-0.12, 0.82, 0.09), (-0.22, 0.6, 0.08), (0.06, 0.72, 0.08), (0.16, 0.86, 0.05)):
        pen.oval(x, y, size, size * 0.6, lighter(leaf, 0.28), alpha=0.6)
    if "apple" in pen.thing.word or "manzano" in pen.thing.word:
        for x, y in ((-0.2, 0.52), (0.02, 0.6), (0.2, 0.62), (-0.06, 0.8), (0.12, 0.78)):
            pen.oval(x, y, 0.03, 0.03, (214, 48, 49))


def pine(pen: Pen) -> None:
    leaf = pen.own((46, 116, 84))
    pen.shadow(0.24)
    pen.box(-0.04, 0.0, 0.04, 0.2, lateral((112, 76, 52)))
    for tier in range(4):
        low, half = 0.12 + 0.19 * tier, 0.3 - 0.058 * tier
        top = low + 0.34
        pen.poly(
            [(-half, low), (-half * 0.5, low - 0.025), (0, low + 0.01), (half * 0.5, low - 0.025), (half, low), (0, top)], soft(leaf, 0.12)
        )
        pen.poly([(0, low + 0.01), (half * 0.5, low - 0.025), (half, low), (0, top)], darker(leaf, 0.2), alpha=0.5)
    if "navidad" in pen.thing.word or "christmas" in pen.thing.word:
        for x, y, colour in ((-0.16, 0.18, 0), (0.1, 0.24, 1), (-0.06, 0.38, 2), (0.12, 0.46, 0), (-0.08, 0.6, 1), (0.05, 0.72, 2)):
            pen.oval(x, y, 0.028, 0.028, ((226, 60, 60), (250, 210, 80), (90, 160, 230))[colour], glows=True)
        pen.poly(
            [
                (0.065 * (1 if k % 2 == 0 else 0.42) * sin(k * pi / 5), 1.03 + 0.065 * (1 if k % 2 == 0 else 0.42) * cos(k * pi / 5))
                for k in range(10)
            ],
            (255, 218, 90),
            glows=True,
        )


def palm(pen: Pen) -> None:
    leaf = pen.own((72, 160, 84))
    pen.shadow(0.22)
    pen.blob([(-0.05, 0.0), (0.06, 0.0), (0.08, 0.3), (0.16, 0.72), (0.11, 0.74), (0.01, 0.34)], lateral((164, 120, 78)))
    for ring in range(6):
        y = 0.08 + ring * 0.11
        x = 0.005 + 0.12 * (y / 0.74) ** 1.6
        pen.line([(x - 0.04, y), (x + 0.035, y + 0.012)], 0.011, (126, 88, 58))
    for turn, long in ((2.9, 0.4), (2.35, 0.36), (0.2, 0.4), (0.8, 0.36), (1.6, 0.28), (3.5, 0.34), (-0.4, 0.34)):
        tip = (0.135 + cos(turn) * long, 0.74 + sin(turn) * long * 0.62 - 0.08)
        middle = (0.135 + cos(turn) * long * 0.55, 0.74 + sin(turn) * long * 0.5 + 0.07)
        pen.blob(
            [(0.135, 0.72), (middle[0], middle[1] + 0.035), tip, (middle[0] * 0.98 + 0.002, middle[1] - 0.05)],
            soft(leaf if turn < 2 else darker(leaf, 0.1), 0.14),
        )
    for x, y in ((0.11, 0.7), (0.17, 0.69), (0.14, 0.66)):
        pen.oval(x, y, 0.034, 0.036, soft((112, 76, 48)))


def cactus(pen: Pen) -> None:
    green = pen.own((82, 150, 96))
    pen.shadow(0.24)
    for left, bottom, right, top in ((-0.3, 0.4, -0.17, 0.7), (0.17, 0.3, 0.3, 0.62)):
        pen.box(left, bottom, right, top, lateral(green), corner=0.062)
    pen.box(-0.26, 0.36, -0.05, 0.48, lateral(green), corner=0.055)
    pen.box(0.05, 0.26, 0.26, 0.38, lateral(green), corner=0.055)
    pen.box(-0.105, 0.0, 0.105, 0.95, lateral(green), corner=0.1)
    for x in (-0.05, 0.0, 0.05):
        pen.line([(x, 0.05), (x, 0.88)], 0.01, darker(green, 0.22))
    for x, y in ((0.0, 0.96), (-0.235, 0.71), (0.235, 0.63)):
        for step in range(5):
            pen.oval(x + 0.03 * cos(step * 1.2566), y + 0.03 * sin(step * 1.2566), 0.026, 0.026, (240, 110, 150))
        pen.oval(x, y, 0.018, 0.018, (252, 220, 110))


def flower(pen: Pen) -> None:
    word = pen.thing.word
    usual: Colour = ((230, 70, 90), (250, 180, 60), (176, 110, 210), (240, 130, 170))[pen.thing.variant % 4]
    if any(name in word for name in ("sunflower", "girasol")):
        usual = (250, 200, 50)
    if any(name in word for name in ("daisy", "daisies", "margarita")):
        usual = (252, 250, 244)
    if any(name in word for name in ("poppy", "poppies", "amapola", "rose", "rosa")):
        usual = (218, 48, 56)
    petal = pen.own(usual)
    green: Colour = (70, 148, 76)
    pen.line([(0.0, 0.0), (0.035, 0.3), (0.0, 0.62)], 0.03, green, smooth=True)
    pen.blob([(0.02, 0.16), (0.16, 0.3), (0.27, 0.32), (0.17, 0.18)], soft(green))
    pen.blob([(0.03, 0.1), (-0.12, 0.22), (-0.23, 0.22), (-0.12, 0.1)], soft(darker(green, 0.1)))
    if "tulip" in word:
        pen.blob(
            [(-0.15, 0.66), (-0.17, 0.92), (-0.06, 0.82), (0.0, 0.96), (0.06, 0.82), (0.17, 0.92), (0.15, 0.66), (0.0, 0.56)], soft(petal)
        )
        pen.blob([(-0.06, 0.6), (-0.05, 0.8), (0.0, 0.9), (0.05, 0.8), (0.06, 0.6)], lighter(petal, 0.2), alpha=0.6)
        return
    if word.startswith(("rose", "rosa")):
        for step in range(5):
            angle = step * 1.2566 + 0.3
            pen.oval(0.09 * cos(angle), 0.74 + 0.09 * sin(angle), 0.13, 0.12, soft(darker(petal, 0.08)))
        for size, tone in ((0.13, petal), (0.09, darker(petal, 0.22)), (0.06, lighter(petal, 0.15)), (0.028, darker(petal, 0.35))):
            pen.oval(0.008, 0.75, size, size * 0.94, soft(tone))
        return
    count = 12 if usual in ((250, 200, 50), (252, 250, 244)) else 6
    for step in range(count):
        angle = step * 2 * pi / count + 0.26
        long, wide = 0.13, 0.085 if count == 6 else 0.046
        pen.oval(
            0.15 * cos(angle), 0.74 + 0.15 * sin(angle), long, wide, soft(petal if step % 2 else lighter(petal, 0.12), 0.1), turn=angle
        )
    heart: Colour = (120, 78, 40) if usual == (250, 200, 50) else (252, 206, 80)
    pen.oval(0.0, 0.74, 0.095, 0.095, darker(heart, 0.16))
    pen.oval(-0.006, 0.748, 0.08, 0.08, soft(heart))


def mushroom(pen: Pen) -> None:
    cap = pen.own((214, 58, 52))
    pen.shadow(0.26)
    pen.blob([(-0.13, 0.02), (0.13, 0.02), (0.1, 0.28), (0.12, 0.46), (-0.12, 0.46), (-0.1, 0.28)], lateral((244, 232, 212)))
    dome = [(0.42 * cos(t * pi / 24), 0.42 + 0.44 * sin(t * pi / 24)) for t in range(25)]
    shape = [*dome, (-0.3, 0.37), (0.0, 0.35), (0.3, 0.37)]
    pen.poly(shape, soft(cap))
    hold = pen.mask(shape)
    for x, y, size in ((-0.2, 0.6, 0.075), (0.06, 0.72, 0.09), (0.25, 0.55, 0.065), (0.02, 0.5, 0.05), (-0.33, 0.45, 0.05)):
        pen.oval(x, y, size, size * 0.86, (252, 246, 236), clip=hold)
    pen.blob([(-0.4, 0.41), (0.0, 0.38), (0.4, 0.41), (0.0, 0.45)], mix(darker(cap, 0.3), (244, 226, 206), 0.5))


SPRITES: Final[Mapping[str, Callable[[Pen], None]]] = {
    "tree": tree,
    "pine": pine,
    "palm": palm,
    "cactus": cactus,
    "flower": flower,
    "mushroom": mushroom,
}
