"""The primitives: a supersampled canvas that fills polygons with flat colours or gradients, glows, and mirrors itself.

Coordinates are pixels of the finished picture, as floats, y downwards; the canvas works `scale` times finer and averages down
at the end, which is what makes edges smooth. Everything is integer Pillow work on whole regions, so the same calls give the same
bytes. Not for sharing between threads; each picture has its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, cos, floor, pi, sin

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from octavo_generation.engines.sketch.colours import Colour

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Shade:
    """A gradient across a shape's bounding box: from `first` (top, or left when `across`) to `last`."""

    first: Colour
    last: Colour
    across: bool = False


Paint = Colour | Shade


@dataclass(frozen=True, slots=True)
class Mask:
    """Where a shape lies, on the fine grid: its corner and its coverage. Handed back as the `clip` of a later shape."""

    left: int
    top: int
    image: Image.Image


class Canvas:
    def __init__(self, width: int, height: int, scale: int) -> None:
        self.width = width
        self.height = height
        self.scale = scale
        self.image = Image.new("RGB", (width * scale, height * scale))
        self._draw = ImageDraw.Draw(self.image)

    def polygon(self, points: Sequence[Point], paint: Paint, *, alpha: float = 1.0, clip: Mask | None = None) -> None:
        if len(points) < 3:
            return
        fine = [(x * self.scale, y * self.scale) for x, y in points]
        if alpha >= 1.0 and clip is None and isinstance(paint, tuple):
            self._draw.polygon(fine, fill=paint)
            return
        mask = self._masked(fine)
        if mask is not None:
            self._fill(mask, paint, alpha, clip)

    def mask(self, points: Sequence[Point]) -> Mask | None:
        """The part of a polygon that lies on the canvas, to clip others with; None where nothing does."""
        return self._masked([(x * self.scale, y * self.scale) for x, y in points])

    def stroke(self, points: Sequence[Point], width: float, paint: Colour, *, alpha: float = 1.0) -> None:
        """A line with round ends and joints."""
        if alpha < 1.0:
            for start, end in pairwise(points):
                self.polygon(_bar(start, end, width), paint, alpha=alpha)
            return
        thick = max(1, round(width * self.scale))
        fine = [(x * self.scale, y * self.scale) for x, y in points]
        self._draw.line(fine, fill=paint, width=thick, joint="curve")
        if thick > 2:
            for x, y in (fine[0], fine[-1]):
                self._draw.ellipse((x - thick / 2, y - thick / 2, x + thick / 2, y + thick / 2), fill=paint)

    def dot(self, x: float, y: float, radius: float, paint: Colour) -> None:
        x, y, radius = x * self.scale, y * self.scale, radius * self.scale
        self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=paint)

    def columns(self, stops: Sequence[tuple[float, Colour]], top: float, bottom: float) -> None:
        """A vertical gradient over the whole width between two heights; stops are (0..1, colour) in order."""
        first, last = max(0, round(top * self.scale)), min(self.image.height, round(bottom * self.scale))
        if last <= first:
            return
        span = max(1.0, (bottom - top) * self.scale)
        at = (np.arange(first, last) + 0.5 - top * self.scale) / span
        places = [place for place, _ in stops]
        strip = np.stack([np.interp(at, places, [colour[band] for _, colour in stops]) for band in range(3)], axis=-1)
        column = Image.fromarray(np.rint(strip).astype(np.uint8)[:, None, :], "RGB")
        self.image.paste(column.resize((self.image.width, last - first), Image.Resampling.NEAREST), (0, first))

    def glow(self, x: float, y: float, radius: float, colour: Colour, strength: float = 1.0, *, stretch: float = 1.0) -> None:
        """Light added around a point, strongest there, nothing at `radius`; `stretch` widens it."""
        wide, high = round(radius * stretch * self.scale), round(radius * self.scale)
        if wide < 1 or high < 1:
            return
        left, top = round(x * self.scale) - wide, round(y * self.scale) - high
        falloff = Image.radial_gradient("L").point([round(255 * strength * max(0.0, 1 - step / 181) ** 2) for step in range(256)])
        lit = self._cropped(Mask(left, top, falloff.resize((wide * 2, high * 2), Image.Resampling.BILINEAR)))
        if lit is None:
            return
        box = (lit.left, lit.top, lit.left + lit.image.width, lit.top + lit.image.height)
        bands = [lit.image.point([round(level * channel / 255) for level in range(256)]) for channel in colour]
        self.image.paste(ImageChops.screen(self.image.crop(box), Image.merge("RGB", bands)), box)

    def mirror(self, line: float, depth: float, tint: Colour, share: float, ripples: np.random.Generator) -> None:
        """What stands above `line` seen in water below it: upside down, squeezed, wavering more with distance, tinted."""
        first, last = round(line * self.scale), min(self.image.height, round((line + depth) * self.scale))
        rows = last - first
        if rows < 2 or first < 2:
            return
        above = self.image.crop((0, max(0, first - round(rows * 1.25)), self.image.width, first))
        flipped = np.asarray(above.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize((self.image.width, rows), Image.Resampling.BILINEAR))
        reach = np.linspace(0.15, 1.0, rows)
        step = np.arange(rows) / (self.scale * (1.4 + 5 * reach))
        sway = np.rint(np.sin(step + ripples.uniform(0, 6)) * reach * self.scale * self.width * 0.006).astype(int)
        shown = np.empty_like(flipped)
        for row in range(rows):
            shown[row] = np.roll(flipped[row], int(sway[row]), axis=0)
        water = Image.new("RGB", (self.image.width, rows), tint)
        fade = Image.fromarray(np.rint(255 * share * np.linspace(1.0, 0.45, rows)).astype(np.uint8)[:, None], "L")
        water.paste(Image.fromarray(shown, "RGB"), (0, 0), fade.resize(water.size, Image.Resampling.NEAREST))
        self.image.paste(water, (0, first))

    def finished(self) -> Image.Image:
        return self.image.reduce(self.scale) if self.scale > 1 else self.image

    def _masked(self, fine: Sequence[Point]) -> Mask | None:
        left, top = floor(min(x for x, _ in fine)), floor(min(y for _, y in fine))
        right, bottom = ceil(max(x for x, _ in fine)) + 1, ceil(max(y for _, y in fine)) + 1
        left, top = max(left, -self.image.width), max(top, -self.image.height)
        right, bottom = min(right, 2 * self.image.width), min(bottom, 2 * self.image.height)
        if right <= left or bottom <= top:
            return None
        image = Image.new("L", (right - left, bottom - top))
        ImageDraw.Draw(image).polygon([(x - left, y - top) for x, y in fine], fill=255)
        return Mask(left, top, image)

    def _fill(self, mask: Mask, paint: Paint, alpha: float, clip: Mask | None) -> None:
        size = mask.image.size
        colours = Image.new("RGB", size, paint) if isinstance(paint, tuple) else _gradient(size, paint)
        cover = mask.image
        if clip is not None:
            held = Image.new("L", size)
            held.paste(clip.image, (clip.left - mask.left, clip.top - mask.top))
            cover = ImageChops.multiply(cover, held)
        if alpha < 1.0:
            cover = cover.point([round(level * alpha) for level in range(256)])
        self.image.paste(colours, (mask.left, mask.top), cover)

    def _cropped(self, mask: Mask) -> Mask | None:
        left, top = max(0, mask.left), max(0, mask.top)
        right = min(self.image.width, mask.left + mask.image.width)
        bottom = min(self.image.height, mask.top + mask.image.height)
        if right <= left or bottom <= top:
            return None
        return Mask(left, top, mask.image.crop((left - mask.left, top - mask.top, right - mask.left, bottom - mask.top)))


