"""From picture bytes to a description."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image

from octavo_generation.engines.sketch.colours import NAMED, to_lab
from octavo_generation.engines.sketch.description import Composition, Description, SeenColour


def describe_picture(data: bytes, question: str | None = None, language: str = "en") -> Description:
    with Image.open(BytesIO(data)) as opened:
        width, height = opened.size
        image = opened.convert("RGB").resize((64, 64))
    pixels = np.asarray(image).reshape(-1, 3)
    names = list(NAMED)
    table = to_lab(np.array([NAMED[name] for name in names], dtype=np.float32))
    nearest = np.argmin(((to_lab(pixels)[:, None, :] - table[None]) ** 2).sum(-1), axis=1)
    counts = np.bincount(nearest, minlength=len(names))
    order = np.argsort(-counts)[:4]
    colours = tuple(
        SeenColour(names[i], "#{:02x}{:02x}{:02x}".format(*NAMED[names[i]]), float(counts[i] / len(pixels))) for i in order if counts[i]
    )
    text = "A picture mostly in " + ", ".join(colour.name for colour in colours) + "."
    look = Composition(None, ("centre", "middle"), False, float(pixels.mean() / 255), float(pixels.std() / 255), 0.0, 0.0, None, False)
    return Description(text, colours, (), (), look, width, height)
