"""What a generator's answer to a delivery means. Pure; as a table in the tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

MAX_PAUSE_S = 30.0


@dataclass(frozen=True, slots=True)
class Taken:
    """The generator has it and answers for it from now on."""

    job: str
    """The id under which it was answered."""


@dataclass(frozen=True, slots=True)
class Again:
    """Not now. `for_all`: neither any other job of this generator; `after_s` None leaves the pause to whoever delivers."""

    reason: str
    for_all: bool
    after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Never:
    """Not this job, however often it is asked. `error` is JSON for its caller."""

    error: str


Outcome = Taken | Again | Never

_NOT_OURS = frozenset({401, 403, 404, 405, 407, 421, 501})
"""The keys are being changed, or something else has the address of a pod that is gone: the next table of routes will tell."""


def outcome_of(status: int, headers: Mapping[str, str], body: bytes) -> Outcome:
    try:
        said: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        said = None
    said = said if isinstance(said, dict) else {}
    if isinstance(said.get("generation_id"), str):
        # Also a failure: then it is written down over there.
        return Taken(said["generation_id"])
    message = str(said.get("message") or f"it answered {status}")[:500]
    after_s = _retry_after(headers.get("retry-after"))
    if status in (408, 425):
        return Again(message, for_all=False, after_s=after_s)
    if status in (429, 502, 503, 504):
        return Again(message, for_all=True, after_s=after_s)
    if status >= 500 and status not in _NOT_OURS:
        return Again(message, for_all=False)
    if status in _NOT_OURS or not 400 <= status < 500:
        return Again(f"it answered {status}, as if it were not the generator: {message}", for_all=True)
    return Never(orjson.dumps({"error": str(said.get("error") or "refused")[:100], "message": message}).decode())


def _retry_after(value: str | None) -> float | None:
    return min(float(value), MAX_PAUSE_S) if value is not None and value.isascii() and value.isdigit() else None
