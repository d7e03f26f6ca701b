"""How many requests a generator answers just now: whoever puts it to sleep asks, and waits for them."""

from __future__ import annotations

from dataclasses import dataclass

_ASKING = ("/health", "/metrics", "/api/v1/health", "/api/v1/backlog")
"""Those who watch a generator do not keep it awake."""


@dataclass(slots=True)
class Activity:
    open_requests: int = 0
    """Streams of events and callers who wait for their result count for as long as they are connected."""

    @staticmethod
    def counts(path: str) -> bool:
        """`path` as it stands below the generator's own prefix."""
        return not path.startswith(_ASKING)
