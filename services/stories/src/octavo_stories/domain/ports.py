"""What the domain asks of others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from octavo_stories.domain.story import CastMember


class CastSource(Protocol):
    """Where characters come from. Knows the rights of who asks."""

    async def find(self, ids: Sequence[str], *, authorization: str | None) -> tuple[CastMember, ...]:
        """In the order given. Raises `InvalidInput` that names those which are not there for this caller, `Unavailable` otherwise.
        A call ends within seconds; asking again is harmless."""
        ...
