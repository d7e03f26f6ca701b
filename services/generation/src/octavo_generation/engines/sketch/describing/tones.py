"""Dominant colours: k-means in Lab (Lloyd's algorithm, seeded farthest-first, so always the same), then names from the colour table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from octavo_generation.engines.sketch.colours import Colour, Floats, to_lab
from octavo_generation.engines.sketch.description import SeenColour

_CLUSTERS = 9
_LEAST_SHARE = 0.025

_ANCHORS: Final[Mapping[str, tuple[Colour, ...]]] = {
    "red": ((214, 48, 49), (180, 40, 44), (230, 92, 86)),
    "orange": ((243, 134, 48), (252, 166, 92), (255, 165, 0), (214, 110, 48), (250, 150, 110)),
    "gold": ((232, 178, 40), (206, 156, 60), (184, 140, 40)),
    "yellow": ((250, 215, 68), (252, 236, 150)),
    "green": (
        (62, 152, 76),
        (0, 200, 0),
        (104, 172, 78),
        (40, 96, 62),
        (140, 180, 120),
        (96, 140, 110),
        (30, 70, 50),
        (80, 110, 60),
        (160, 200, 150),
    ),
    "lime": ((156, 204, 70), (190, 230, 90)),
    "turquoise": ((44, 180, 176), (120, 214, 206), (30, 120, 120)),
    "sky blue": ((124, 196, 240), (176, 216, 240), (140, 180, 214), (206, 230, 244)),
    "blue": ((44, 104, 204), (70, 130, 214), (0, 0, 255), (60, 60, 230), (20, 20, 180), (40, 84, 160), (84, 116, 176), (40, 110, 160)),
    "navy": ((26, 38, 88), (16, 24, 58), (40, 56, 110), (46, 64, 116), (0, 0, 110)),
    "purple": ((124, 66, 168), (90, 50, 120), (80, 60, 110), (140, 100, 160)),
    "lilac": ((186, 152, 222), (170, 160, 200), (206, 186, 226)),
    "pink": ((244, 140, 176), (250, 190, 200), (230, 150, 150)),
    "magenta": ((206, 48, 140), (170, 50, 110)),
    "maroon": ((122, 30, 44), (90, 28, 36)),
    "brown": ((122, 78, 48), (150, 104, 72), (90, 60, 46), (110, 90, 70), (130, 100, 50)),
    "beige": ((226, 206, 172), (240, 222, 190), (206, 180, 146)),
    "white": ((246, 246, 244), (232, 236, 240)),
    "silver": ((190, 196, 204),),
    "grey": ((128, 132, 140), (96, 100, 108), (160, 162, 166)),
    "black": ((28, 28, 34), (10, 10, 14)),
}
"""What each name looks like: several samples, for the eye's names are regions of no regular shape."""


def name_of(lab: Floats) -> npt.NDArray[np.intp]:
    """The index into `NAMES` of each Lab colour (last axis)."""
    distance = ((lab[..., None, :] - _TABLE) ** 2) @ np.array([0.6, 1.0, 1.0], dtype=np.float32)
    return np.asarray(_OWNER[np.argmin(distance, axis=-1)], dtype=np.intp)


def dominant(rgb: npt.NDArray[np.uint8], lab: Floats) -> tuple[SeenColour, ...]:
    """The colours of a picture, largest share first; clusters of one name are one colour, and specks are left out."""
    step = max(1, int((len(lab.reshape(-1, 3)) / 6000) ** 0.5))
    points, paints = lab[::step, ::step].reshape(-1, 3), rgb[::step, ::step].reshape(-1, 3)
    labels = _clusters(points)
    found: dict[str, tuple[float, float, Floats]] = {}
    for cluster in range(_CLUSTERS):
        held = labels == cluster
        if not held.any():
            continue
        share, middle = float(held.mean()), paints[held].mean(axis=0).astype(np.float32)
        name = NAMES[int(name_of(to_lab(middle)))]
        total, largest, paint = found.get(name, (0.0, 0.0, middle))
        found[name] = (total + share, max(largest, share), middle if share > largest else paint)
    seen = [
        SeenColour(name, "#{:02x}{:02x}{:02x}".format(*(round(float(v)) for v in paint)), round(total, 3))
        for name, (total, _, paint) in found.items()
    ]
    seen.sort(key=lambda colour: -colour.share)
    return tuple(colour for colour in seen if colour.share >= _LEAST_SHARE) or tuple(seen[:1])


def _clusters(points: Floats) -> npt.NDArray[np.intp]:
    centres = [points.mean(axis=0)]
    nearest = ((points - centres[0]) ** 2).sum(axis=1)
    for _ in range(_CLUSTERS - 1):
        centres.append(points[int(np.argmax(np.minimum(nearest, 2500)))])
        nearest = np.minimum(nearest, ((points - centres[-1]) ** 2).sum(axis=1))
    middles = np.stack(centres)
    labels = np.zeros(len(points), dtype=np.intp)
    for _ in range(8):
        labels = np.argmin((points**2).sum(1)[:, None] - 2 * points @ middles.T + (middles**2).sum(1), axis=1)
        for cluster in range(_CLUSTERS):
            held = points[labels == cluster]
            if len(held):
                middles[cluster] = held.mean(axis=0)
    return labels


NAMES: Final = tuple(_ANCHORS)
_TABLE: Final = to_lab(np.array([sample for samples in _ANCHORS.values() for sample in samples], dtype=np.float32))
_OWNER: Final = np.array([index for index, samples in enumerate(_ANCHORS.values()) for _ in samples], dtype=np.intp)
