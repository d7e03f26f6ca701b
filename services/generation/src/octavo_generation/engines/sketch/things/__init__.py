"""The things that sketch can draw: one function per kind, each with a pen of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from octavo_generation.engines.sketch.pen import Pen
from octavo_generation.engines.sketch.things import animals, beasts, buildings, flyers, growing, objects, people, swimmers, wheels

Sprite = Callable[[Pen], None]

SPRITES: Final[Mapping[str, Sprite]] = {
    **growing.SPRITES,
    **buildings.SPRITES,
    **animals.SPRITES,
    **beasts.SPRITES,
    **flyers.SPRITES,
    **swimmers.SPRITES,
    **wheels.SPRITES,
    **people.SPRITES,
    **objects.SPRITES,
}
