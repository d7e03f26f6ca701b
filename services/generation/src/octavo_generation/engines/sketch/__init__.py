"""The offline picture engines: `draw_sketch`, a procedural illustrator, and `describe_picture`, a small program that looks at pixels."""

from __future__ import annotations

from octavo_generation.engines.sketch.describing import describe_picture
from octavo_generation.engines.sketch.description import Composition, Description, SeenColour, SeenObject, SeenShape
from octavo_generation.engines.sketch.drawing import draw_sketch
from octavo_generation.engines.sketch.engine import SketchEngine

__all__ = ["Composition", "Description", "SeenColour", "SeenObject", "SeenShape", "SketchEngine", "describe_picture", "draw_sketch"]
