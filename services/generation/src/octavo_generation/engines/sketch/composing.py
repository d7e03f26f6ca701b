"""The composer: gives what the reader understood a place, an hour and positions. Pure: the same reading, shape and seed, the same scene."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from octavo_generation.engines.sketch.colours import NAMED, Colour, mix
from octavo_generation.engines.sketch.kinds import CREATURES, GROWN, KINDS, LOW
from octavo_generation.engines.sketch.palettes import palette_of
from octavo_generation.engines.sketch.scene import Hour, Mention, Reading, Scene, Thing

MOST_THINGS = 14
_WATERY = ("sea", "lake", "beach", "river", "underwater")
_ORDER = (
    "underwater",
    "space",
    "room",
    "city",
    "beach",
    "sea",
    "lake",
    "river",
    "road",
    "forest",
    "desert",
    "village",
    "snow",
    "mountains",
    "hills",
    "meadow",
)


def compose(reading: Reading, prompt_hash: int, seed: int, shape: tuple[int, int], *, detail: float = 1.0) -> Scene:
    random = np.random.default_rng([prompt_hash & 0xFFFFFFFF, seed & 0xFFFFFFFFFFFF])
    texture = int(random.integers(0, 2**31))
    colours = tuple(NAMED[name] for name in reading.colours)
    if reading.pattern == "geometric" and reading.places == ("sea",) and "stormy" in reading.manners and not reading.things:
        return Scene("pattern", texture, pattern="waves", palette=palette_of(colours, random), detail=detail)
    if reading.pattern and not (reading.things or (reading.places and reading.pattern == "geometric" and not reading.plain)):
        return Scene("pattern", texture, pattern=reading.pattern, palette=palette_of(colours, random), detail=detail)
    if reading.plain and not (reading.things or reading.places):
        pattern = str(random.choice(["geometric", "waves", "mosaic", "dots", "mandala"]))
        return Scene("pattern", texture, pattern=pattern, palette=palette_of(colours, random), detail=detail)
    if reading.empty:
        return Scene("mood", texture, palette=palette_of(colours, random), detail=detail)
    place, backdrop = _place(reading, random)
    horizon = _horizon(place, random)
    hour = _hour(reading, random)
    tints = {area: NAMED[name] for area, name in reading.tints.items()}
    if reading.colours and "sky" not in tints and not reading.things:
        tints["sky"] = NAMED[reading.colours[0]]
    things = _placed(reading.things, place, horizon, shape, random)
    side = float(random.uniform(0.18, 0.36)) if random.random() < 0.5 else float(random.uniform(0.64, 0.82))
    named = {mention.kind for mention in reading.things}
    sun, moon = _lights(named, hour, side, horizon, reading.weathers)
    return Scene(
        "place",
        texture,
        hour,
        place,
        backdrop,
        horizon,
        _weathers(reading, random),
        reading.manners,
        things,
        "geometric",
        palette_of(colours, random),
        tints,
        detail,
        sun,
        moon,
    )


def _place(reading: Reading, random: np.random.Generator) -> tuple[str, tuple[str, ...]]:
    """The ground, and what rises behind it."""
    said = [place for place in _ORDER if place in reading.places]
    if not said:
        called = [KINDS[mention.kind].place for mention in reading.things if KINDS[mention.kind].place]
        said = [place for place in called if place is not None][:1]
    if reading.weathers & {"snow"} and not said:
        said = ["snow"]
    if not said:
        return ("hills" if random.random() < 0.6 else "meadow"), ("mountains",) if random.random() < 0.3 else ()
    place = said[0]
    backdrop = tuple(other for other in said[1:] if other in ("mountains", "city", "forest", "hills", "village"))
    if any(KINDS[mention.kind].role == "water" for mention in reading.things) and place not in _WATERY:
        backdrop = tuple(dict.fromkeys((*(b for b in (place,) if b in ("mountains", "city", "forest", "hills", "village")), *backdrop)))
        place = "lake"
    if place == "mountains" and not backdrop:
        return "mountains", ("hills",) if "hills" in said else ()
    return place, backdrop


def _horizon(place: str, random: np.random.Generator) -> float:
    base = {
        "sea": 0.52,
        "beach": 0.5,
        "lake": 0.54,
        "city": 0.72,
        "room": 0.7,
        "road": 0.56,
        "mountains": 0.7,
        "underwater": 0.86,
        "river": 0.54,
    }
    return base.get(place, 0.62) + float(random.uniform(-0.03, 0.03))


def _hour(reading: Reading, random: np.random.Generator) -> Hour:
    if reading.hour is not None:
        return reading.hour
    kinds = {mention.kind for mention in reading.things}
    if kinds & {"moon", "star", "bat", "comet", "owl"} or "haunted" in reading.manners:
        return "night"
    if kinds & {"sun", "rainbow"} or reading.weathers & {"rain", "storm"}:
        return "day"
    if "futuristic" in reading.manners:
        return "dusk"
    drawn = random.random()
    return "day" if drawn < 0.72 else ("sunset" if drawn < 0.88 else "dawn")


def _weathers(reading: Reading, random: np.random.Generator) -> frozenset[str]:
    weathers = set(reading.weathers)
    if "storm" in weathers:
        weathers |= {"rain", "clouds"}
    if "haunted" in reading.manners:
        weathers.add("fog")
    kinds = {mention.kind for mention in reading.things}
    if "cloud" in kinds:
        weathers.add("clouds")
    if "rainbow" in kinds:
        weathers.add("rainbow")
    if not weathers & {"clouds", "rain", "snow", "fog"} and random.random() < 0.8:
        weathers.add("fair")
    return frozenset(weathers)


def _lights(
    named: set[str], hour: Hour, side: float, horizon: float, weathers: frozenset[str]
) -> tuple[tuple[float, float] | None, tuple[float, float] | None]:
    """Where the sun and the moon stand, if they are to be seen: both only where the prompt names both."""
    closed = bool(weathers & {"rain", "storm", "snow", "clouds"})
    heights = {"dawn": horizon - 0.1, "sunset": horizon - 0.08, "day": 0.17, "dusk": horizon, "night": horizon}
    sun = (side, heights[hour]) if "sun" in named or (hour in ("dawn", "sunset") and not closed) or (hour == "day" and not closed) else None
    if hour in ("night", "dusk") and "sun" not in named:
        sun = None
    moon = ((1 - side) if sun else side, 0.2) if "moon" in named or (hour == "night" and not weathers & {"rain", "storm"}) else None
    return sun, moon


def _placed(
    mentions: Sequence[Mention], place: str, horizon: float, shape: tuple[int, int], random: np.random.Generator
) -> tuple[Thing, ...]:
    living = any(mention.kind in CREATURES for mention in mentions)
    others = any(KINDS[mention.kind].role == "ground" and mention.kind not in GROWN | LOW for mention in mentions)
    wanted: dict[str, list[Mention]] = {"back": [], "front": [], "low": [], "sky": [], "water": []}
    for mention in mentions:
        role = KINDS[mention.kind].role
        if role == "light" or mention.kind in ("cloud", "rainbow"):
            continue
        row: str = "water" if role in ("water", "under") else role
        if row == "ground":
            row = "back" if KINDS[mention.kind].stands and (living or (mention.kind in GROWN and others)) else "front"
            if mention.kind in LOW and others:
                row = "low"
        if row == "sky" and place == "room":
            row = "front"
        wanted[row] += [mention] * _count(mention)
    things: list[Thing] = []
    crowded = sum(map(bool, wanted.values())) > 1
    for row, group in wanted.items():
        span = (0.0, 1.0)
        if wanted["water"] and row in ("front", "water") and wanted["front"]:
            left = (row == "water") == bool(len(mentions[0].word) % 2)
            span = (0.0, 0.5) if left else (0.5, 1.0)
        if group:
            things += _row(row, group[:MOST_THINGS], place, horizon, shape, random, span, crowded=crowded)
    return tuple(sorted(things[:MOST_THINGS], key=lambda thing: thing.y if KINDS[thing.kind].role != "sky" else 0.0))


def _count(mention: Mention) -> int:
    if mention.count is not None:
        return mention.count
    return {"star": 5, "bird": 5, "flower": 5, "tree": 4, "pine": 5, "fish": 4, "butterfly": 4}.get(mention.kind, 3)


def _row(
    row: str,
    group: Sequence[Mention],
    place: str,
    horizon: float,
    shape: tuple[int, int],
    random: np.random.Generator,
    span: tuple[float, float],
    *,
    crowded: bool,
) -> list[Thing]:
    """One row of things, spread over the width, no two in the same slot."""
    share = span[1] - span[0]
    wide = shape[0] / min(shape) * share
    tall = shape[1] / min(shape)
    total = sum(KINDS[mention.kind].size * KINDS[mention.kind].wide for mention in group)
    fit = min(1.0, 0.86 * wide / max(total, 1e-6)) * (1.15 if len(group) == 1 and not crowded else 1.0)
    slots = random.permutation(len(group)) if row != "back" else np.arange(len(group))
    things = []
    for mention, slot in zip(group, slots, strict=True):
        kind = KINDS[mention.kind]
        scale = {"small": 0.6, "big": 1.35, None: 1.0}[mention.size] * fit * float(random.uniform(0.92, 1.06))
        size = min(kind.size * scale * (0.62 if row == "low" else 1.0), 0.74)
        middle = (slot + 0.5) / len(group)
        slack = max(0.02, 0.5 / len(group) - size * kind.wide / wide * 0.5)
        x = middle + float(random.uniform(-1, 1)) * min(slack * 0.7, 0.16)
        edge = min(0.48, size * kind.wide / wide * 0.5 + 0.01)
        x = min(max(x, edge), 1 - edge)
        x = span[0] + x * share
        things.append(
            Thing(
                mention.kind,
                x,
                _foot(row, size / tall, place, horizon, crowded, random),
                size,
                _colour(mention),
                bool(random.random() < 0.5),
                0.16 if row == "back" else 0.0,
                int(random.integers(0, 1000)),
                mention.word,
            )
        )
    return things


def _foot(row: str, high: float, place: str, horizon: float, crowded: bool, random: np.random.Generator) -> float:
    """The height at which a thing stands (its lowest point), as a share of the picture's height."""
    ground = {"city": 0.93, "room": 0.86, "sea": 0.96, "lake": 0.93, "river": 0.93, "beach": 0.92, "underwater": 0.95}.get(place, 0.88)
    if row == "sky":
        if place == "space":
            return float(random.uniform(0.1 + high, max(0.12 + high, 0.86)))
        top = 0.08 + high
        return float(random.uniform(top, max(top + 0.01, min(horizon - 0.02, top + (0.16 if crowded else 0.3)))))
    if row == "back":
        return (
            float(min(horizon + 0.08 + random.uniform(0, 0.03), ground - 0.06)) if place not in ("sea", "beach", "lake") else ground - 0.04
        )
    if row == "water":
        if place == "underwater":
            return float(random.uniform(max(0.2, high + 0.1), 0.78))
        return float(min(horizon + 0.12 + random.uniform(0, 0.1) + high * 0.12, 0.86))
    return ground + (0.06 if row == "low" else 0.0) + float(random.uniform(-0.025, 0.025))


def _colour(mention: Mention) -> Colour | None:
    if mention.colour is None:
        return None
    base = NAMED[mention.colour]
    return mix(base, (255, 255, 255), 0.12) if mention.colour == "black" else base
