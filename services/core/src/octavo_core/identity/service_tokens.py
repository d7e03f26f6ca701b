"""The token with which a service calls another: asked of auth against the service's secret, kept until shortly before it ends."""

from __future__ import annotations

import asyncio
import time

from octavo_core.errors import Misconfigured, Unavailable

EARLY_S = 60.0
"""So long before its end a token is not used any more: clocks differ, and calls take a while."""
TIMEOUT_S = 5.0


class ServiceTokens:
    """Any number of tasks of one loop may ask at once; one of them fetches."""

    def __init__(self, url: str, *, client_id: str, client_secret: str) -> None:
        """`url`: auth's `…/api/auth/service-token`."""
        self._url = url
        self._body = {"client_id": client_id, "client_secret": client_secret}
        self._token = ""
        self._until = 0.0
        self._lock = asyncio.Lock()

    async def token(self) -> str:
        """Raises `Unavailable` when auth does not answer, `Misconfigured` when it refuses the secret."""
        async with self._lock:
            if time.monotonic() >= self._until:
                await self._fetch()
            return self._token

    async def _fetch(self) -> None:
        # Here and not above: most processes call no other, and should not pay 15 MB for it.
        import aiohttp

        asked = time.monotonic()
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as session,
                session.post(self._url, json=self._body, allow_redirects=False) as answer,
            ):
                status = answer.status
                body = await answer.json(content_type=None) if status == 200 else {}
            if status in (401, 403):
                raise Misconfigured(f"auth refuses the secret of the service {self._body['client_id']}")
            if status != 200:
                raise Unavailable(f"auth gave no token for the service (HTTP {status})")
            self._token, self._until = str(body["access_token"]), asked + float(body["expires_in"]) - EARLY_S
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, LookupError, TypeError) as error:
            raise Unavailable(f"auth gave no token for the service ({type(error).__name__})") from None
