"""Public keys that tokens are checked with: a fixed set, a JWKS endpoint (RFC 7517), or an issuer that says itself where its keys are
(OpenID Connect Discovery 1.0: Entra ID, Keycloak, Auth0)."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Protocol

import jwt
import structlog

from octavo_core.errors import Unavailable
from octavo_core.identity.revocation import MEMBER, subject_digest

if TYPE_CHECKING:
    import aiohttp

log = structlog.get_logger(__name__)

FRESH_S = 600.0
REVOKED_FRESH_S = 15.0
ASK_AGAIN_S = 10.0
"""An unknown key id asks the issuer at most this often, so that forged ids cannot make us hammer it."""
NONE_YET_AGAIN_S = 1.0
"""So often who has no key at all asks: until then nobody can be let in."""


class KeySource(Protocol):
    async def find(self, key_id: str) -> jwt.PyJWK | None:
        """The key of that id, None when the issuer has no such key. Raises `Unavailable` when it cannot be asked."""
        ...

    async def is_revoked(self, subject: str) -> bool:
        """Whether the issuer says that no token of this subject counts any more. As far as is known: a list that cannot be had again is
        the one that was had."""
        ...


class StaticKeys:
    def __init__(self, jwks: dict[str, Any]) -> None:
        self._keys = _by_id(jwks)

    async def find(self, key_id: str) -> jwt.PyJWK | None:
        return self._keys.get(key_id)

    async def is_revoked(self, subject: str) -> bool:
        return False


class JwksKeys:
    """Keeps what it fetched: an issuer that is down for a while costs nothing but new keys. One fetch at a time. An issuer that publishes
    revocations is asked again after `REVOKED_FRESH_S`, which is how late one may be heard of."""

    def __init__(self, url: str, *, timeout_s: float = 5.0) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._keys: dict[str, jwt.PyJWK] = {}
        self._revoked: frozenset[str] | None = None
        """None: the issuer publishes none."""
        self._fetched_at = -FRESH_S
        self._asked_at = -ASK_AGAIN_S
        self._lock = asyncio.Lock()

    async def find(self, key_id: str) -> jwt.PyJWK | None:
        now = time.monotonic()
        fresh_s = FRESH_S if self._revoked is None else REVOKED_FRESH_S
        stale, missing = now - self._fetched_at > fresh_s, key_id not in self._keys
        # A caller whose key is missing waits for the fetch that is under way; one whose key is known does not.
        again_s = ASK_AGAIN_S if self._keys else NONE_YET_AGAIN_S
        if ((stale or missing) and now - self._asked_at > again_s) or (missing and self._lock.locked()):
            async with self._lock:
                if time.monotonic() - self._asked_at > again_s:
                    await self._fetch()
        if key_id not in self._keys and not self._keys:
            raise Unavailable("the issuer's keys cannot be fetched; no token can be checked")
        return self._keys.get(key_id)

    async def is_revoked(self, subject: str) -> bool:
        return self._revoked is not None and subject_digest(subject) in self._revoked

    async def _keys_url(self, session: aiohttp.ClientSession) -> str:
        return self._url

    async def _fetch(self) -> None:
        # Here and not above: most processes never ask an issuer, and should not pay 15 MB for it.
        import aiohttp

        self._asked_at = time.monotonic()
        try:
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self._timeout_s)) as session:
                document = await _read(session, await self._keys_url(session))
                self._keys, self._revoked = _by_id(document), _revoked(document)
                self._fetched_at = time.monotonic()
        except (aiohttp.ClientError, TimeoutError, ValueError, LookupError, TypeError, AttributeError, jwt.PyJWTError) as error:
            log.warning("keys could not be fetched", error=type(error).__name__)


class DiscoveredKeys(JwksKeys):
    """Of an issuer, whose discovery document is read with each fetch: an issuer may move its keys."""

    def __init__(self, issuer: str, *, timeout_s: float = 5.0) -> None:
        super().__init__(f"{issuer.rstrip('/')}/.well-known/openid-configuration", timeout_s=timeout_s)
        self._issuer = issuer

    async def _keys_url(self, session: aiohttp.ClientSession) -> str:
        document = await _read(session, self._url)
        # Section 4.3: a document that speaks for another issuer is no answer to our question.
        if document["issuer"] != self._issuer:
            raise ValueError("the discovery document names another issuer")
        found = str(document["jwks_uri"])
        if not found.startswith("https://") and not self._issuer.startswith("http://"):
            raise ValueError("the keys of an https issuer must come by https")
        return found


async def _read(session: aiohttp.ClientSession, url: str) -> dict[str, Any]:
    async with session.get(url) as answer:
        answer.raise_for_status()
        document: dict[str, Any] = await answer.json(content_type=None)
        return document


def _revoked(jwks: dict[str, Any]) -> frozenset[str] | None:
    listed = jwks.get(MEMBER)
    return frozenset(one for one in listed if isinstance(one, str)) if isinstance(listed, list) else None


def _by_id(jwks: dict[str, Any]) -> dict[str, jwt.PyJWK]:
    return {key.key_id: key for key in jwt.PyJWKSet.from_dict(jwks).keys if key.key_id is not None}
