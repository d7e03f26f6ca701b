"""What is handed out: access tokens (EdDSA JWTs that everybody can check offline), refresh tokens and codes (random, kept as digests)."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping

import jwt

from octavo_auth.domain.keyring import KeyRing
from octavo_auth.domain.model import Purpose, Session, User
from octavo_core.clock import Clock
from octavo_core.ids import generate_uuid

SERVICE_TOKEN_S = 300
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without those that are mistaken for another."""
_LONG_CODE_CHARS = 10
REFRESH_CHARS = 43


class TokenIssuer:
    def __init__(self, keys: KeyRing, clock: Clock, *, issuer: str, audience: str, access_s: int) -> None:
        self._keys = keys
        self._clock = clock
        self._issuer = issuer
        self._audience = audience
        self.access_s = access_s

    async def access_token(self, user: User, session: Session) -> str:
        return await self._signed({"sub": user.id, "role": user.role, "sid": session.id}, self.access_s)

    async def service_token(self, service: str) -> str:
        """For `service` itself, 5 minutes long: `sub` is `service:NAME`."""
        return await self._signed({"sub": f"service:{service}", "role": "service"}, SERVICE_TOKEN_S)

    async def acting_token(self, user: User, service: str) -> str:
        """With which `service` does what `user` asked for while they are away, 5 minutes long: a user's rights whatever the role, and
        `act` names the service (RFC 8693)."""
        return await self._signed({"sub": user.id, "role": "user", "act": {"sub": f"service:{service}"}}, SERVICE_TOKEN_S)

    async def _signed(self, claims: Mapping[str, object], valid_s: int) -> str:
        key, now = await self._keys.signing_key(), self._clock.now_ms() // 1000
        body = {"iss": self._issuer, "aud": self._audience, "iat": now, "exp": now + valid_s, "jti": generate_uuid(), **claims}
        return jwt.encode(body, key.private, algorithm="EdDSA", headers={"kid": key.id, "typ": "at+jwt"})


def new_refresh_token() -> str:
    return secrets.token_urlsafe(32)


def refresh_digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def new_code(purpose: Purpose) -> str:
    """Six digits, where the account is not at stake and five tries are all; ten letters and digits (50 bits) where it is; 32 bytes
    where no person types it."""
    if purpose == "recover":
        return "".join(secrets.choice(_LETTERS) for _ in range(_LONG_CODE_CHARS))
    if purpose == "ticket":
        return secrets.token_urlsafe(32)
    return f"{secrets.randbelow(1_000_000):06d}"


def code_digest(key: bytes, code_id: str, code: str) -> str:
    """`code` as somebody typed it: spaces, dashes and cases do not matter where they cannot differ."""
    return hmac.digest(key, f"{code_id}\n{code}".encode(), "sha256").hex()


def as_typed(purpose: Purpose, code: str) -> str:
    """What a person may put in or leave out."""
    return code if purpose == "ticket" else "".join(code.split()).replace("-", "").upper()
