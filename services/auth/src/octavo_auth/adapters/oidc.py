"""OpenID Connect Core 1.0, the authorization code flow with PKCE (RFC 7636), against any issuer that has a discovery document.

What must be remembered between going and coming back (state, nonce, verifier) travels in an encrypted cookie of the browser that went, so
that nobody can be logged in by a link that somebody else began (RFC 9700, section 4.7).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Any
from urllib.parse import urlencode

import jwt
import orjson
import structlog

from octavo_auth.domain.issuers import Departure, Person
from octavo_auth.settings import OidcProvider
from octavo_core.errors import ProviderRefused, ProviderUnavailable, Unauthenticated, Unavailable
from octavo_core.identity import DiscoveredKeys

log = structlog.get_logger(__name__)

TIMEOUT_S = 10.0
_MAX_BYTES = 262_144
_ALGORITHMS = ("RS256", "ES256", "EdDSA", "PS256")
_LEEWAY_S = 60


class OidcClient:
    """For one provider. Any number of calls at once."""

    def __init__(self, provider: OidcProvider, redirect_uri: str) -> None:
        self.provider = provider
        self._redirect_uri = redirect_uri
        self._keys = DiscoveredKeys(provider.issuer, timeout_s=TIMEOUT_S)

    @property
    def trusts_email(self) -> bool:
        return self.provider.trust_email

    async def depart(self) -> Departure:
        """Raises `ProviderUnavailable`."""
        document = await self._document()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": self.provider.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": self.provider.scopes,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        endpoint = self._endpoint(document, "authorization_endpoint")
        return Departure(f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}", state, nonce, verifier)

    async def arrive(self, code: str, *, nonce: str, verifier: str) -> Person:
        """Exchanges the code and checks what comes back (Core 1.0, section 3.1.3.7). Raises `Unauthenticated`, `ProviderUnavailable`."""
        document = await self._document()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "client_id": self.provider.client_id,
            "code_verifier": verifier,
        }
        if self.provider.client_secret is not None:
            form["client_secret"] = self.provider.client_secret.get_secret_value()
        status, answer = await self._call("POST", self._endpoint(document, "token_endpoint"), form)
        if status >= 500:
            raise self._unavailable(f"HTTP {status}")
        token = answer.get("id_token")
        if status != 200 or not isinstance(token, str):
            log.warning("an issuer did not exchange a code", provider=self.provider.name, status=status)
            raise Unauthenticated("the issuer did not confirm the login")
        return await self._person(token, nonce)

    async def _person(self, token: str, nonce: str) -> Person:
        try:
            header = jwt.get_unverified_header(token)
            key = await self._keys.find(str(header.get("kid", "")))
            if key is None or header.get("alg") not in _ALGORITHMS:
                raise Unauthenticated("the issuer's token is signed with a key that it does not publish")
            claims = jwt.decode(
                token,
                key,
                algorithms=[header["alg"]],
                audience=self.provider.client_id,
                issuer=self.provider.issuer,
                leeway=_LEEWAY_S,
                options={"require": ["exp", "iat", "iss", "aud", "sub"]},
            )
        except Unavailable as error:
            raise self._unavailable(error.message) from None
        except (jwt.PyJWTError, ValueError, TypeError):
            raise Unauthenticated("the issuer's token is not valid") from None
        subject, said = claims["sub"], claims.get("nonce")
        if not isinstance(said, str) or not secrets.compare_digest(said.encode(), nonce.encode()):
            raise Unauthenticated("the issuer's token belongs to another login")
        if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and claims.get("azp") != self.provider.client_id:
            raise Unauthenticated("the issuer's token is for somebody else")
        if not isinstance(subject, str) or not 1 <= len(subject) <= 255:
            raise Unauthenticated("the issuer's token names nobody")
        name = next((value for key in ("name", "preferred_username") if isinstance(value := claims.get(key), str) and value), None)
        email = claims.get("email")
        verified = claims.get("email_verified") is True and isinstance(email, str)
        return Person(self.provider.issuer, subject, name, str(email) if verified else None)

    async def _document(self) -> dict[str, Any]:
        # Asked anew each time: a login is rare, and an issuer may move.
        status, document = await self._call("GET", f"{self.provider.issuer.rstrip('/')}/.well-known/openid-configuration", None)
        if status != 200:
            raise self._unavailable(f"its discovery document: HTTP {status}")
        if document.get("issuer") != self.provider.issuer:
            raise ProviderRefused("its discovery document names another issuer", provider=self.provider.name)
        return document

    def _endpoint(self, document: dict[str, Any], name: str) -> str:
        found = document.get(name)
        allowed = ("https://",) if self.provider.issuer.startswith("https://") else ("https://", "http://")
        if not isinstance(found, str) or not found.startswith(allowed):
            raise ProviderRefused(f"its discovery document has no {name} that can be used", provider=self.provider.name)
        return found

    async def _call(self, method: str, url: str, form: dict[str, str] | None) -> tuple[int, dict[str, Any]]:
        # Here and not above: a laptop has no issuer, and should not pay 15 MB for it.
        import aiohttp

        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as session,
                session.request(method, url, data=form, headers={"accept": "application/json"}, allow_redirects=False) as answer,
            ):
                status = answer.status
                # Not `answer.json`, which would read on without a bound.
                raw = bytearray()
                async for chunk in answer.content.iter_chunked(65_536):
                    raw += chunk
                    if len(raw) > _MAX_BYTES:
                        raise self._unavailable("an answer without end")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._unavailable(type(error).__name__) from None
        return status, _parsed(bytes(raw))

    def _unavailable(self, reason: str) -> ProviderUnavailable:
        return ProviderUnavailable(f"the issuer {self.provider.name} does not answer ({reason})", provider=self.provider.name)


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
