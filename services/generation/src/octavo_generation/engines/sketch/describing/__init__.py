"""A small program that looks at pixels: colours, light, composition, shapes, and the things of the sketch engine's own world."""

from __future__ import annotations

from octavo_generation.engines.sketch.describing.description import describe_picture

__all__ = ["describe_picture"]
