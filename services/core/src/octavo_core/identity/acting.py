"""Tokens with which a service calls another on behalf of a person, while that person is not there to lend theirs."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Protocol

from octavo_core.errors import Misconfigured, Unavailable

_TIMEOUT_S = 10.0
_KEPT = 1_000
_SPARE_S = 60.0
"""A token that has less than this left is not used any more."""


class ActingTokens(Protocol):
    """A token names the person as `sub`, so that whoever is called grants that person's rights and no more, and lives for minutes."""

    async def on_behalf_of(self, user: str) -> str | None:
        """The token, or None where those who are called ask for none. Raises `Unavailable`."""
        ...


class NoTokens:
    """For an installation whose generators ask for no token."""

    async def on_behalf_of(self, user: str) -> str | None:
        return None


class ExchangedTokens:
    """From the issuer, against the service's own secret: POST `{client_id, client_secret, on_behalf_of}` → `{access_token, expires_in}`
    (RFC 6749's client credentials, with the subject of RFC 8693). Keeps a thousand until they are about to expire. Any number of
    calls at once."""

    def __init__(self, url: str, *, client_id: str, client_secret: str) -> None:
        self._url = url
        self._client_id = client_id
        self._client_secret = client_secret
        self._kept: OrderedDict[str, tuple[str, float]] = OrderedDict()

    async def on_behalf_of(self, user: str) -> str | None:
        """Raises `Misconfigured` where the issuer does not know the service or its secret."""
        token, until = self._kept.get(user, ("", 0.0))
        if time.monotonic() < until:
            return token
        began = time.monotonic()
        token, lives_s = await self._fetch(user)
        self._kept[user] = (token, began + lives_s - _SPARE_S)
        self._kept.move_to_end(user)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return token

    async def _fetch(self, user: str) -> tuple[str, float]:
        # Here and not above: most processes never ask, and should not pay 15 MB for it.
        import aiohttp

        said = {"client_id": self._client_id, "client_secret": self._client_secret, "on_behalf_of": user}
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S)) as session,
                session.post(self._url, json=said, allow_redirects=False) as answer,
            ):
                if answer.status in (400, 401, 403, 404, 422):
                    raise Misconfigured(f"the issuer of tokens refuses this service's secret (answered {answer.status})")
                if answer.status != 200:
                    raise Unavailable(f"the issuer of tokens answered {answer.status}", retry_after=5)
                body = await answer.json()
                return str(body["access_token"]), float(body["expires_in"])
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError, TypeError) as error:
            raise Unavailable(f"the issuer of tokens does not answer ({type(error).__name__})", retry_after=5) from None
