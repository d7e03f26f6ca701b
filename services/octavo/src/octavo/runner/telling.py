"""What the runner knows of its processes, for the HTTP process to show: one small file, replaced whole."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import orjson


@dataclass(frozen=True, slots=True)
class ProcessState:
    """`state`: running, starting (during a back-off, too) or sleeping. `reason`: how it last ended, if it did by itself."""

    name: str
    state: Literal["running", "starting", "sleeping"]
    restarts: int
    since: str | None
    reason: str | None
    generators: tuple[str, ...] = ()


def write_states(file: Path, states: Sequence[ProcessState]) -> None:
    """Raises `OSError`."""
    draft = file.with_suffix(".draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
        opened.write(orjson.dumps([asdict(state) for state in states]))
    draft.replace(file)


def read_states(file: Path) -> list[ProcessState]:
    """None that are known where there is no file: then no runner has started this process."""
    try:
        found = orjson.loads(file.read_bytes())
        return [ProcessState(**{**state, "generators": tuple(state["generators"])}) for state in found]
    except (OSError, orjson.JSONDecodeError, TypeError, KeyError):
        return []
