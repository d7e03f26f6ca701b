"""Measures the eye's signatures on scenes that the sketch engine draws, and writes `signatures.npz`.

`python -m octavo_generation.engines.sketch.describing.measuring FILE [SCENES]`; to run again whenever a sprite, the composer or the
features change. numpy alone, a few minutes on one core, the same file for the same number of scenes on one machine.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from octavo_generation.engines.sketch.colours import Floats, to_lab
from octavo_generation.engines.sketch.describing.cells import CELL, WINDOW, cells, layout, resized
from octavo_generation.engines.sketch.describing.eye import HOURS, PLACES, REACH, SEEN, SIZES, Net, windows
from octavo_generation.engines.sketch.drawing import draw_scene, scene_of
from octavo_generation.engines.sketch.kinds import KINDS
from octavo_generation.engines.sketch.scene import Scene

_HOUR_WORDS: Final = ("at dawn", "at noon", "at sunset", "at dusk", "at night", "", "")
_PLACE_WORDS: Final = (
    "",
    "",
    "",
    "in a meadow",
    "over the hills",
    "in the mountains",
    "in a forest",
    "in the desert",
    "by the sea",
    "on a beach",
    "by a lake",
    "by a river",
    "in the city",
    "on a road",
    "in a village",
    "in the snow",
    "in space",
    "under the sea",
    "in a room",
    "with a city skyline",
)
_WEATHER_WORDS: Final = ("", "", "", "", "in the rain", "in the fog", "with clouds", "in autumn")
_COLOURS: Final = ("red ", "blue ", "green ", "yellow ", "purple ", "orange ", "white ", "black ", "pink ")
_PATTERNS: Final = (
    "geometric pattern",
    "mosaic",
    "abstract waves",
    "spiral",
    "mandala",
    "dots pattern",
    "striped wallpaper",
    "hope",
    "quiet thoughts",
)

Halves = npt.NDArray[np.float16]

Box = tuple[str, float, float, float]
"""Kind, middle and side of a thing's window in pixels of the working picture."""


def prompts(random: np.random.Generator) -> str:
    """A prompt of one to three things, somewhere, sometime."""
    if random.random() < 0.07:
        colours = " and ".join(colour.strip() for colour in random.choice(_COLOURS, 2))
        return f"{random.choice(_PATTERNS)} in {colours}"
    kinds = [str(kind) for kind in random.choice(SEEN if random.random() < 0.72 else tuple(KINDS), int(random.integers(1, 4)))]
    things = " and ".join(f"a {str(random.choice(_COLOURS)) if random.random() < 0.4 else ''}{kind}" for kind in kinds)
    return f"{things} {random.choice(_PLACE_WORDS)} {random.choice(_HOUR_WORDS)} {random.choice(_WEATHER_WORDS)}"


def drawn(count: int, seed: int) -> Iterator[tuple[Floats, Scene, list[Box]]]:
    """Scenes as the eye meets them: the working picture in Lab, what was drawn, and where."""
    random = np.random.default_rng(seed)
    for _ in range(count):
        width, height = ((256, 256), (256, 256), (340, 256), (256, 340))[int(random.integers(0, 4))]
        style = (None, None, "vivid", "natural")[int(random.integers(0, 4))]
        scene = scene_of(prompts(random), int(random.integers(0, 2**31)), (width, height))
        image = draw_scene(scene, width, height, style=style, scale=2)
        if random.random() < 0.25:
            packed = BytesIO()
            image.save(packed, "JPEG", quality=int(random.integers(70, 95)))
            image = Image.open(packed).convert("RGB")
        yield to_lab(np.asarray(image)), scene, boxes(scene, width, height)


def boxes(scene: Scene, width: int, height: int) -> list[Box]:
    unit = min(width, height)
    found: list[Box] = []
    for kind, place in (("sun", scene.sun), ("moon", scene.moon)):
        if place is not None and scene.form == "place" and scene.place not in ("space", "underwater", "room"):
            found.append((kind, place[0] * width, place[1] * height, 0.2 * unit * REACH))
    for thing in scene.things:
        kind = "person" if thing.kind == "child" else thing.kind
        found.append((kind, thing.x * width, thing.y * height - thing.size * unit / 2, thing.size * unit * REACH))
    return found


