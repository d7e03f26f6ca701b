"""People, large and small, and those made of metal or snow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from octavo_generation.engines.sketch.colours import Colour, darker, lighter
from octavo_generation.engines.sketch.pen import Pen, lateral, soft

_SKIN: tuple[Colour, ...] = ((246, 206, 174), (224, 172, 128), (174, 118, 82), (120, 80, 58))
_HAIR: tuple[Colour, ...] = ((72, 50, 40), (40, 34, 38), (176, 116, 60), (226, 186, 110))
_CLOTH: tuple[Colour, ...] = ((206, 70, 70), (62, 122, 178), (236, 170, 62), (86, 146, 110), (140, 96, 170))
_SKIRTED = frozenset(
    {
        "woman",
        "women",
        "mujer",
        "mujeres",
        "queen",
        "reina",
        "mother",
        "madre",
        "girl",
        "nina",
        "princess",
        "princesa",
        "chica",
        "luna",
        "abuela",
        "senora",
    }
)
_CROWNED = frozenset({"king", "queen", "rey", "reina", "princess", "prince", "princesa", "principe"})


def person(pen: Pen) -> None:
    if pen.thing.word.startswith("astronaut"):
        return _astronaut(pen)
    return _figure(pen, 0.105, 0.86)


def child(pen: Pen) -> None:
    return _figure(pen, 0.15, 0.8)


def _figure(pen: Pen, head: float, high: float) -> None:
    """Standing, one arm raised; the head's radius makes the age."""
    variant = pen.thing.variant
    skin, hair, cloth = _SKIN[variant % 4], _HAIR[variant // 4 % 4], pen.own(_CLOTH[variant // 16 % 5])
    word = pen.thing.word.rstrip("s")
    skirted = (
        word in _SKIRTED
        or pen.thing.word in _SKIRTED
        or (word in ("child", "children", "kid", "person", "people", "nino", "persona", "gente") and variant % 2 == 0)
    )
    trousers: Colour = (66, 74, 110)
    neck = high - head * 1.05
    hip, wide = neck * 0.5, head * 1.25
    pen.shadow(0.2)
    if skirted:
        pen.blob(
            [
                (-wide * 1.5, hip * 0.86),
                (0.0, hip * 0.78),
                (wide * 1.5, hip * 0.86),
                (wide * 1.6, hip * 1.0),
                (0, hip * 1.3),
                (-wide * 1.6, hip),
            ],
            darker(cloth, 0.2),
        )
    if pen.thing.word in ("wizard", "mago", "king", "rey", "knight", "caballero"):
        pen.poly([(-wide * 1.0, neck), (wide * 1.0, neck), (wide * 1.8, 0.06), (-wide * 1.8, 0.06)], soft(darker(cloth, 0.4)))
    for side in (-1, 1):
        leg = skin if skirted else trousers
        pen.line([(side * wide * 0.42, hip), (side * wide * 0.5, 0.05)], wide * 0.62, leg)
        pen.oval(side * wide * 0.58 + 0.012, 0.03, wide * 0.48, 0.034, (88, 58, 48))
    pen.line(
        [(-wide * 0.78, neck - 0.03), (-wide * 1.45, hip * 1.12), (-wide * 1.3, hip * 0.86)], wide * 0.46, darker(cloth, 0.08), smooth=True
    )
    pen.oval(-wide * 1.3, hip * 0.84, wide * 0.27, wide * 0.27, skin)
    if skirted:
        pen.blob(
            [
                (-wide * 0.7, neck + 0.005),
                (wide * 0.7, neck + 0.005),
                (wide * 0.8, hip * 1.3),
                (wide * 1.6, hip * 0.66),
                (-wide * 1.6, hip * 0.66),
                (-wide * 0.8, hip * 1.3),
            ],
            soft(cloth),
        )
    else:
        pen.blob(
            [(-wide * 0.85, neck), (0, neck + 0.02), (wide * 0.85, neck), (wide * 0.9, hip), (0.0, hip * 0.9), (-wide * 0.9, hip)],
            soft(cloth),
        )
    pen.line([(wide * 0.74, neck - 0.035), (wide * 1.65, neck * 0.86), (wide * 1.95, neck + head * 0.6)], wide * 0.46, cloth, smooth=True)
    pen.oval(wide * 1.97, neck + head * 0.8, wide * 0.27, wide * 0.27, skin)
    pen.line([(0, neck - 0.01), (0, neck + 0.05)], wide * 0.5, darker(skin, 0.12))
    if skirted:
        pen.blob(
            [
                (-head * 1.1, high + head * 0.2),
                (0, high + head * 1.12),
                (head * 1.1, high + head * 0.2),
                (head * 1.12, high - head * 1.15),
                (0, high - head * 0.6),
                (-head * 1.12, high - head * 1.15),
            ],
            darker(hair, 0.08),
        )
    pen.oval(0, high, head, head * 1.04, soft(skin, 0.08))
    pen.blob(
        [
            (-head * 1.05, high + head * 0.05),
            (-head * 0.8, high + head * 0.9),
            (0, high + head * 1.16),
            (head * 0.8, high + head * 0.9),
            (head * 1.05, high + head * 0.05),
            (head * 0.6, high + head * 0.5),
            (-head * 0.2, high + head * 0.56),
        ],
        hair,
    )
    for side in (-1, 1):
        pen.oval(side * head * 0.38, high - head * 0.02, head * 0.11, head * 0.14, (44, 34, 40))
        pen.oval(side * head * 0.56, high - head * 0.34, head * 0.17, head * 0.11, (240, 130, 120), alpha=0.45)
    pen.line(
        [(-head * 0.26, high - head * 0.42), (0, high - head * 0.53), (head * 0.26, high - head * 0.42)],
        head * 0.1,
        (150, 70, 66),
        smooth=True,
    )
    _hat(pen, head, high)


def _hat(pen: Pen, head: float, high: float) -> None:
    word = pen.thing.word.rstrip("s")
    top = high + head * 0.72
    if word in _CROWNED or pen.thing.word in _CROWNED:
        pen.poly(
            [
                (-head * 0.7, top),
                (head * 0.7, top),
                (head * 0.8, top + head * 0.8),
                (head * 0.36, top + head * 0.4),
                (0, top + head * 0.9),
                (-head * 0.36, top + head * 0.4),
                (-head * 0.8, top + head * 0.8),
            ],
            soft((248, 206, 80)),
        )
    elif word in ("wizard", "mago"):
        pen.poly([(-head * 1.3, top - head * 0.1), (head * 1.3, top - head * 0.1), (head * 0.3, top + head * 2.2)], lateral((86, 70, 150)))
        pen.poly([(0.0, top + head * 0.9), (head * 0.2, top + head * 0.5), (-head * 0.2, top + head * 0.5)], (252, 220, 110))
    elif word in ("farmer", "explorer", "traveller", "traveler", "viajero", "viajera", "sailor", "marinero"):
        pen.oval(0, top, head * 1.5, head * 0.26, soft((206, 166, 100)))
        pen.blob(
            [(-head * 0.8, top), (-head * 0.6, top + head * 0.7), (head * 0.6, top + head * 0.7), (head * 0.8, top)], soft((216, 176, 110))
        )
    elif word in ("knight", "caballero"):
        pen.blob(
            [
                (-head * 1.05, high - head * 0.1),
                (-head * 0.9, top + head * 0.3),
                (0, top + head * 0.6),
                (head * 0.9, top + head * 0.3),
                (head * 1.05, high - head * 0.1),
                (0, high + head * 0.4),
            ],
            lateral((176, 184, 200)),
        )
        pen.blob(
            [(0, top + head * 0.5), (-head * 0.5, top + head * 1.3), (-head * 1.1, top + head * 0.9), (-head * 0.4, top + head * 0.5)],
            (214, 58, 60),
        )


def _astronaut(pen: Pen) -> None:
    suit = pen.own((240, 242, 248))
    pen.shadow(0.22)
    pen.box(-0.24, 0.34, 0.24, 0.68, soft(darker(suit, 0.3)), corner=0.06)
    for side in (-1, 1):
        pen.box(side * 0.1 - 0.08, 0.0, side * 0.1 + 0.08, 0.36, soft(suit), corner=0.06)
        pen.box(side * 0.1 - 0.085, 0.0, side * 0.1 + 0.095, 0.09, soft((150, 156, 172)), corner=0.04)
        pen.line([(side * 0.18, 0.6), (side * 0.33, 0.48 if side < 0 else 0.72)], 0.13, darker(suit, 0.06))
        pen.oval(side * 0.35, 0.46 if side < 0 else 0.75, 0.07, 0.07, (150, 156, 172))
    pen.box(-0.2, 0.26, 0.2, 0.68, soft(suit), corner=0.1)
    pen.box(-0.1, 0.42, 0.1, 0.54, (120, 130, 150), corner=0.02)
    for x, colour in ((-0.055, (226, 70, 70)), (0.0, (250, 206, 80)), (0.055, (90, 190, 120))):
        pen.oval(x, 0.48, 0.018, 0.018, colour, glows=True)
    pen.oval(0.0, 0.82, 0.2, 0.19, soft(suit, 0.1))
    pen.oval(0.0, 0.81, 0.15, 0.125, soft((60, 90, 140), 0.3))
    pen.oval(-0.06, 0.85, 0.04, 0.024, (230, 244, 255), alpha=0.8)


def robot(pen: Pen) -> None:
    metal = pen.own((150, 170, 190))
    glow: Colour = (110, 236, 240)
    pen.shadow(0.3)
    for side in (-1, 1):
        pen.box(side * 0.11 - 0.05, 0.06, side * 0.11 + 0.05, 0.26, lateral(darker(metal, 0.25)))
        pen.box(side * 0.12 - 0.09, 0.0, side * 0.12 + 0.09, 0.08, soft(darker(metal, 0.35)), corner=0.03)
        pen.line(
            [(side * 0.24, 0.5), (side * 0.35, 0.4 if side < 0 else 0.58), (side * 0.35, 0.26 if side < 0 else 0.72)],
            0.065,
            darker(metal, 0.2),
        )
        pen.oval(side * 0.35, 0.24 if side < 0 else 0.75, 0.055, 0.055, soft(darker(metal, 0.35)))
    pen.box(-0.23, 0.22, 0.23, 0.58, lateral(metal), corner=0.05)
    pen.box(-0.15, 0.32, 0.15, 0.5, darker(metal, 0.42), corner=0.03)
    for step, colour in enumerate(((236, 90, 80), (250, 206, 80), (110, 210, 130))):
        pen.oval(-0.08 + step * 0.08, 0.45, 0.026, 0.026, colour, glows=True)
    pen.line([(-0.1, 0.37), (-0.05, 0.37), (-0.02, 0.4), (0.02, 0.345), (0.05, 0.37), (0.1, 0.37)], 0.012, glow)
    pen.box(-0.05, 0.57, 0.05, 0.63, darker(metal, 0.35))
    pen.line([(0.0, 0.9), (0.0, 1.0)], 0.022, darker(metal, 0.3))
    pen.oval(0.0, 1.02, 0.036, 0.036, (240, 90, 80), glows=True)
    pen.box(-0.26, 0.7, 0.26, 0.82, darker(metal, 0.3), corner=0.03)
    pen.box(-0.21, 0.61, 0.21, 0.92, lateral(lighter(metal, 0.1)), corner=0.07)
    pen.box(-0.16, 0.7, 0.16, 0.86, (38, 46, 66), corner=0.05)
    for side in (-1, 1):
        pen.oval(side * 0.075, 0.79, 0.038, 0.042, glow, glows=True)
        pen.glow(side * 0.075, 0.79, 0.12, glow, 0.5)
    pen.line([(-0.06, 0.66), (0.06, 0.66)], 0.02, darker(metal, 0.5))


def snowman(pen: Pen) -> None:
    snow = pen.own((250, 252, 255))
    pen.shadow(0.36)
    for side in (-1, 1):
        pen.line([(side * 0.16, 0.5), (side * 0.42, 0.64)], 0.022, (106, 76, 56))
        pen.line([(side * 0.36, 0.61), (side * 0.42, 0.56)], 0.016, (106, 76, 56))
    pen.oval(0.0, 0.22, 0.28, 0.23, soft(snow, 0.14))
    pen.oval(0.0, 0.52, 0.2, 0.18, soft(snow, 0.12))
    pen.oval(0.0, 0.77, 0.15, 0.14, soft(snow, 0.1))
    pen.box(-0.16, 0.62, 0.16, 0.68, (206, 56, 60), corner=0.028)
    pen.poly([(0.06, 0.64), (0.13, 0.64), (0.15, 0.46), (0.08, 0.46)], (186, 46, 52))
    pen.box(-0.19, 0.87, 0.19, 0.9, (46, 46, 58), corner=0.014)
    pen.box(-0.12, 0.88, 0.12, 1.04, (46, 46, 58), corner=0.014)
    pen.box(-0.12, 0.9, 0.12, 0.93, (206, 56, 60))
    for side in (-1, 1):
        pen.oval(side * 0.05, 0.81, 0.018, 0.02, (40, 38, 46))
    pen.poly([(-0.01, 0.785), (-0.005, 0.745), (0.15, 0.755)], (246, 140, 50))
    for y in (0.56, 0.48, 0.28, 0.2):
        pen.oval(0.0, y, 0.018, 0.018, (50, 48, 58))


SPRITES: Final[Mapping[str, Callable[[Pen], None]]] = {"person": person, "child": child, "robot": robot, "snowman": snowman}
