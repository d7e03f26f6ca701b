"""What a picture is of: plain data between the reader, the composer and the painters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from octavo_generation.engines.sketch.colours import Colour

Hour = Literal["dawn", "day", "sunset", "dusk", "night"]
Form = Literal["place", "pattern", "mood"]


@dataclass(frozen=True, slots=True)
class Mention:
    """A thing that the prompt names. `colour` and `word` as read; `count` None where the prompt only says the plural."""

    kind: str
    word: str
    colour: str | None = None
    count: int | None = 1
    size: Literal["small", "big"] | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """The prompt as the reader understands it. `colours` are those that belong to no thing; `tints` colour an area (sky, water…)."""

    things: tuple[Mention, ...] = ()
    places: tuple[str, ...] = ()
    hour: Hour | None = None
    weathers: frozenset[str] = frozenset()
    pattern: str | None = None
    plain: bool = False
    colours: tuple[str, ...] = ()
    tints: Mapping[str, str] = field(default_factory=dict)
    manners: frozenset[str] = frozenset()

    @property
    def empty(self) -> bool:
        return not (self.things or self.places or self.hour or self.weathers or self.pattern or self.plain or self.tints)


@dataclass(frozen=True, slots=True)
class Thing:
    """A thing in its place: `x` its middle and `y` its foot, as shares of width and height; `size` its unit as a share of the
    shorter side; `far` 0 (here) to 1 (lost in the haze). `variant` picks among a kind's small differences."""

    kind: str
    x: float
    y: float
    size: float
    colour: Colour | None = None
    flip: bool = False
    far: float = 0.0
    variant: int = 0
    word: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """A whole picture, before any pixel: the painters add nothing that is not here but the texture of `seed`."""

    form: Form
    seed: int
    hour: Hour = "day"
    place: str = "meadow"
    backdrop: tuple[str, ...] = ()
    horizon: float = 0.62
    weathers: frozenset[str] = frozenset()
    manners: frozenset[str] = frozenset()
    things: tuple[Thing, ...] = ()
    pattern: str = "geometric"
    palette: tuple[Colour, ...] = ()
    tints: Mapping[str, Colour] = field(default_factory=dict)
    detail: float = 1.0
    sun: tuple[float, float] | None = None
    moon: tuple[float, float] | None = None
