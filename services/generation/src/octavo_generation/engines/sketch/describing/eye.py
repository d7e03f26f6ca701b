"""The eye: finds the sketch engine's own things, and tells its hours and places, by signatures measured on rendered scenes.

Two small networks of one hidden layer, whose weights `measuring` fits on scenes that this engine draws: one looks through a
window that slides over the picture at several sizes, the other at the whole picture. They know nothing but this engine's world.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from typing import Final

import numpy as np

from octavo_generation.engines.sketch.colours import Floats
from octavo_generation.engines.sketch.describing.cells import CELL, CHANNELS, WINDOW, cells, layout, resized

SEEN: Final = (
    "sun",
    "moon",
    "tree",
    "pine",
    "palm",
    "house",
    "castle",
    "tower",
    "lighthouse",
    "windmill",
    "boat",
    "ship",
    "car",
    "train",
    "bicycle",
    "rocket",
    "balloon",
    "kite",
    "bird",
    "butterfly",
    "fish",
    "cat",
    "dog",
    "fox",
    "rabbit",
    "horse",
    "dragon",
    "robot",
    "person",
    "flower",
    "umbrella",
    "book",
    "snowman",
    "star",
)
"""The kinds that the eye looks for, in the order of its outputs; the last output is `none of these`."""

HOURS: Final = ("dawn", "day", "sunset", "dusk", "night")
PLACES: Final = (
    "meadow",
    "mountains",
    "forest",
    "desert",
    "sea",
    "beach",
    "lake",
    "river",
    "city",
    "road",
    "village",
    "snow",
    "space",
    "underwater",
    "room",
    "pattern",
)

REACH: Final = 1.3
"""A window's side, in units of the thing's size."""

SIZES: Final = tuple(0.17 * 1.17**step for step in range(10))
"""The window's sides that are tried, as shares of the picture's shorter side."""

_THRESHOLD: Final = 0.55
_LONGEST: Final = 3.5
_SINGLE: Final = frozenset({"sun", "moon"})


@dataclass(frozen=True, slots=True)
class Sight:
    """A thing found: its window's middle and side as shares of width, height and the shorter side."""

    kind: str
    confidence: float
    x: float
    y: float
    side: float


@dataclass(frozen=True, slots=True)
class Net:
    """Two layers with a rectifier between; `mean` and `scale` bring the input to unit spread."""

    mean: Floats
    scale: Floats
    first: Floats
    first_bias: Floats
    second: Floats
    second_bias: Floats

    def __call__(self, inputs: Floats) -> Floats:
        """Shares of certainty over the outputs, one row per input."""
        weights = self.scale[:, None] * self.first
        hidden = np.maximum(inputs @ weights + (self.first_bias - self.mean @ weights), 0)
        scores = hidden @ self.second + self.second_bias
        grown = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(grown / grown.sum(axis=1, keepdims=True), dtype=np.float32)


@cache
def nets() -> Mapping[str, Net]:
    """`things`, `hours` and `places`, read once."""
    with as_file(files("octavo_generation.engines.sketch.describing").joinpath("signatures.npz")) as path, np.load(path) as held:
        return {
            name: Net(
                *(held[f"{name}_{part}"].astype(np.float32) for part in ("mean", "scale", "first", "first_bias", "second", "second_bias"))
            )
            for name in ("things", "hours", "places")
        }


def windows(lab: Floats, size: float) -> tuple[Floats, tuple[int, int]]:
    """Every window of one size over a picture, one row each, and how many rows and columns of them there are."""
    side = WINDOW * CELL / size
    shorter = min(lab.shape[:2])
    grid = cells(resized(lab, round(lab.shape[1] / shorter * side), round(lab.shape[0] / shorter * side)))
    grid = np.pad(grid, ((2, 2), (2, 2), (0, 0)), mode="edge")
    held = np.lib.stride_tricks.sliding_window_view(grid, (WINDOW, WINDOW), axis=(0, 1))
    rows, columns = held.shape[:2]
    return np.ascontiguousarray(held.transpose(0, 1, 3, 4, 2)).reshape(rows * columns, WINDOW * WINDOW * CHANNELS), (rows, columns)


def sights(lab: Floats, net: Net | None = None, threshold: float = _THRESHOLD) -> list[Sight]:
    """The things in a picture, surest first; of windows that overlap, the surest alone. A strip gets none: no scene is so long."""
    if max(lab.shape[:2]) > _LONGEST * min(lab.shape[:2]):
        return []
    net = net or nets()["things"]
    found: list[Sight] = []
    for size in SIZES:
        if size > 0.75:
            break
        inputs, (rows, columns) = windows(lab, size)
        shares = net(inputs)[:, :-1]
        for index in np.flatnonzero(shares.max(axis=1) >= threshold):
            kind = int(np.argmax(shares[index]))
            row, column = divmod(int(index), columns)
            x = (column - 2 + WINDOW / 2) / (columns + WINDOW - 5)
            y = (row - 2 + WINDOW / 2) / (rows + WINDOW - 5)
            found.append(Sight(SEEN[kind], float(shares[index, kind]), x, y, size))
    return _apart(found, lab.shape[1], lab.shape[0])


def _apart(found: list[Sight], width: int, height: int) -> list[Sight]:
    kept: list[Sight] = []
    shorter = min(width, height)
    for sight in sorted(found, key=lambda sight: -sight.confidence):
        clear = all(
            np.hypot((sight.x - other.x) * width / shorter, (sight.y - other.y) * height / shorter) > 0.42 * max(sight.side, other.side)
            or (sight.kind != other.kind and max(sight.side, other.side) > 2.2 * min(sight.side, other.side))
            for other in kept
        )
        if clear and not (sight.kind in _SINGLE and any(other.kind == sight.kind for other in kept)):
            kept.append(sight)
    return kept


def hours(lab: Floats) -> dict[str, float]:
    return dict(zip(HOURS, map(float, nets()["hours"](layout(lab)[None])[0]), strict=True))


def places(lab: Floats) -> dict[str, float]:
    return dict(zip(PLACES, map(float, nets()["places"](layout(lab)[None])[0]), strict=True))
