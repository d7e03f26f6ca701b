"""The `Prefer` header (RFC 7240): wait for the result, or be told where it will be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

DEFAULT_WAIT_S = 60
MAX_WAIT_S = 300
_WAIT = re.compile(r"wait\s*=\s*(\d{1,6})")


@dataclass(frozen=True, slots=True)
class Preference:
    """How long the caller waits at most; 0 answers at once."""

    wait_s: int
    applied: str


def read_preference(header: str | None, default: Literal["wait", "async"]) -> Preference:
    """What cannot be understood is ignored, as the RFC asks."""
    tokens = [token.strip().lower() for token in (header or "").split(",")]
    if "respond-async" in tokens:
        return Preference(0, "respond-async")
    for token in tokens:
        if match := _WAIT.fullmatch(token):
            seconds = min(int(match[1]), MAX_WAIT_S)
            return Preference(seconds, f"wait={seconds}")
    return Preference(DEFAULT_WAIT_S, f"wait={DEFAULT_WAIT_S}") if default == "wait" else Preference(0, "respond-async")
