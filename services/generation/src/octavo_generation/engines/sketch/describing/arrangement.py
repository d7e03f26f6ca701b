"""How a picture is built: brightness, contrast, warmth, horizon, weight, symmetry, texture, hour, and whether it looks drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from octavo_generation.engines.sketch.colours import Floats
from octavo_generation.engines.sketch.describing.looking import Look
from octavo_generation.engines.sketch.description import Composition


def arrangement(seen: Look) -> Composition:
    lab = seen.lab
    lightness = lab[..., 0]
    edges = _edges(lab)
    horizon = _horizon(lab)
    return Composition(
        horizon,
        _weight(lab, edges),
        _symmetric(lab),
        round(float(lightness.mean()) / 100, 3),
        round(float(lightness.std()) / 50, 3),
        round(float(lab[..., 2].mean() * 0.7 + lab[..., 1].mean() * 0.5) / 50, 3),
        round(float((edges > 8).mean()), 3),
        hour_of(lab, horizon),
        _drawn(seen.patches),
    )


def _edges(lab: Floats) -> Floats:
    """The strength of change at each pixel, in Lab units."""
    down, across = np.zeros(lab.shape[:2], np.float32), np.zeros(lab.shape[:2], np.float32)
    down[1:] = np.sqrt(((lab[1:] - lab[:-1]) ** 2).sum(-1))
    across[:, 1:] = np.sqrt(((lab[:, 1:] - lab[:, :-1]) ** 2).sum(-1))
    return np.hypot(down, across)


def _horizon(lab: Floats) -> float | None:
    """The row at which what is above differs most from what is below, where that row runs across most of the picture."""
    rows: int = lab.shape[0]
    reach = max(2, rows // 20)
    change = np.stack(
        [np.sqrt(((lab[row - reach : row].mean(0) - lab[row : row + reach].mean(0)) ** 2).sum(-1)) for row in range(reach, rows - reach)]
    )
    first, last = int(rows * 0.25), int(rows * 0.82) - reach
    if last <= first:
        return None
    steady = np.median(change, axis=1)[first - reach if first > reach else 0 : last]
    best = int(np.argmax(steady))
    if steady[best] < 8 or steady[best] < 1.8 * float(np.median(steady)):
        return None
    return round(float(best + max(first, reach)) / rows, 3)


def _weight(lab: Floats, edges: Floats) -> tuple[str, str]:
    """Where the eye is drawn: the centre of what stands out from its row and its picture, by thirds."""
    stands_out = np.sqrt(((lab - np.median(lab, axis=1, keepdims=True)) ** 2).sum(-1)) + edges
    mass = np.where(stands_out > 24, stands_out, 0) + 1e-6
    rows, columns = mass.shape
    x = float((mass.sum(0) * np.arange(columns)).sum() / mass.sum()) / columns
    y = float((mass.sum(1) * np.arange(rows)).sum() / mass.sum()) / rows
    return (
        "left" if x < 0.42 else ("right" if x > 0.58 else "centre"),
        "top" if y < 0.4 else ("bottom" if y > 0.66 else "middle"),
    )


def _symmetric(lab: Floats) -> bool:
    apart = float(np.sqrt(((lab - lab[:, ::-1]) ** 2).sum(-1)).mean())
    return apart < 0.35 * float(np.sqrt(lab.reshape(-1, 3).var(axis=0).sum())) or apart < 2.5


def hour_of(lab: Floats, horizon: float | None) -> str | None:
    """The hour that the upper part suggests: night where it is dark and blue, sunset where it burns, day where it is light and blue;
    None where the upper part is no sky."""
    rows = lab.shape[0]
    end = round(rows * min(0.5, (horizon or 0.5)))
    sky, zenith, low = lab[:end], lab[: max(2, end // 3)], lab[end * 2 // 3 : end]
    light, red, yellow = (float(np.median(sky[..., band])) for band in range(3))
    if light < 32 and yellow < -3:
        return "night"
    top_light, _, top_yellow = (float(np.median(zenith[..., band])) for band in range(3))
    low_light, low_red, low_yellow = (float(np.median(low[..., band])) for band in range(3))
    if top_light < 34 and top_yellow < -8 and low_light < 60 and red < 34:
        return "dusk" if low_red > 12 else "night"
    if low_yellow > 22 and low_red > 12 and top_light < 50:
        return "sunset"
    if red > 24 and light < 66 and top_light < 52:
        return "sunset"
    if low_light > 66 and (low_red > 5 or red > 6) and top_light > 44 and low_yellow > -8:
        return "dawn"
    if light > 44 and yellow < -4:
        return "day"
    return None


def _drawn(patches: Sequence[Floats]) -> bool:
    """Drawn pictures are flat between their edges: most neighbours are equal to the last bit. A camera's noise leaves few alike.
    Patches that are nearly black say nothing; a drawing that a strong JPEG has been through may pass for a photograph."""
    shares = []
    for patch in patches:
        lit = patch[:, 1:] > 24
        if patch.size >= 64 and lit.mean() > 0.3:
            shares.append(float((np.diff(patch, axis=1)[lit] == 0).mean()))
    return bool(shares) and float(np.mean(shares)) > 0.54
