"""Our request in the words of the web UI's `/sdapi/v1`, and its answers in ours.

It draws one request at a time and tells of the one it is at, which may be anybody's: our task's id goes along, and what it tells counts
where it names that id. Web UIs from before these ids (1.7) name none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from octavo_generation.providers.pictures import picture_of_base64
from octavo_generation.providers.port import DrawnImage, ImagePrompt
from octavo_generation.providers.sizes import pixels_of

LOADED = "loaded-checkpoint"
"""In place of a model's name: whichever the web UI has loaded."""
GRID = 8
"""Widths and heights are multiples of this."""
STEPS = {"hd": 40}
USUAL_STEPS = 20
ANY_SEED = -1


@dataclass(frozen=True, slots=True)
class Progress:
    """Of the whole web UI. `task` is None where it is at none, or does not say at which."""

    busy: bool
    task: str | None
    far: float | None

    def of(self, task: str) -> bool:
        return self.busy and self.task == task


def to_wire(prompt: ImagePrompt, *, model: str, task: str) -> dict[str, Any]:
    width, height = pixels_of(prompt.size)
    body: dict[str, Any] = {
        "prompt": prompt.prompt,
        "negative_prompt": prompt.negative_prompt or "",
        "width": _on_grid(width),
        "height": _on_grid(height),
        "seed": ANY_SEED if prompt.seed is None else prompt.seed,
        "batch_size": prompt.count,
        "steps": STEPS.get(prompt.quality or "", USUAL_STEPS),
        "force_task_id": task,
    }
    if model != LOADED:
        # Put back after each picture, the one before would be loaded twice for each: half a minute of a graphics card's time.
        body |= {"override_settings": {"sd_model_checkpoint": model}, "override_settings_restore_afterwards": False}
    return body


def drawn(answer: dict[str, Any], *, count: int, model: str) -> tuple[tuple[DrawnImage, ...], str] | None:
    """The pictures and what drew them; None for an answer that has not all of them. Before the pictures there may be a grid of them,
    and behind them what extensions add."""
    info = _info(answer.get("info"))
    encoded = answer.get("images")
    first = info.get("index_of_first_image")
    first = first if isinstance(first, int) and first >= 0 else 0
    pictures = [picture_of_base64(text) for text in encoded[first : first + count]] if isinstance(encoded, list) else []
    found = [picture for picture in pictures if picture is not None]
    if len(found) != count:
        return None
    seeds = info.get("all_seeds")
    told = seeds[:count] if isinstance(seeds, list) else []
    padded = [*told, *[None] * (count - len(told))]
    images = tuple(DrawnImage(picture, seed=seed if isinstance(seed, int) else None) for picture, seed in zip(found, padded, strict=True))
    name = info.get("sd_model_name")
    return images, name if isinstance(name, str) and name else model


def progress(answer: dict[str, Any]) -> Progress:
    """Tells of nothing where the answer has another shape: it is told to people and decides nothing but an interruption."""
    state, far, task = answer.get("state"), answer.get("progress"), answer.get("current_task")
    jobs = state.get("job_count") if isinstance(state, dict) else None
    return Progress(
        # -1 from the beginning of a task until its pictures are counted.
        busy=isinstance(jobs, int) and jobs != 0,
        task=task if isinstance(task, str) and task else None,
        far=min(max(float(far), 0.0), 1.0) if isinstance(far, int | float) else None,
    )


def _on_grid(pixels: int) -> int:
    return max(GRID, round(pixels / GRID) * GRID)


def _info(text: object) -> dict[str, Any]:
    """It is JSON inside of JSON."""
    try:
        parsed = orjson.loads(text) if isinstance(text, str) else None
    except orjson.JSONDecodeError:
        parsed = None
    return parsed if isinstance(parsed, dict) else {}