def oval(x: float, y: float, across: float, up: float, turn: float = 0.0, steps: int = 48) -> list[Point]:
    """An ellipse by its half axes; `turn` in radians, clockwise on screen."""
    lean, rise = cos(turn), sin(turn)
    rim = [(across * cos(2 * pi * step / steps), up * sin(2 * pi * step / steps)) for step in range(steps)]
    return [(x + a * lean - b * rise, y + a * rise + b * lean) for a, b in rim]


def rounded(points: Sequence[Point], *, closed: bool = True, steps: int = 8) -> list[Point]:
    """A Catmull-Rom curve through the points (uniform, tension 0.5)."""
    count = len(points)
    out: list[Point] = []
    for index in range(count if closed else count - 1):
        if closed:
            a, b, c, d = (points[(index + step) % count] for step in (-1, 0, 1, 2))
        else:
            a, b, c, d = points[max(0, index - 1)], points[index], points[index + 1], points[min(count - 1, index + 2)]
        for step in range(steps):
            t = step / steps
            out.append((_blend(a[0], b[0], c[0], d[0], t), _blend(a[1], b[1], c[1], d[1], t)))
    if not closed:
        out.append(points[-1])
    return out


def _blend(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t * t * t)


def _bar(start: Point, end: Point, width: float) -> list[Point]:
    run, rise = end[0] - start[0], end[1] - start[1]
    length = max(1e-6, (run * run + rise * rise) ** 0.5)
    across, up = -rise / length * width / 2, run / length * width / 2
    return [
        (start[0] + across, start[1] + up),
        (end[0] + across, end[1] + up),
        (end[0] - across, end[1] - up),
        (start[0] - across, start[1] - up),
    ]


def _gradient(size: tuple[int, int], paint: Shade) -> Image.Image:
    ramp = Image.linear_gradient("L")
    if paint.across:
        ramp = ramp.transpose(Image.Transpose.TRANSPOSE)
    bands = [
        ramp.point([round(paint.first[band] + (paint.last[band] - paint.first[band]) * level / 255) for level in range(256)])
        for band in range(3)
    ]
    return Image.merge("RGB", bands).resize(size, Image.Resampling.BILINEAR)
