"""Who calls, and from where: the dependencies of the routes.

A person's token is checked offline like everywhere, and then against the session and the account as they stand now: at auth a logout,
a suspension or a lost role holds at once, not after the ten minutes that a token still has elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import jwt
import structlog
from fastapi import Depends, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from structlog.contextvars import get_contextvars

from octavo_auth.api.services import AuthServices
from octavo_auth.domain.model import Origin, Session, User
from octavo_core.errors import Forbidden, Unauthenticated

log = structlog.get_logger(__name__)

_bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", description="An access token of /api/auth/login or /api/auth/service-token.")
_Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
_MAX_AGENT_CHARS = 200


@dataclass(frozen=True, slots=True)
class Caller:
    """A person with their session."""

    user: User
    session: Session


@dataclass(frozen=True, slots=True)
class Actor:
    """A service or an admin: what the audit log calls them."""

    name: str


def services_of(request: Request) -> AuthServices:
    found: AuthServices = request.app.state.auth
    return found


def origin_of(request: Request) -> Origin:
    agent = "".join(character for character in request.headers.get("user-agent", "") if character.isprintable())
    return Origin(
        address=request.client.host if request.client is not None else "unknown",
        agent=agent[:_MAX_AGENT_CHARS],
        correlation_id=str(get_contextvars().get("correlation_id", "")),
    )


async def person(request: Request, _credentials: _Credentials) -> Caller:
    """Raises `Unauthenticated`, also for a service: it has no account."""
    services, header = services_of(request), request.headers.get("authorization")
    try:
        principal = await services.verifier.verify(header)
        session = _session_id(header)
        if principal.role == "service" or session is None:
            raise Unauthenticated("this is for people; the token is not one of a session")
        found, user = await services.login.current(session, principal.user)
    except Unauthenticated as error:
        log.info("a token was refused", reason=error.message, route=request.url.path)
        raise
    return Caller(user, found)


async def admin(request: Request, caller: Annotated[Caller, Depends(person)]) -> Caller:
    if caller.user.role != "admin":
        await services_of(request).journal.refused("admin", origin_of(request), actor=caller.user.id, detail="no admin")
        raise Forbidden("this is for admins")
    return caller


async def service_or_admin(request: Request, _credentials: _Credentials) -> Actor:
    services, header = services_of(request), request.headers.get("authorization")
    try:
        principal = await services.verifier.verify(header)
    except Unauthenticated as error:
        log.info("a token was refused", reason=error.message, route=request.url.path)
        raise
    if principal.role == "service":
        return Actor(principal.user)
    caller = await admin(request, await person(request, _credentials))
    return Actor(caller.user.id)


async def service(request: Request, _credentials: _Credentials) -> Actor:
    """Raises `Forbidden` for people, admins too."""
    try:
        principal = await services_of(request).verifier.verify(request.headers.get("authorization"))
    except Unauthenticated as error:
        log.info("a token was refused", reason=error.message, route=request.url.path)
        raise
    if principal.role != "service":
        raise Forbidden("this is for services")
    return Actor(principal.user)


def no_store(response: Response) -> None:
    """What is answered here is for one caller, once (RFC 6749, section 5.1)."""
    response.headers["cache-control"] = "no-store"


def _session_id(header: str | None) -> str | None:
    """Of a token whose signature has been checked."""
    claims = jwt.decode((header or "").partition(" ")[2], options={"verify_signature": False})
    session = claims.get("sid")
    return session if isinstance(session, str) and len(session) == 36 else None


Services = Annotated[AuthServices, Depends(services_of)]
From = Annotated[Origin, Depends(origin_of)]
Person = Annotated[Caller, Depends(person)]
Admin = Annotated[Caller, Depends(admin)]
Service = Annotated[Actor, Depends(service)]
ServiceOrAdmin = Annotated[Actor, Depends(service_or_admin)]
