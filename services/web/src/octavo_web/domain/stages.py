"""How a generation stands, in words that are true: what is not known is not shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

OPEN = frozenset({"queued", "running"})
AGAIN = frozenset({"failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Stage:
    """`key` names the sentence (`octavo_web.pages.wording`), `detail` is a worker's own word for what it does. `fraction` is
    0 to 1, None where nobody knows."""

    key: str
    detail: str = ""
    fraction: float | None = None
    waiting: int | None = None
    place: int | None = None


def stage_of(view: Mapping[str, Any], *, waiting: int | None = None) -> Stage:
    """`view` as a generator's API answers it; `waiting`: how many are in its queue."""
    status = view.get("status")
    if status == "queued":
        place = view.get("place")
        known_place = place if isinstance(place, int) and place > 0 else None
        return Stage("retrying" if view.get("attempt") else "queued", waiting=waiting, place=known_place)
    if status != "running":
        return Stage(str(status))
    if view.get("cancel_requested"):
        return Stage("cancelling")
    progress = view.get("progress") or {}
    said = str(progress.get("stage") or "")
    fraction = progress.get("fraction")
    known = float(fraction) if isinstance(fraction, int | float) and 0 < fraction <= 1 else None
    return Stage(key_of(said), said, known)


def key_of(said: str) -> str:
    """The sentence for a worker's word; `working` where there is none, and the word itself is shown."""
    if not said:
        return "started"
    if said.startswith("loading"):
        return "loading"
    if said in ("generating", "drawing"):
        return said
    return "working"
