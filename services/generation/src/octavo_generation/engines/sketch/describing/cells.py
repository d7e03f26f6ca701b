"""Features for the eye: histograms of gradient directions and mean colours over cells of four pixels (after Dalal and Triggs, 2005)."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image

from octavo_generation.engines.sketch.colours import Floats

CELL: Final = 4
BINS: Final = 8
CHANNELS: Final = BINS + 3
WINDOW: Final = 13
"""A window on a thing is this many cells a side."""

LAYOUT: Final = 12
"""The whole picture is this many cells a side, whatever its shape."""


def resized(lab: Floats, across: int, down: int) -> Floats:
    """Lab at another size, averaged (float32, (down, across, 3))."""
    bands = [Image.fromarray(np.ascontiguousarray(lab[..., band])).resize((across, down), Image.Resampling.BOX) for band in range(3)]
    return np.stack([np.asarray(band, dtype=np.float32) for band in bands], axis=-1)


def cells(lab: Floats) -> Floats:
    """(rows, columns, CHANNELS) of whole cells: gradient directions, made comparable by their neighbourhood, then colour."""
    rows, columns = lab.shape[0] // CELL, lab.shape[1] // CELL
    lab = lab[: rows * CELL, : columns * CELL]
    across, down = np.zeros_like(lab), np.zeros_like(lab)
    across[:, 1:-1] = lab[:, 2:] - lab[:, :-2]
    down[1:-1] = lab[2:] - lab[:-2]
    strength = across**2 + down**2
    band = np.argmax(strength, axis=-1)[..., None]
    dx, dy = np.take_along_axis(across, band, -1)[..., 0], np.take_along_axis(down, band, -1)[..., 0]
    size = np.minimum(np.hypot(dx, dy), 40) / 40
    angle = np.mod(np.arctan2(dy, dx) / np.pi, 1.0) * BINS
    low = np.floor(angle).astype(np.intp)
    share = angle - low
    out = np.zeros((*size.shape, BINS), dtype=np.float32)
    np.put_along_axis(out, (low % BINS)[..., None], (size * (1 - share))[..., None], -1)
    high = ((low + 1) % BINS)[..., None]
    np.put_along_axis(out, high, np.take_along_axis(out, high, -1) + (size * share)[..., None], -1)
    pooled = out.reshape(rows, CELL, columns, CELL, BINS).mean(axis=(1, 3))
    energy = np.pad(pooled.sum(-1), 1, mode="edge")
    around = np.mean([energy[a : a + rows, b : b + columns] for a in range(3) for b in range(3)], axis=0)
    directions = pooled / (around + 0.06)[..., None]
    colour = lab.reshape(rows, CELL, columns, CELL, 3).mean(axis=(1, 3)) / np.array([50, 40, 40], np.float32)
    colour[..., 0] -= 1
    return np.concatenate([directions, colour], axis=-1).astype(np.float32)


def layout(lab: Floats) -> Floats:
    """The whole picture as one vector of cells."""
    side = LAYOUT * CELL
    return cells(resized(lab, side, side)).reshape(-1)
