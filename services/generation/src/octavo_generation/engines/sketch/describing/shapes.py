"""Shapes: connected areas of one quantised colour, told round, rectangular, triangular, long or irregular by how they fill their box."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from octavo_generation.engines.sketch.colours import Floats
from octavo_generation.engines.sketch.describing.cells import resized
from octavo_generation.engines.sketch.describing.tones import NAMES, name_of
from octavo_generation.engines.sketch.description import SeenShape

_SIDE = 96
_LEAST, _MOST = 0.004, 0.3
_KEPT = 8


def shapes(lab: Floats) -> tuple[SeenShape, ...]:
    """The clearest shapes that do not touch the picture's edge, largest first, eight at most."""
    share = _SIDE / max(lab.shape[:2])
    small = resized(lab, max(8, round(lab.shape[1] * share)), max(8, round(lab.shape[0] * share)))
    names = name_of(small)
    areas = components(names)
    rows, columns = names.shape
    found: list[SeenShape] = []
    sizes = np.bincount(areas.ravel())
    for area in np.argsort(-sizes):
        part = float(sizes[area]) / names.size
        if part < _LEAST or len(found) == _KEPT:
            break
        ys, xs = np.nonzero(areas == area)
        if part > _MOST or xs.min() == 0 or ys.min() == 0 or xs.max() == columns - 1 or ys.max() == rows - 1:
            continue
        kind = _kind(xs, ys)
        found.append(
            SeenShape(
                kind,
                NAMES[int(names[ys[0], xs[0]])],
                round(float(xs.mean()) / columns, 3),
                round(float(ys.mean()) / rows, 3),
                round(part, 4),
            )
        )
    return tuple(found)


def components(names: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """A number for each area of equal neighbours (four-connected): labels flow to the least of each run until none changes."""
    labels = np.arange(names.size, dtype=np.intp).reshape(names.shape)
    down, across = names[1:] == names[:-1], names[:, 1:] == names[:, :-1]
    while True:
        before = labels.copy()
        for _ in range(12):
            least = np.where(down, np.minimum(labels[1:], labels[:-1]), labels[1:])
            labels[1:] = least
            labels[:-1] = np.where(down, np.minimum(labels[:-1], labels[1:]), labels[:-1])
            labels[:, 1:] = np.where(across, np.minimum(labels[:, 1:], labels[:, :-1]), labels[:, 1:])
            labels[:, :-1] = np.where(across, np.minimum(labels[:, :-1], labels[:, 1:]), labels[:, :-1])
        labels = labels.ravel()[labels]
        if np.array_equal(before, labels):
            return labels


def _kind(xs: npt.NDArray[np.intp], ys: npt.NDArray[np.intp]) -> str:
    width, height = int(np.ptp(xs)) + 1, int(np.ptp(ys)) + 1
    fill, slim = len(xs) / (width * height), min(width, height) / max(width, height)
    if slim < 0.28:
        return "long"
    reach = np.hypot((xs - xs.mean()) / (width / 2), (ys - ys.mean()) / (height / 2))
    if 0.7 < fill < 0.88 and slim > 0.72 and float((reach < 1.12).mean()) > 0.96:
        return "round"
    if fill >= 0.86:
        return "rectangular"
    if 0.42 < fill < 0.62:
        spans = [int(np.ptp(xs[ys == row])) + 1 for row in range(int(ys.min()), int(ys.max()) + 1) if (ys == row).any()]
        rise = float(np.corrcoef(np.arange(len(spans)), spans)[0, 1]) if len(spans) > 3 and len(set(spans)) > 1 else 0.0
        if abs(rise) > 0.88:
            return "triangular"
    return "irregular"
