"""Checks access tokens offline (RFC 9068 in spirit): asymmetric signature, issuer, audience, expiry, subject.

Only asymmetric algorithms are accepted, and only the one that the key itself is for; `none` and HMAC cannot be asked for by a
token's header.
"""

from __future__ import annotations

import jwt

from octavo_core.errors import Unauthenticated
from octavo_core.identity.keys import KeySource
from octavo_core.identity.principal import Principal, Role
from octavo_core.visits import announce

_ALGORITHMS = ("EdDSA", "ES256", "RS256")
_LEEWAY_S = 30
_MAX_TOKEN_CHARS = 16_384


class TokenVerifier:
    """`audience` None leaves `aud` unchecked."""

    def __init__(self, keys: KeySource, *, issuer: str, audience: str | None) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience

    def is_of_issuer(self, authorization: str | None) -> bool:
        """Whether it holds a token that says it is of this issuer. Nothing of that is checked yet."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or token.count(".") != 2 or len(token) > _MAX_TOKEN_CHARS:
            return False
        try:
            return bool(jwt.decode(token, options={"verify_signature": False}).get("iss") == self._issuer)
        except (jwt.PyJWTError, ValueError, TypeError):
            return False

    async def verify(self, authorization: str | None) -> Principal:
        """The principal of an `Authorization: Bearer …` header. Raises `Unauthenticated`, without saying more than a caller needs, and
        `Throttled` where this process lets the user ask no more for now."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("a bearer token is required")
        if len(token) > _MAX_TOKEN_CHARS:
            raise Unauthenticated("the token is too long")
        try:
            header = jwt.get_unverified_header(token)
            key = await self._keys.find(str(header.get("kid", "")))
            if key is None or header.get("alg") not in _ALGORITHMS:
                raise Unauthenticated("the token is signed with a key that is not known here")
            claims = jwt.decode(
                token,
                key,
                algorithms=[header["alg"]],
                audience=self._audience,
                issuer=self._issuer,
                leeway=_LEEWAY_S,
                options={"require": ["exp", "iss", "sub"], "verify_aud": self._audience is not None},
            )
        except jwt.ExpiredSignatureError:
            raise Unauthenticated("the token has expired") from None
        except (jwt.PyJWTError, ValueError, TypeError):
            raise Unauthenticated("the token is not valid") from None
        subject = claims["sub"]
        if not isinstance(subject, str) or not 1 <= len(subject) <= 128:
            raise Unauthenticated("the token names no subject")
        if await self._keys.is_revoked(subject):
            raise Unauthenticated("the account is suspended, or is no more")
        principal = Principal(subject, _role(claims.get("role"), claims.get("roles")))
        announce(principal)
        return principal


def _role(claim: object, claims: object) -> Role:
    """`role` as Octavo's own tokens have it; `roles`, a list, as Entra ID and Keycloak write theirs."""
    said = [claim, *(claims if isinstance(claims, list) else ())]
    named = {str(role).lower() for role in said if isinstance(role, str)}
    return "admin" if "admin" in named else "service" if "service" in named else "user"