def cut(lab: Floats, x: float, y: float, side: float) -> Floats | None:
    """One window's features at any middle and size; None where most of it lies outside."""
    reach = int(np.ceil(side / 2 + side * 2 / WINDOW))
    left, top = round(x) - reach, round(y) - reach
    if x < 0 or y < 0 or x > lab.shape[1] or y > lab.shape[0]:
        return None
    rows = np.clip(np.arange(top, top + 2 * reach), 0, lab.shape[0] - 1)
    columns = np.clip(np.arange(left, left + 2 * reach), 0, lab.shape[1] - 1)
    whole = round(2 * reach / side * WINDOW * CELL)
    grid = cells(resized(lab[np.ix_(rows, columns)], whole, whole))
    start = max(0, (grid.shape[0] - WINDOW) // 2)
    held = grid[start : start + WINDOW, start : start + WINDOW]
    return held.reshape(-1) if held.shape[:2] == (WINDOW, WINDOW) else None


def samples(lab: Floats, found: list[Box], random: np.random.Generator) -> Iterator[tuple[Floats, int]]:
    """Windows on the things, jittered, and windows beside them."""
    unit, none = min(lab.shape[:2]), len(SEEN)
    for kind, x, y, side in found:
        label = SEEN.index(kind) if kind in SEEN else none
        for _ in range(3):
            shift = random.uniform(-0.05, 0.05, 2) * side
            held = cut(lab, x + shift[0], y + shift[1], side * random.uniform(0.91, 1.1))
            if held is not None:
                yield held, label
        for _ in range(3):
            shift = random.uniform(0.3, 0.75, 2) * side * random.choice([-1, 1], 2)
            near = (x + shift[0], y + shift[1], side * random.uniform(0.5, 1.7))
            if not _on_any(near, found):
                held = cut(lab, *near)
                if held is not None:
                    yield held, none
    for _ in range(7):
        spot = (random.uniform(0, lab.shape[1]), random.uniform(0, lab.shape[0]), float(random.choice(SIZES)) * unit)
        if not _on_any(spot, found):
            held = cut(lab, *spot)
            if held is not None:
                yield held, none


def _on_any(spot: tuple[float, float, float], found: list[Box]) -> bool:
    return any(np.hypot(spot[0] - x, spot[1] - y) < 0.3 * side and 0.68 < spot[2] / side < 1.47 for _, x, y, side in found)


def false_alarms(lab: Floats, found: list[Box], net: Net) -> Iterator[tuple[Floats, int]]:
    """Windows that the net takes for a thing that is not there: the hard negatives of the next round."""
    unit = min(lab.shape[:2])
    for size in SIZES[:9:2]:
        inputs, (rows, columns) = windows(lab, size)
        shares = net(inputs)[:, :-1]
        sure = np.argsort(-shares.max(axis=1))[:6]
        for index in sure[shares[sure].max(axis=1) > 0.25][:4]:
            row, column = divmod(int(index), columns)
            x = (column - 2 + WINDOW / 2) / (columns + WINDOW - 5) * lab.shape[1]
            y = (row - 2 + WINDOW / 2) / (rows + WINDOW - 5) * lab.shape[0]
            if not _on_any((x, y, size * unit), found):
                yield inputs[index].copy(), len(SEEN)


def fitted(
    inputs: Halves, labels: npt.NDArray[np.intp], outputs: int, hidden: int, epochs: int, seed: int, start: Net | None = None
) -> Net:
    """A net by Adam on the cross entropy, with weight decay and dropped inputs; batches of 256."""
    random = np.random.default_rng(seed)
    probe = inputs[random.permutation(len(inputs))[:6000]].astype(np.float32)
    mean = probe.mean(axis=0) if start is None else start.mean
    scale = 1 / (probe.std(axis=0) + 0.05) if start is None else start.scale
    wide = inputs.shape[1]
    if start is None:
        weights = [
            (random.standard_normal((wide, hidden)) * (2 / wide) ** 0.5).astype(np.float32),
            np.zeros(hidden, np.float32),
            (random.standard_normal((hidden, outputs)) * (1 / hidden) ** 0.5).astype(np.float32),
            np.zeros(outputs, np.float32),
        ]
    else:
        weights = [start.first.copy(), start.first_bias.copy(), start.second.copy(), start.second_bias.copy()]
    pace, moved, spread = 1e-3, [np.zeros_like(w) for w in weights], [np.zeros_like(w) for w in weights]
    step = 0
    for epoch in range(epochs):
        order = random.permutation(len(inputs))
        rate = pace * (0.5 + 0.5 * float(np.cos(np.pi * epoch / epochs)))
        for first in range(0, len(order), 256):
            batch = order[first : first + 256]
            given = (inputs[batch].astype(np.float32) - mean) * scale * (random.random((len(batch), wide)) > 0.15)
            given = given.astype(np.float32)
            inner = np.maximum(given @ weights[0] + weights[1], 0)
            scores = inner @ weights[2] + weights[3]
            grown = np.exp(scores - scores.max(axis=1, keepdims=True))
            error = grown / grown.sum(axis=1, keepdims=True)
            error[np.arange(len(batch)), labels[batch]] -= 1
            error /= len(batch)
            back = (error @ weights[2].T) * (inner > 0)
            slopes = [given.T @ back + 1e-4 * weights[0], back.sum(0), inner.T @ error + 1e-4 * weights[2], error.sum(0)]
            step += 1
            for index, slope in enumerate(slopes):
                moved[index] = 0.9 * moved[index] + 0.1 * slope
                spread[index] = 0.999 * spread[index] + 0.001 * slope**2
                weights[index] -= (rate * (moved[index] / (1 - 0.9**step)) / (np.sqrt(spread[index] / (1 - 0.999**step)) + 1e-7)).astype(
                    np.float32
                )
    return Net(mean, scale, *weights)


def measured(count: int, seed: int = 11) -> dict[str, Net]:
    random = np.random.default_rng(seed)
    rows: list[tuple[Halves, int]] = []
    layouts: list[Floats] = []
    scenes: list[Scene] = []
    kept: list[tuple[Floats, list[Box]]] = []
    for lab, scene, found in drawn(count, seed):
        rows += [(row.astype(np.float16), label) for row, label in samples(lab, found, random)]
        layouts.append(layout(lab))
        scenes.append(scene)
        if len(kept) < count // 2:
            kept.append((lab.astype(np.float16), found))
    things: Net | None = None
    for round_, epochs in enumerate((10, 8, 12)):
        if things is not None:
            for lab, found in kept[:: 2 if round_ == 1 else 1]:
                rows += [(row.astype(np.float16), label) for row, label in false_alarms(lab.astype(np.float32), found, things)]
        inputs, labels = np.stack([row for row, _ in rows]).astype(np.float16), np.array([label for _, label in rows], dtype=np.intp)
        things = fitted(inputs, labels, len(SEEN) + 1, 72, epochs, seed + round_, things)
        probe = np.arange(0, len(rows), 7)
        right = float((things(inputs[probe].astype(np.float32)).argmax(1) == labels[probe]).mean())
        sys.stdout.write(f"round {round_}: {len(rows)} windows, {right:.3f} right\n")
        sys.stdout.flush()
    assert things is not None
    whole = np.stack(layouts).astype(np.float16)
    outdoors = [index for index, scene in enumerate(scenes) if scene.form == "place" and scene.place not in ("space", "underwater", "room")]
    hour_labels = np.array([HOURS.index(scenes[index].hour) for index in outdoors], dtype=np.intp)
    place_labels = np.array([PLACES.index(place_of(scene)) for scene in scenes], dtype=np.intp)
    return {
        "things": things,
        "hours": fitted(whole[outdoors], hour_labels, len(HOURS), 24, 30, seed),
        "places": fitted(whole, place_labels, len(PLACES), 32, 30, seed),
    }


def place_of(scene: Scene) -> str:
    if scene.form != "place":
        return "pattern"
    return "meadow" if scene.place == "hills" else scene.place


def main(target: Path, count: int) -> None:
    held: dict[str, npt.NDArray[np.float16]] = {}
    for name, net in measured(count).items():
        for part in ("mean", "scale", "first", "first_bias", "second", "second_bias"):
            held[f"{name}_{part}"] = getattr(net, part).astype(np.float16)
    np.savez_compressed(target, **held)  # type: ignore[arg-type]


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 2400)
