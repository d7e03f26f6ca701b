"""The port of other issuers' logins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Departure:
    """Where the browser is sent, and what must be remembered until it is back."""

    url: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Person:
    """What the issuer says of who logged in. `email` only where it calls it verified."""

    issuer: str
    subject: str
    name: str | None
    email: str | None


class Issuer(Protocol):
    @property
    def trusts_email(self) -> bool: ...

    async def depart(self) -> Departure:
        """Raises `ProviderUnavailable`."""
        ...

    async def arrive(self, code: str, *, nonce: str, verifier: str) -> Person:
        """Raises `Unauthenticated` and `ProviderUnavailable`."""
        ...
