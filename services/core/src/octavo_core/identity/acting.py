"""Tokens with which a service calls another on behalf of a person, while that person is not there to lend theirs."""

from __future__ import annotations

from typing import Protocol


class ActingTokens(Protocol):
    """A token names the person as `sub`, so that whoever is called grants that person's rights and no more, and lives for minutes."""

    async def on_behalf_of(self, user: str) -> str | None:
        """The token, or None where those who are called ask for none. Raises `Forbidden` for a person who has no account any more, or
        whose account is suspended, and `Unavailable`."""
        ...


class NoTokens:
    """For an installation whose generators ask for no token."""

    async def on_behalf_of(self, user: str) -> str | None:
        return None
