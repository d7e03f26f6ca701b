"""What the composer must know of each kind of thing: where it lives, how big it is, and which place it calls for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Role = Literal["light", "sky", "ground", "water", "under"]


@dataclass(frozen=True, slots=True)
class Kind:
    """`size`: its unit as a share of the shorter side. `stands`: stays behind living things, as buildings and trees do.
    `place`: where it is drawn when the prompt names no place."""

    role: Role
    size: float
    stands: bool = False
    place: str | None = None
    wide: float = 1.0


KINDS: Final[Mapping[str, Kind]] = {
    "sun": Kind("light", 0.2),
    "moon": Kind("light", 0.16),
    "star": Kind("sky", 0.12),
    "cloud": Kind("sky", 0.2),
    "rainbow": Kind("light", 0.8),
    "comet": Kind("sky", 0.22),
    "planet": Kind("sky", 0.28, place="space"),
    "bird": Kind("sky", 0.16),
    "owl": Kind("ground", 0.26, place="forest"),
    "duck": Kind("water", 0.2, place="lake"),
    "butterfly": Kind("sky", 0.2),
    "bat": Kind("sky", 0.16),
    "plane": Kind("sky", 0.3),
    "balloon": Kind("sky", 0.36),
    "kite": Kind("sky", 0.32),
    "rocket": Kind("sky", 0.44),
    "ufo": Kind("sky", 0.26),
    "house": Kind("ground", 0.36, True),
    "castle": Kind("ground", 0.46, True, wide=1.2),
    "tower": Kind("ground", 0.52, True),
    "lighthouse": Kind("ground", 0.54, True, "beach"),
    "bridge": Kind("ground", 0.34, True, "river", wide=2.4),
    "windmill": Kind("ground", 0.46, True),
    "church": Kind("ground", 0.46, True),
    "tent": Kind("ground", 0.28, True),
    "pyramid": Kind("ground", 0.36, True, "desert", wide=1.6),
    "tree": Kind("ground", 0.44, True),
    "pine": Kind("ground", 0.46, True),
    "palm": Kind("ground", 0.5, True, "beach"),
    "cactus": Kind("ground", 0.34, True, "desert"),
    "flower": Kind("ground", 0.34),
    "mushroom": Kind("ground", 0.26),
    "cat": Kind("ground", 0.36),
    "dog": Kind("ground", 0.36),
    "fox": Kind("ground", 0.36),
    "rabbit": Kind("ground", 0.32),
    "bear": Kind("ground", 0.4),
    "horse": Kind("ground", 0.42, wide=1.1),
    "cow": Kind("ground", 0.38, wide=1.2),
    "sheep": Kind("ground", 0.3),
    "elephant": Kind("ground", 0.44, wide=1.2),
    "dragon": Kind("ground", 0.52, place="mountains", wide=1.2),
    "robot": Kind("ground", 0.44),
    "person": Kind("ground", 0.42),
    "child": Kind("ground", 0.34),
    "snowman": Kind("ground", 0.36, place="snow"),
    "fish": Kind("under", 0.26, place="underwater"),
    "whale": Kind("water", 0.4, place="sea", wide=1.4),
    "boat": Kind("water", 0.36, place="sea"),
    "ship": Kind("water", 0.36, place="sea", wide=1.5),
    "car": Kind("ground", 0.38, place="road", wide=1.1),
    "bus": Kind("ground", 0.42, place="road", wide=1.3),
    "truck": Kind("ground", 0.42, place="road", wide=1.3),
    "train": Kind("ground", 0.36, place="hills", wide=2.0),
    "bicycle": Kind("ground", 0.36, place="road", wide=1.2),
    "book": Kind("ground", 0.36, place="room", wide=1.2),
    "umbrella": Kind("ground", 0.4),
    "lamp": Kind("ground", 0.5, True, "road"),
    "bench": Kind("ground", 0.3),
    "ball": Kind("ground", 0.2),
    "apple": Kind("ground", 0.26, place="room"),
    "cup": Kind("ground", 0.28, place="room"),
    "gift": Kind("ground", 0.28, place="room"),
    "heart": Kind("sky", 0.34),
    "crown": Kind("ground", 0.28, place="room"),
    "treasure": Kind("ground", 0.3, place="beach"),
}

CREATURES: Final = frozenset(
    {"cat", "dog", "fox", "rabbit", "bear", "horse", "cow", "sheep", "elephant", "dragon", "robot", "person", "child", "snowman", "owl"}
)

GROWN: Final = frozenset({"tree", "pine", "palm", "cactus"})

LOW: Final = frozenset({"flower", "mushroom", "ball"})
"""Stand small in front of what else there is."""
