"""The tokens with which a service calls others: its own, and those on behalf of people. Auth gives both against the service's secret."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict

from octavo_core.errors import Forbidden, Misconfigured, Unavailable

EARLY_S = 60.0
"""So long before its end a token is not used any more: clocks differ, and calls take a while."""
TIMEOUT_S = 10.0
KEPT = 1_000
"""Tokens on behalf of people; those that were not used for longest go first."""


class ServiceTokens:
    """POST `{client_id, client_secret, on_behalf_of?}` → `{access_token, expires_in}` (RFC 6749's client credentials, with the subject
    of RFC 8693). Any number of tasks of one loop may ask at once; for the service's own token one of them fetches.

    Every call raises `Unavailable` when auth does not answer, `Misconfigured` when it refuses the secret.
    """

    def __init__(self, url: str, *, client_id: str, client_secret: str) -> None:
        """`url`: auth's `…/api/auth/service-token`."""
        self._url = url
        self._client_id = client_id
        self._client_secret = client_secret
        self._own = ("", 0.0)
        self._kept: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._lock = asyncio.Lock()

    async def token(self) -> str:
        """The service's own."""
        async with self._lock:
            token, until = self._own
            if time.monotonic() >= until:
                token, until = self._own = await self._fetch(None)
            return token

    async def on_behalf_of(self, user: str) -> str:
        """See `ActingTokens`."""
        token, until = self._kept.get(user, ("", 0.0))
        if time.monotonic() >= until:
            token, until = await self._fetch(user)
            self._kept[user] = (token, until)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(user)
        return token

    async def _fetch(self, user: str | None) -> tuple[str, float]:
        # Here and not above: most processes call no other, and should not pay 15 MB for it.
        import aiohttp

        said = {"client_id": self._client_id, "client_secret": self._client_secret}
        if user is not None:
            said["on_behalf_of"] = user
        asked = time.monotonic()
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as session,
                session.post(self._url, json=said, allow_redirects=False) as answer,
            ):
                status = answer.status
                body = await answer.json(content_type=None) if status in (200, 404) else {}
            if status == 200:
                return str(body["access_token"]), asked + float(body["expires_in"]) - EARLY_S
            code = body.get("error")
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise Unavailable(f"auth gives no token ({type(error).__name__})", retry_after=5) from None
        if status in (401, 403):
            raise Misconfigured(f"auth refuses the secret of the service {self._client_id}")
        if status == 404 and user is not None and code == "not_found":
            raise Forbidden("the account is suspended, or is no more")
        if status in (400, 404, 405, 422):
            raise Misconfigured(f"there is no auth that gives tokens at the address that the service has for it (HTTP {status})")
        raise Unavailable(f"auth gives no token (HTTP {status})", retry_after=5)
