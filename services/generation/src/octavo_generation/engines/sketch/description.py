"""What the describer hands back: plain data, with the sentence that says it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SeenColour:
    """`name` is the English word of the colour table; `share` the part of the picture it covers, 0 to 1."""

    name: str
    hex: str
    share: float


@dataclass(frozen=True, slots=True)
class SeenShape:
    """`kind`: round, rectangular, triangular, long or irregular; `x` and `y` the centre, 0..1 from the top left."""

    kind: str
    colour: str
    x: float
    y: float
    share: float


@dataclass(frozen=True, slots=True)
class SeenObject:
    """A thing of the sketch engine's world that the picture seems to hold, where; `confidence` 0..1, `x` and `y` as in a shape."""

    kind: str
    confidence: float
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Composition:
    """`horizon` is a height, 0 (top) to 1, or None; `weight` where the eye is drawn (left, centre, right; top, middle, bottom)."""

    horizon: float | None
    weight: tuple[str, str]
    symmetric: bool
    brightness: float
    contrast: float
    warmth: float
    texture: float
    hour: str | None
    drawn: bool


@dataclass(frozen=True, slots=True)
class Description:
    """The text answers the question where one was asked, and describes the picture otherwise."""

    text: str
    colours: tuple[SeenColour, ...]
    shapes: tuple[SeenShape, ...]
    objects: tuple[SeenObject, ...]
    composition: Composition
    width: int
    height: int

    def __str__(self) -> str:
        return self.text
