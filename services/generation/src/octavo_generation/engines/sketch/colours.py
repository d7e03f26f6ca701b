"""Colours as plain RGB triples: the names people use, mixing, and CIE Lab for telling how far apart two colours look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

Colour = tuple[int, int, int]
Floats = npt.NDArray[np.float32]

NAMED: Final[Mapping[str, Colour]] = {
    "red": (214, 48, 49),
    "orange": (243, 134, 48),
    "gold": (232, 178, 40),
    "yellow": (250, 215, 68),
    "green": (62, 152, 76),
    "lime": (156, 204, 70),
    "turquoise": (44, 180, 176),
    "sky blue": (124, 196, 240),
    "blue": (44, 104, 204),
    "navy": (26, 38, 88),
    "purple": (124, 66, 168),
    "lilac": (186, 152, 222),
    "pink": (244, 140, 176),
    "magenta": (206, 48, 140),
    "maroon": (122, 30, 44),
    "brown": (122, 78, 48),
    "beige": (226, 206, 172),
    "white": (246, 246, 244),
    "silver": (190, 196, 204),
    "grey": (128, 132, 140),
    "black": (28, 28, 34),
}


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """`a` at 0, `b` at 1."""
    return (
        round(a[0] + (b[0] - a[0]) * share),
        round(a[1] + (b[1] - a[1]) * share),
        round(a[2] + (b[2] - a[2]) * share),
    )


def lighter(colour: Colour, share: float = 0.2) -> Colour:
    return mix(colour, (255, 255, 255), share)


def darker(colour: Colour, share: float = 0.2) -> Colour:
    return mix(colour, (12, 10, 28), share)


def luminance(colour: Colour) -> float:
    """0 (black) to 1 (white), as the eye weighs the channels (Rec. 709, not linearised)."""
    return (0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2]) / 255


def to_lab(rgb: npt.NDArray[np.uint8] | Floats) -> Floats:
    """sRGB 0..255 in the last axis to CIE Lab under D65 (IEC 61966-2-1, CIE 15); float32, same shape."""
    share = np.asarray(rgb, dtype=np.float32) / np.float32(255)
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4).astype(np.float32)
    matrix = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]], dtype=np.float32)
    xyz = linear @ matrix.T / np.array([0.95047, 1.0, 1.08883], dtype=np.float32)
    root = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    lab = np.empty_like(root)
    lab[..., 0] = 116 * root[..., 1] - 16
    lab[..., 1] = 500 * (root[..., 0] - root[..., 1])
    lab[..., 2] = 200 * (root[..., 1] - root[..., 2])
    return lab
