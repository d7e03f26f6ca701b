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

PICTURE_BODY_BYTES = 14 * 1_048_576
"""Largest body of a request that may hold a picture: ten megabytes of it in base64, and some words."""


def most_body_bytes(task: Task, path: str, *, usual: int) -> int:
    """The bound for a request to a generator, `path` without what stands before it: conversations may hold pictures on every
    generator, and whatever is asked of one that describes them. The API and who stands in for it must agree."""
    holds_pictures = task == "image-description" or path == "/v1/chat/completions"
    return max(usual, PICTURE_BODY_BYTES) if holds_pictures else usual
