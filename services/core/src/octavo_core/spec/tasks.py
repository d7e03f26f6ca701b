"""What a generator can do, and what follows from it alone."""

from __future__ import annotations

from typing import Literal, get_args

Task = Literal["story", "text", "image", "image-description", "translation", "script", "blog"]
Mode = Literal["wait", "async"]

TASKS: tuple[Task, ...] = get_args(Task)

DEFAULT_MODES: dict[Task, Mode] = {
    "story": "wait",
    "image": "wait",
    "translation": "wait",
    "text": "async",
    "image-description": "async",
    "script": "async",
    "blog": "async",
}
