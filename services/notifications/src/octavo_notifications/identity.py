"""Who is at the other end of a connection, and until when that is known."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import jwt

from octavo_core.errors import Unauthenticated
from octavo_core.identity import ANONYMOUS, Principal, TokenVerifier
from octavo_core.identity.cookies import access_token

Authenticate = Callable[[str | None], Awaitable[Principal]]
"""From an Authorization header to the principal; raises `Unauthenticated`."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """`expires_at` in ms since the epoch; None: never."""

    principal: Principal
    expires_at: int | None


class TokenCheck:
    """Without a verifier everyone is one anonymous user, as a laptop without accounts has it."""

    def __init__(self, verifier: TokenVerifier | None) -> None:
        self._verifier = verifier

    async def authenticate(self, authorization: str | None) -> Principal:
        return ANONYMOUS if self._verifier is None else await self._verifier.verify(authorization)

    async def admit(self, token: str | None) -> Admitted:
        """Raises `Unauthenticated`, and `Unavailable` when the issuer's keys cannot be had."""
        if self._verifier is None:
            return Admitted(ANONYMOUS, None)
        if not token:
            raise Unauthenticated("a token is required: auth: {token}")
        principal = await self._verifier.verify(f"Bearer {token}")
        # Verified a line above; asked again only for what the principal does not carry.
        claims = jwt.decode(token, options={"verify_signature": False})
        return Admitted(principal, round(float(claims["exp"]) * 1000))


def cookie_of_own_page(environ: Mapping[str, Any]) -> str | None:
    """The token of the studio's session, for a page of this very host: a page elsewhere that makes a browser connect sends the cookie
    too, and an origin that may call with a token of its own (`OCTAVO_CORS_ORIGINS`) is no page of ours. Browsers leave `Origin` out
    only where a page reads from its own host."""
    origin = environ.get("HTTP_ORIGIN")
    if origin is not None and urlsplit(str(origin)).netloc.lower() != str(environ.get("HTTP_HOST", "")).lower():
        return None
    return access_token(environ.get("HTTP_COOKIE"))
