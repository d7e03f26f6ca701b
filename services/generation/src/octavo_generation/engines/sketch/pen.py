"""A pen draws one thing: x right, y up, the foot's middle at (0, 0), one unit the thing's size, in the light of its place."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, sin

import numpy as np

from octavo_generation.engines.sketch.canvas import Canvas, Mask, Paint, Point, Shade, oval, rounded
from octavo_generation.engines.sketch.colours import Colour, darker, lighter, mix
from octavo_generation.engines.sketch.lights import Light
from octavo_generation.engines.sketch.scene import Thing


class Pen:
    def __init__(self, canvas: Canvas, light: Light, thing: Thing, *, dark: bool, turn: float = 0.0) -> None:
        self.canvas = canvas
        self.thing = thing
        self.dark = dark
        self.random = np.random.default_rng(thing.variant)
        self.unit = thing.size * min(canvas.width, canvas.height)
        self._light = light
        self._x, self._y = thing.x * canvas.width, thing.y * canvas.height
        self._sign = -1.0 if thing.flip else 1.0
        self._lean, self._rise = cos(turn), sin(turn)

    def lit(self, colour: Colour) -> Colour:
        return mix(self._light.on(colour, self.thing.far), colour, 0.2 if self.dark else 0.0)

    def own(self, usual: Colour) -> Colour:
        """The colour that the prompt gives the thing, or its usual one."""
        return self.thing.colour or usual

    def at(self, x: float, y: float) -> Point:
        x, y = x * self._sign * self.unit, -y * self.unit
        return (self._x + x * self._lean - y * self._rise, self._y + x * self._rise + y * self._lean)

    def poly(self, points: Sequence[Point], paint: Paint, *, alpha: float = 1.0, clip: Mask | None = None, glows: bool = False) -> None:
        self.canvas.polygon([self.at(x, y) for x, y in points], paint if glows else self._lit(paint), alpha=alpha, clip=clip)

    def blob(self, points: Sequence[Point], paint: Paint, *, alpha: float = 1.0, clip: Mask | None = None) -> None:
        self.poly(rounded(points), paint, alpha=alpha, clip=clip)

    def oval(
        self,
        x: float,
        y: float,
        across: float,
        up: float,
        paint: Paint,
        *,
        turn: float = 0.0,
        alpha: float = 1.0,
        clip: Mask | None = None,
        glows: bool = False,
    ) -> None:
        self.poly(oval(x, y, across, up, turn), paint, alpha=alpha, clip=clip, glows=glows)

    def box(
        self,
        left: float,
        bottom: float,
        right: float,
        top: float,
        paint: Paint,
        *,
        corner: float = 0.0,
        alpha: float = 1.0,
        clip: Mask | None = None,
        glows: bool = False,
    ) -> None:
        self.poly(boxed(left, bottom, right, top, corner), paint, alpha=alpha, clip=clip, glows=glows)

    def line(self, points: Sequence[Point], width: float, colour: Colour, *, smooth: bool = False, alpha: float = 1.0) -> None:
        path = rounded(points, closed=False) if smooth else points
        self.canvas.stroke([self.at(x, y) for x, y in path], width * self.unit, self.lit(colour), alpha=alpha)

    def mask(self, points: Sequence[Point]) -> Mask | None:
        return self.canvas.mask([self.at(x, y) for x, y in points])

    def glow(self, x: float, y: float, radius: float, colour: Colour, strength: float = 0.7) -> None:
        across, down = self.at(x, y)
        self.canvas.glow(across, down, radius * self.unit, colour, strength)

    def shadow(self, half: float, x: float = 0.0) -> None:
        """The soft dark ground under a standing thing."""
        for step, alpha in ((1.0, 0.12), (0.78, 0.16)):
            self.oval(x, 0.0, half * step, half * 0.13 * step, (22, 22, 46), alpha=alpha)

    def eye(self, x: float, y: float, size: float, iris: Colour = (34, 28, 40)) -> None:
        self.oval(x, y, size, size * 1.1, iris)
        self.oval(x + size * 0.3, y + size * 0.35, size * 0.34, size * 0.34, (255, 255, 255))

    def _lit(self, paint: Paint) -> Paint:
        if isinstance(paint, Shade):
            return Shade(self.lit(paint.first), self.lit(paint.last), paint.across)
        return self.lit(paint)


def boxed(left: float, bottom: float, right: float, top: float, corner: float = 0.0) -> list[Point]:
    if corner <= 0:
        return [(left, bottom), (right, bottom), (right, top), (left, top)]
    out: list[Point] = []
    for x, y, start in (
        (right - corner, top - corner, 0.0),
        (left + corner, top - corner, 1.5708),
        (left + corner, bottom + corner, 3.14159),
        (right - corner, bottom + corner, 4.71239),
    ):
        out += [(x + corner * cos(start + step * 1.5708 / 6), y + corner * sin(start + step * 1.5708 / 6)) for step in range(7)]
    return out


def soft(colour: Colour, depth: float = 0.16) -> Shade:
    """A colour with light from above."""
    return Shade(lighter(colour, depth), darker(colour, depth))


def lateral(colour: Colour, depth: float = 0.16) -> Shade:
    """A colour with light from the left, as on a wall or a column."""
    return Shade(lighter(colour, depth), darker(colour, depth), across=True)
