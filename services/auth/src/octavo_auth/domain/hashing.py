"""The port of password hashing."""

from __future__ import annotations

from typing import Protocol


class PasswordHashing(Protocol):
    """Takes tens of milliseconds and megabytes; a few at a time. Raises `Throttled` when too many wait."""

    async def digest(self, password: str) -> str: ...

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """None takes as long as a hash, and is never right."""
        ...

    def is_outdated(self, password_hash: str) -> bool: ...
