"""Sizes of pictures: `WIDTHxHEIGHT` in pixels, and the ratios `W:H` that some vendors take in their place."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from octavo_core.errors import Fault, InvalidInput

_SIZE = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})")


def pixels_of(size: str) -> tuple[int, int]:
    """(width, height). Raises `InvalidInput`."""
    found = _SIZE.fullmatch(size)
    if found is None:
        raise InvalidInput(f"{size!r} is not a size", faults=(Fault("size", "is not a size", "WIDTHxHEIGHT, such as 1024x1024"),))
    return int(found[1]), int(found[2])


def nearest_ratio(size: str, ratios: Iterable[str]) -> str:
    """The one whose shape is least different; twice as wide is as different as twice as high."""
    width, height = pixels_of(size)
    wanted = math.log(width / height)
    return min(ratios, key=lambda ratio: abs(_shape(ratio) - wanted))


def _shape(ratio: str) -> float:
    width, _, height = ratio.partition(":")
    return math.log(int(width) / int(height))
