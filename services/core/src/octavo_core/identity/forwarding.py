"""The token under which the activator hands a job over that it accepted in a sleeping generator's stead.

It says under which id and for whom: `jti` is the job's id, which the caller already knows; `sub` and `roles` are the caller, whose
own token the activator has checked; `item` is the place of the job in the body of a batch; `cancelled` and `failure` tell how a job
ended before anyone could run it; `accepted_at` is since when its caller waits. HS256 with a key that only this generator and the
activator hold, valid for a minute.

A code path of its own, chosen by the issuer that the token names: `TokenVerifier` never takes HMAC, and this one takes nothing
else, so that no token of one kind can pass as the other, and a public key can never be tried as a shared secret.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import jwt

from octavo_core.errors import Unauthenticated
from octavo_core.identity.principal import Principal, Role

FORWARDING_ISSUER = "octavo-activator"
VALID_S = 60
MIN_KEY_CHARS = 32
_ALGORITHM = "HS256"
_LEEWAY_S = 30
_MAX_TOKEN_CHARS = 8_192
_MAX_FAILURE_CHARS = 500
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Forwarded:
    """A job that was accepted elsewhere: it keeps its id and its owner."""

    job: str
    principal: Principal
    item: int | None = None
    """Which request of a batch's body it is, from 0; None where the body is one request."""
    cancelled: bool = False
    """Its caller has cancelled it: it shall end so, also if it was handed over before."""
    failure: str | None = None
    """Why it was given up, in a sentence for its caller."""
    accepted_at: int | None = None
    """When its caller was told that it is accepted, in milliseconds since the epoch."""


def is_forwarded(authorization: str | None) -> bool:
    """Whether the header holds a token that says it is the activator's. Nothing is checked yet: whoever asks must either verify
    it or refuse it, never pass it over, or the job would run under a second id."""
    token = _bearer(authorization)
    if token is None:
        return False
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, TypeError):
        return False
    return claims.get("iss") == FORWARDING_ISSUER


def verify_forwarded(authorization: str | None, key: str) -> Forwarded:
    """Raises `Unauthenticated` for all that was not signed with this key within the last minute."""
    token = _bearer(authorization)
    if token is None:
        raise Unauthenticated("a bearer token is required")
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[_ALGORITHM],
            issuer=FORWARDING_ISSUER,
            leeway=_LEEWAY_S,
            options={"require": ["exp", "iat", "iss", "jti", "sub"], "verify_aud": False},
        )
    except jwt.ExpiredSignatureError:
        raise Unauthenticated("the forwarding token has expired") from None
    except (jwt.PyJWTError, ValueError, TypeError):
        raise Unauthenticated("the forwarding token is not valid") from None
    job, subject, roles, item = claims["jti"], claims["sub"], claims.get("roles", []), claims.get("item")
    if not isinstance(job, str) or not _ID.fullmatch(job):
        raise Unauthenticated("the forwarding token names no job")
    if not isinstance(subject, str) or not 1 <= len(subject) <= 128 or not isinstance(roles, list):
        raise Unauthenticated("the forwarding token names no subject")
    if int(claims["exp"]) - int(claims["iat"]) > VALID_S:
        raise Unauthenticated("the forwarding token is valid for too long")
    if item is not None and (type(item) is not int or item < 0):
        raise Unauthenticated("the forwarding token names no item of a batch")
    failure, accepted_at = claims.get("failure"), claims.get("accepted_at")
    return Forwarded(
        job,
        Principal(subject, _role(roles)),
        item=item,
        cancelled=claims.get("cancelled") is True,
        failure=None if failure is None else str(failure),
        accepted_at=accepted_at if type(accepted_at) is int and accepted_at > 0 else None,
    )


def forwarding_token(key: str, forwarded: Forwarded, *, now_s: int) -> str:
    """What the activator sends. `now_s` in seconds since the epoch."""
    principal = forwarded.principal
    claims: dict[str, object] = {
        "iss": FORWARDING_ISSUER,
        "jti": forwarded.job,
        "sub": principal.user,
        "roles": [principal.role],
        "iat": now_s,
        "exp": now_s + VALID_S,
    }
    if forwarded.item is not None:
        claims["item"] = forwarded.item
    if forwarded.cancelled:
        claims["cancelled"] = True
    if forwarded.failure is not None:
        claims["failure"] = forwarded.failure[:_MAX_FAILURE_CHARS]
    if forwarded.accepted_at is not None:
        claims["accepted_at"] = forwarded.accepted_at
    return jwt.encode(claims, key, algorithm=_ALGORITHM)


def _bearer(authorization: str | None) -> str | None:
    scheme, _, token = (authorization or "").partition(" ")
    return token if scheme.lower() == "bearer" and 0 < len(token) <= _MAX_TOKEN_CHARS else None


def _role(roles: list[object]) -> Role:
    return "admin" if "admin" in roles else "service" if "service" in roles else "user"
